// Notes and keys as Go's note package and the C2SP specifications have them.
import { checkpointText, parseCheckpoint, signCheckpoint } from "../../pkg/ledger/checkpoint.ts";
import { EMPTY_ROOT } from "../../pkg/ledger/merkle.ts";
import {
  checkNote,
  newSigner,
  newVerifier,
  parseNote,
  parseSkey,
  parseVkey,
  signNote,
  skeyOf,
  withSignatures,
} from "../../pkg/ledger/note.ts";

/** The example of golang.org/x/mod/sumdb/note. */
const peter = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const example = `If you think cryptography is the answer to your problem,
then you don't know what your problem is.

— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
`;
const peterSecret = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";

const seed = Buffer.alloc(32, 9);
const log = newSigner("ledger.example.com/weir", "ed25519", seed);
const witness = newSigner("witness.example.org", "cosignature", Buffer.alloc(32, 10));

test("the note of Go's own example verifies, and is signed again to the same bytes", () => {
  expect(checkNote(parseNote(example), parseVkey(peter))).toEqual({ signed: true, timeSeconds: null });
  expect(parseVkey(peter).vkey).toBe(peter);
  const signer = parseSkey(peterSecret);
  expect(signer.vkey).toBe(peter);
  expect(signNote(example.slice(0, example.lastIndexOf("\n\n") + 1), [signer], 0)).toBe(example);
});

test("a key written down is the same key", () => {
  for (const kind of ["ed25519", "cosignature"] as const) {
    const signer = newSigner("a.example", kind, seed);
    expect(parseSkey(skeyOf("a.example", kind, seed))).toMatchObject({ vkey: signer.vkey, kind });
    expect(parseVkey(signer.vkey)).toEqual(newVerifier("a.example", kind, signer.publicKey));
  }
});

test.each([
  ["nothing", ""],
  ["another name", peter.replace("Peter", "Petra")],
  ["another key", peter.replace("ARpc", "ARpd")],
  ["another algorithm", peter.replace("+ARpc", "+AxpC")],
  ["a key cut short", peter.slice(0, -4)],
  ["base64 with something left over", `${peter}=`],
])("no key: %s", (_, text) => {
  expect(() => parseVkey(text)).toThrow(/log key/);
});

test("a checkpoint goes through its text and back", () => {
  const checkpoint = { origin: log.name, size: 42, root: EMPTY_ROOT };
  const note = signCheckpoint(checkpoint, [log]);
  expect(note).toMatch(
    /^ledger\.example\.com\/weir\n42\n47DEQpj8HBSa\+\/TImW\+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n\u2014 ledger/,
  );
  const parsed = parseCheckpoint(note);
  expect(parsed.checkpoint).toEqual(checkpoint);
  expect(checkNote(parsed.note, log)).toEqual({ signed: true, timeSeconds: null });
});

test("a witness adds its time, and its signature is over both", () => {
  const note = signCheckpoint({ origin: log.name, size: 1, root: EMPTY_ROOT }, [log]);
  const { text } = parseNote(note);
  const line = signNote(text, [witness], 1_700_000_000).slice(text.length + 1);
  const both = parseNote(withSignatures(note, line));
  expect(checkNote(both, witness)).toEqual({ signed: true, timeSeconds: 1_700_000_000 });
  expect(checkNote(both, log)).toEqual({ signed: true, timeSeconds: null });
  const own = both.signatures.find(({ name }) => name === witness.name)!;
  own.signature[7]! ^= 1;
  expect(checkNote(both, witness)).toEqual({ signed: false, why: "wrong" });
});

test("the signature of another key, of another text, and no signature are told apart", () => {
  const checkpoint = { origin: log.name, size: 1, root: EMPTY_ROOT };
  const note = signCheckpoint(checkpoint, [log]);
  const stranger = newSigner(log.name, "ed25519", Buffer.alloc(32, 11));
  expect(checkNote(parseNote(note), stranger)).toEqual({ signed: false, why: "absent" });
  const other = note.replace(checkpointText(checkpoint), checkpointText({ ...checkpoint, size: 2 }));
  expect(checkNote(parseNote(other), log)).toEqual({ signed: false, why: "wrong" });
});

test.each([
  ["no empty line", "a\nb\n"],
  ["no signature", "a\n\n"],
  ["a line that is no signature", "a\n\nrubbish\n"],
  ["a hyphen for a dash", example.replace("— ", "- ")],
  ["no end", example.slice(0, -1)],
  ["a control character", example.replace("think", "thi\tnk")],
])("no note: %s", (_, text) => {
  expect(() => parseNote(text)).toThrow(/checkpoint/);
});

test.each([
  ["a leading zero", "01"],
  ["a sign", "-1"],
  ["too many digits", "99999999999999999999"],
  ["no number", "x"],
])("no size of a checkpoint: %s", (_, size) => {
  expect(() => parseCheckpoint(signNote(`o\n${size}\n${EMPTY_ROOT.toString("base64")}\n`, [log], 0))).toThrow(
    /its size/,
  );
});
