import { createHash } from "node:crypto";
import { append, newChain, verifyChain } from "../../pkg/audit/chain.ts";
import { RecordEncoder } from "../../pkg/audit/record.ts";
import { unknownContext } from "../../pkg/audit/record-context.ts";
import { decision, digest, place } from "./fixtures.ts";

const encoder = new RecordEncoder({ place, productVersion: "0.1.0", digest });

function chainOf(count: number): Buffer[] {
  let state = newChain("a".repeat(32));
  return Array.from({ length: count }, (_, statement) => {
    const appended = append(
      state,
      (at, out) => encoder.decision(decision(statement), unknownContext("5e55"), at, out),
      1_800_000_000_000,
    );
    state = appended.state;
    return appended.bytes;
  });
}

test("a whole chain has no fault, and its hash is plain SHA-256 of the bytes", () => {
  const chain = chainOf(5);
  expect(verifyChain(chain)).toBeNull();
  expect(JSON.parse(chain[4]!.toString()).unmapped.weir.chain.previous).toBe(
    createHash("sha256").update(chain[3]!).digest("hex"),
  );
});

test.each([
  [
    "a changed byte",
    (chain: Buffer[]) => [
      ...chain.slice(0, 2),
      Buffer.from(chain[2]!.toString().replace("customers", "custamers")),
      ...chain.slice(3),
    ],
    { index: 3, why: "wrong previous hash" },
  ],
  ["a missing record", (chain: Buffer[]) => chain.toSpliced(2, 1), { index: 2, why: "wrong number" }],
  ["two swapped", (chain: Buffer[]) => [chain[0]!, chain[2]!, chain[1]!, chain[3]!], { index: 1, why: "wrong number" }],
  ["a missing beginning", (chain: Buffer[]) => chain.slice(1), { index: 0, why: "wrong number" }],
  [
    "another chain",
    (chain: Buffer[]) => [chain[0]!, Buffer.from(chain[1]!.toString().replaceAll("a".repeat(32), "b".repeat(32)))],
    { index: 1, why: "wrong chain" },
  ],
  ["no record at all", (chain: Buffer[]) => [chain[0]!, Buffer.from("{}")], { index: 1, why: "not a record" }],
])("%s is found where it is", (_, tamper, fault) => {
  expect(verifyChain(tamper(chainOf(5)))).toEqual(fault);
});
