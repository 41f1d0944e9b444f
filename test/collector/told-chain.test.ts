// Whoever acts for somebody is told with that one, and found by either name.
import { TailMatcher } from "../../pkg/collector/tail-filter.ts";
import { toldOf, whoOf } from "../../pkg/collector/told.ts";
import type { SegmentHeader } from "../../pkg/ledger/segment.ts";

const record = {
  time: 1_790_000_000_000,
  metadata: { sequence: 7 },
  actor: { user: { name: "robo" } },
  unmapped: {
    weir: {
      kind: "decision",
      who: { acting_for: [{ user: { name: "planner" } }, { user: { name: "ana@shop.example" } }] },
    },
  },
};
const header = { cluster: "eu-1", namespace: "shop", environment: "test" } as SegmentHeader;

test("the chain of a principal is told, and each of its names finds the record", () => {
  const told = toldOf(Buffer.from(JSON.stringify(record)), header)!;
  expect(whoOf(told)).toBe("robo for planner for ana@shop.example");
  const finds = (pattern: string) => new TailMatcher(new Map([["principal", [pattern]]])).matches(told);
  expect(["robo", "planner", "ana@*", "bob"].map(finds)).toEqual([true, true, true, false]);
});

test("a record whose chain is no list of names is told without it", () => {
  for (const acting_for of ["ana", [1, { user: {} }], { user: "ana" }]) {
    const odd = { ...record, unmapped: { weir: { kind: "decision", who: { acting_for } } } };
    expect(whoOf(toldOf(Buffer.from(JSON.stringify(odd)), header)!)).toBe("robo");
  }
});
