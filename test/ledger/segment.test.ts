// A sealed segment is what its header says or is refused, whichever byte was changed.
import fc from "fast-check";
import { canonicalJson } from "../../pkg/audit/canonical-json.ts";
import { GENESIS } from "../../pkg/audit/chain.ts";
import { keyIdOf } from "../../pkg/ledger/ed25519.ts";
import { isIncluded, leafHash } from "../../pkg/ledger/merkle.ts";
import { inclusionProof, nodesInMemory } from "../../pkg/ledger/proofs.ts";
import {
  openSegment,
  parseHeader,
  parseSegmentFileName,
  sealSegment,
  segmentFile,
  segmentFileName,
  verifySegment,
} from "../../pkg/ledger/segment.ts";
import { chainKey, chainName, TestChain } from "./records.ts";

const key = chainKey(1);

function two() {
  const chain = new TestChain(chainName(7));
  return [chain.segment(5, key), chain.segment(4, key)] as const;
}

test("a header names what it seals", () => {
  const [first, second] = two();
  expect(first.sealed.header).toMatchObject({
    chain: chainName(7),
    count: 5,
    first: 0,
    last: 4,
    prev: GENESIS,
    format: "weir.dev/segment/v1",
    key: keyIdOf(key.publicKey),
  });
  expect(second.sealed.header).toMatchObject({ count: 4, first: 5, last: 8, prev: first.sealed.header.lastHash });
  expect(parseHeader(second.sealed.headerText)).toEqual(second.sealed.header);
  for (const { sealed, records } of [first, second])
    expect(verifySegment(sealed.header, sealed.signature, records, key.publicKey)).toBeNull();
});

test("a segment's file gives it back", () => {
  const [, { sealed, records }] = two();
  const file = segmentFile(sealed.headerText, sealed.signature, records);
  expect(openSegment(file)).toEqual({
    header: sealed.header,
    headerText: sealed.headerText,
    signature: sealed.signature,
    records,
  });
  expect(file.toString().split("\n")[1]).toMatch(/^\{"sha256":"[0-9a-f]{64}","record":\{.*\}\}$/);
  expect(openSegment(file.subarray(0, -1))).toBeNull();
  expect(openSegment(Buffer.alloc(0))).toBeNull();
});

test("no byte of a segment's file can change unseen", async () => {
  const [, { sealed, records }] = two();
  const file = segmentFile(sealed.headerText, sealed.signature, records);
  fc.assert(
    fc.property(fc.nat(file.length - 1), fc.integer({ min: 1, max: 255 }), (at, bits) => {
      const tampered = Buffer.from(file);
      tampered[at]! ^= bits;
      const opened = openSegment(tampered);
      expect(
        opened === null || verifySegment(opened.header, opened.signature, opened.records, key.publicKey) !== null,
      ).toBe(true);
    }),
    { numRuns: 400 },
  );
});

test.each([
  ["a record less at the end", (records: Buffer[]) => records.slice(0, -1), "count"],
  ["a record less at the beginning", (records: Buffer[]) => records.slice(1), "wrong number"],
  ["two swapped", (records: Buffer[]) => [records[1]!, records[0]!, ...records.slice(2)], "wrong number"],
  ["one twice", (records: Buffer[]) => [...records, records[3]!], "wrong number"],
  ["the records of another chain", () => new TestChain(chainName(8)).next(4), "wrong chain"],
  [
    "a last record of another content",
    (records: Buffer[]) => [
      ...records.slice(0, 3),
      Buffer.from(records[3]!.toString().replace('"record"', '"forged"')),
    ],
    "last hash",
  ],
  [
    "a middle record of another content",
    (records: Buffer[]) => [
      records[0]!,
      Buffer.from(records[1]!.toString().replace('"record"', '"forged"')),
      ...records.slice(2),
    ],
    "wrong previous hash",
  ],
  ["bytes that are no record", (records: Buffer[]) => [Buffer.from("x"), ...records.slice(1)], "not a record"],
] as const)("%s", (_, tamper, why) => {
  const [, { sealed, records }] = two();
  expect(verifySegment(sealed.header, sealed.signature, tamper(records), key.publicKey)).toMatchObject({ why });
});

test("another key has not signed it, not even under the same name", () => {
  const [, { sealed, records }] = two();
  expect(verifySegment(sealed.header, sealed.signature, records, chainKey(2).publicKey)).toMatchObject({
    why: "signature",
  });
  const renamed = { ...sealed.header, key: keyIdOf(chainKey(2).publicKey) };
  expect(verifySegment(renamed, sealed.signature, records, chainKey(2).publicKey)).toMatchObject({ why: "signature" });
});

test("one record is proven to be in its segment without the others", async () => {
  const [, { sealed, records }] = two();
  const proof = await inclusionProof(2, 4, nodesInMemory(records));
  expect(isIncluded(leafHash(records[2]!), 2, 4, proof, Buffer.from(sealed.header.root, "hex"))).toBe(true);
});

test.each([
  ["a member more", { more: 1 }],
  ["a member less", { to: undefined }],
  ["a count that does not fit", { count: 3 }],
  ["a beginning that names a predecessor", { first: 0, last: 3 }],
  ["no beginning and no predecessor", { prev: GENESIS }],
  ["a chain that is no name", { chain: "../../etc" }],
  ["another format", { format: "weir.dev/segment/v2" }],
  ["a negative number", { first: -1, last: 2 }],
])("no header: %s", (_, change) => {
  const [, { sealed }] = two();
  expect(parseHeader(canonicalJson({ ...sealed.header, ...change }))).toBeNull();
});

test("no header: the same content spelled otherwise", () => {
  const [, { sealed }] = two();
  expect(parseHeader(sealed.headerText.replace(",", ", "))).toBeNull();
  expect(parseHeader(sealed.headerText.replace('"count":4', '"count":4.0'))).toBeNull();
});

test("the names of files sort as the records do", () => {
  const name = segmentFileName({ first: 5, last: 8 });
  expect(name).toBe("00000000000000000005-00000000000000000008.segment");
  expect(parseSegmentFileName(name)).toEqual({ first: 5, last: 8 });
  for (const wrong of [
    "5-8.segment",
    name.replace(".segment", ".segment.new"),
    "00000000000000000008-00000000000000000005.segment",
  ])
    expect(parseSegmentFileName(wrong)).toBeNull();
});

test("any records, of any size, are sealed and verify", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), fc.string({ maxLength: 300 }), (count, text) => {
      const { sealed, records } = new TestChain(chainName(1)).segment(count, key, text);
      const opened = openSegment(segmentFile(sealed.headerText, sealed.signature, records))!;
      expect(verifySegment(opened.header, opened.signature, opened.records, key.publicKey)).toBeNull();
    }),
    { numRuns: 50 },
  );
});

test("records that are not this chain's are sealed as they are and do not verify: who seals does not judge", () => {
  const records = new TestChain(chainName(1)).next(2);
  const meta = {
    chain: chainName(2),
    cluster: "c",
    environment: "e",
    namespace: "n",
    first: 0,
    prev: GENESIS,
    from: 0,
    to: 0,
  };
  const sealed = sealSegment(records, meta, key);
  expect(verifySegment(sealed.header, sealed.signature, records, key.publicKey)).toEqual({
    why: "wrong chain",
    number: 0,
  });
});
