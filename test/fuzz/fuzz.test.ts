// Hostile clients and a hostile server around a real sidecar process for some seconds; `make fuzz` does it for as long as it is told.
import { fuzzRun } from "./fuzz-run.ts";

test("nothing that they send crashes or stalls it, changes an honest client's answers or is left behind", async () => {
  const run = await fuzzRun({
    seed: 11,
    ms: 8_000,
    lanes: 4,
    rests: 1,
    drivers: "node-postgres",
    from: 0,
    say: () => {},
  });
  expect(run.faults).toEqual([]);
  expect(Object.keys(run.plays).sort()).toEqual(expect.arrayContaining(["capture", "frames", "server", "start"]));
  expect(run.splits).toBeGreaterThan(0);
  expect(run.controlAnswers).toBeGreaterThan(5);
}, 600_000);
