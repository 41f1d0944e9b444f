// One record, proven without any other.
import fc from "fast-check";
import { newSigner } from "../../pkg/ledger/note.ts";
import { proveRecord } from "../../pkg/ledger/record-proof.ts";
import { verifyRecordProof } from "../../pkg/ledger/verify-record-proof.ts";
import { first, logSigner, sample, signedByLog } from "./evidence-fixture.ts";

const trust = { logKey: logSigner.vkey };
let document: string;

beforeAll(async () => {
  const { ledger } = await sample();
  const { segments, entries } = ledger.chain(first);
  const checkpoint = await ledger.log.checkpoint(signedByLog);
  document = await proveRecord({
    number: 7,
    segment: segments[1]!,
    key: entries[0]!,
    log: ledger.log,
    checkpoint,
    logKey: logSigner.vkey,
  });
});

function verdictOf(text: string, key = trust) {
  return verifyRecordProof("record.json", Buffer.from(text), key).verdict;
}

test("a record's proof holds, and says which record it is", () => {
  const report = verifyRecordProof("record.json", Buffer.from(document), trust);
  expect(report).toMatchObject({
    what: "record",
    verdict: "intact",
    records: 1,
    chains: [{ chain: first, first: 7, last: 7, namespace: "shop" }],
  });
});

test.each([
  [
    "another record",
    "altered",
    (text: string) => text.replace('\\"message\\":\\"record\\"', '\\"message\\":\\"forged\\"'),
  ],
  ["another number of it", "altered", (text: string) => text.replace('\\"sequence\\":7', '\\"sequence\\":6')],
  ["another spelling", "altered", (text: string) => text.replace(",", ", ")],
  ["another header", "wrongly-signed", (text: string) => text.replace(/"to":\d+/, '"to":5')],
  ["another registration", "unverifiable-key", (text: string) => text.replace("orders-1", "orders-2")],
  [
    "another place in the log",
    "proof-wrong",
    (text: string) => text.replace(/"log":\{"index":\d+/, '"log":{"index":7'),
  ],
  ["another size of the log", "wrongly-signed", (text: string) => text.replace("\\n9\\n", "\\n8\\n")],
] as const)("%s: %s", (_, verdict, tamper) => {
  const tampered = tamper(document);
  expect(tampered).not.toBe(document);
  expect(verdictOf(tampered)).not.toBe("intact");
  expect(verifyRecordProof("record.json", Buffer.from(tampered), trust).counts[verdict]).toBeGreaterThan(0);
});

test("another log's key is refused", () => {
  expect(
    verdictOf(document, { logKey: newSigner("ledger.example.com/weir", "ed25519", Buffer.alloc(32, 5)).vkey }),
  ).toBe("unverifiable-key");
});

test("no byte of it can change unseen", () => {
  fc.assert(
    fc.property(fc.nat(document.length - 1), fc.nat(7), (at, bit) => {
      const bytes = Buffer.from(document);
      bytes[at]! ^= 1 << bit;
      expect(verifyRecordProof("x", bytes, trust).verdict).not.toBe("intact");
    }),
    { numRuns: 400 },
  );
});

test("a record that the segment does not hold is not proven", async () => {
  const { ledger, checkpoint } = await sample();
  const { segments, entries } = ledger.chain(first);
  const wanted = { segment: segments[1]!, key: entries[0]!, log: ledger.log, checkpoint, logKey: logSigner.vkey };
  await expect(proveRecord({ ...wanted, number: 3 })).rejects.toThrow("record 3: the segment holds 5 to 8");
  await expect(
    proveRecord({ ...wanted, number: 5, segment: { ...segments[1]!, file: Buffer.from("x") } }),
  ).rejects.toThrow("cannot be read");
});
