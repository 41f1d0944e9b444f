// Kill -9 of a sidecar's side, of the collector, and of both: `make kills` does it a thousand times.
import { removeFolders } from "../audit/fixtures.ts";
import { cleanUp } from "../collector/fixtures.ts";
import { killRun } from "./kill-run.ts";

afterEach(async () => {
  await cleanUp();
  removeFolders();
});

test.each([1, 2])(
  "seed %d: what a sidecar was told is written is in the collector's ledger, once, whoever is killed when",
  async (seed) => {
    const { kills, records, faults } = await killRun(seed, 8);
    expect(faults).toEqual([]);
    expect(kills).toBeGreaterThanOrEqual(8);
    expect(records).toBeGreaterThan(0);
  },
  300_000,
);
