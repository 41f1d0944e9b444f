import type { SegmentRow } from "../../pkg/collector/index-rows.ts";
import type { KeptLedger } from "../../pkg/collector/kept-ledger.ts";
import { Retention } from "../../pkg/collector/retention.ts";
import { silentLogger } from "../../pkg/runtime/logger.ts";

const place = {
  cluster: "eu-1",
  environment: "production",
  first: 0,
  last: 0,
  last_hash: "",
  root: "",
  from: 0,
  to: 0,
};

test("what is held, however much it is, keeps nothing else from going", async () => {
  const rows = Array.from({ length: 25_000 }, (_, entry) => ({
    ...{ ...place, entry, chain: String(entry), deleted: 0, deleted_by: null },
    namespace: entry < 24_000 ? "held" : "shop",
  })) as readonly SegmentRow[];
  const index = {
    holds: () => [{ name: "case", selection: JSON.stringify({ namespace: "held" }), by: "counsel", time: 0 }],
    olderThan: (_: number, after: number, most: number) => rows.filter(({ entry }) => entry > after).slice(0, most),
    doomed: () => [],
  };
  const recorded: unknown[] = [];
  const ledger = {
    index,
    log: { checkpointHead: { size: 0 } },
    store: { arrivedMs: async () => 0 },
    record: async (entries: unknown[]) => recorded.push(entries),
  };
  const retention = new Retention({
    ledger: { current: () => ledger } as unknown as KeptLedger,
    keepMs: 1000,
    checkpoint: async () => {},
    exportedUpTo: () => Number.POSITIVE_INFINITY,
    logger: silentLogger,
    nowMs: () => 1_800_000_000_000,
  });
  expect((await retention.turn()) + (await retention.turn())).toBe(1000);
  expect(recorded).toHaveLength(4);
});
