import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LedgerIndex } from "../../pkg/collector/ledger-index.ts";
import { entryBytes, type LogEntry } from "../../pkg/ledger/entries.ts";

const chain = "0123456789abcdef0123456789abcdef";
const hash = "ab".repeat(32);
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "weir-index-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("however many forks a sidecar makes, evidence of its chain still has the gaps and the end", () => {
  const index = LedgerIndex.open(join(folder, "index.db"), "ledger.example.com/test");
  const forks = Array.from(
    { length: 50 },
    (_, number): LogEntry => ({ type: "fork", chain, number, hash, other: hash, time: 5 }),
  );
  const gap: LogEntry = { type: "gap", chain, from: 3, to: 9, reason: "told", time: 5 };
  const end: LogEntry = { type: "closed", chain, last: 9, lastHash: hash, time: 5 };
  index.apply(0, [gap, end, ...forks].map(entryBytes));
  const found = index.eventsOf(chain, 10).map(({ type }) => type);
  expect(found.slice(0, 2).sort()).toEqual(["closed", "gap"]);
  index.close();
});
