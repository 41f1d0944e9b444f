// The entries of the log: one value, one spelling; what is not one is told from what a later version writes.
import { canonicalJson } from "../../pkg/audit/canonical-json.ts";
import { entryBytes, isKeyProven, type LogEntry, parseEntry, proveKey } from "../../pkg/ledger/entries.ts";
import { chainKey, chainName, TestChain } from "./records.ts";

const key = chainKey(1);
const chain = chainName(3);
const hash = "ab".repeat(32);
const publicKey = key.publicKey.toString("base64");
const registration = {
  chain,
  publicKey,
  proof: proveKey(chain, key.publicKey, key.sign),
  cluster: "eu-1",
  namespace: "shop",
  environment: "production",
  instance: "orders-0",
  workload: "orders",
};
const { sealed } = new TestChain(chain).segment(2, key);

const entries: LogEntry[] = [
  { type: "segment", header: sealed.header, signature: sealed.signature },
  { type: "chain-key", ...registration, identity: { serviceAccount: "shop/orders", pod: "orders-0" }, time: 5 },
  { type: "gap", chain, from: 3, to: 9, reason: "spool lost", time: 5 },
  { type: "fork", chain, number: 3, hash, other: hash, time: 5 },
  { type: "closed", chain, last: 9, lastHash: hash, time: 5 },
  { type: "unclosed", chain, last: 9, lastHash: hash, time: 5 },
  { type: "retention", segments: [{ chain, first: 0, last: 9, root: hash }], time: 5 },
  {
    type: "legal-hold",
    name: "case 7",
    state: "placed",
    selection: { cluster: "eu-1" },
    by: "ana@example.com",
    time: 5,
  },
];

test.each(entries.map((entry) => [entry.type, entry] as const))("%s: what is read is what was written", (_, entry) => {
  expect(parseEntry(entryBytes(entry))).toEqual(entry);
});

test("an entry of a later version is kept and named", () => {
  expect(parseEntry(Buffer.from('{"new":1,"type":"rotation"}'))).toEqual({ type: "unknown", named: "rotation" });
});

test.each([
  ["not JSON", "x"],
  ["no type", "{}"],
  ["spaces", '{"type": "rotation"}'],
  ["members in another order", '{"type":"rotation","new":1}'],
  ["a gap that ends before it begins", canonicalJson({ ...entries[2], from: 10 })],
  ["a fork without its hash", canonicalJson({ ...entries[3], other: "x" })],
  ["a key of 31 bytes", canonicalJson({ ...entries[1], publicKey: Buffer.alloc(31).toString("base64") })],
])("no entry: %s", (_, text) => {
  expect(parseEntry(Buffer.from(text))).toBeNull();
});

test("a registration is proven by the key that it registers, for this chain only", () => {
  expect(isKeyProven(registration)).toBe(true);
  expect(isKeyProven({ ...registration, chain: chainName(4) })).toBe(false);
  expect(isKeyProven({ ...registration, publicKey: chainKey(2).publicKey.toString("base64") })).toBe(false);
  expect(isKeyProven({ ...registration, proof: "x" })).toBe(false);
});

test("an entry that no bundle can hold is refused", () => {
  const segments = Array.from({ length: 600 }, (_, first) => ({ chain, first, last: first, root: hash }));
  expect(() => entryBytes({ type: "retention", segments, time: 5 })).toThrow("split it");
});
