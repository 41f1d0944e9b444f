// What a forger does to evidence, and the verdict on it; each fault is the only one of its file.
import type { FindingKind } from "../../pkg/audit/exit-codes.ts";
import { newSigner, signNote } from "../../pkg/ledger/note.ts";
import { forged } from "../audit/spool-lines.ts";
import { changed, first, origin, packed, second, unpacked, without } from "./evidence-fixture.ts";

export const run = (from: number, to: number) => `${String(from).padStart(20, "0")}-${String(to).padStart(20, "0")}`;
export const [a, b, c] = [run(0, 4), run(5, 8), run(9, 11)];
export const inFirst = (name: string) => new RegExp(`^segments/${first}/${name}\\.segment$`);

/** Lines of a segment's file changed; the first is the header. */
export function lines(change: (lines: string[]) => string[]): (text: string) => string {
  return (text) =>
    change(text.split("\n").slice(0, -1))
      .map((line) => `${line}\n`)
      .join("");
}

/** `older`: a checkpoint of the same log from earlier. */
export type Tampering = readonly [name: string, verdict: FindingKind, tamper: (e: Buffer, older: string) => Buffer];

export const tamperings: readonly Tampering[] = [
  [
    "a flipped character",
    "altered",
    (e: Buffer) =>
      changed(e, inFirst(b), (text) =>
        text.replace('"record"', '"recorD"').replace('"message":"record"', '"message":"recorb"'),
      ),
  ],
  [
    "a record and its hash written anew",
    "altered",
    (e: Buffer) =>
      changed(
        e,
        inFirst(b),
        lines((all) =>
          all.with(
            2,
            forged(all[2]!, (text) => text.replace('"message":"record"', '"message":"forged"')),
          ),
        ),
      ),
  ],
  [
    "the last record of a segment written anew",
    "altered",
    (e: Buffer) =>
      changed(
        e,
        inFirst(b),
        lines((all) =>
          all.with(
            4,
            forged(all[4]!, (text) => text.replace('"message":"record"', '"message":"forged"')),
          ),
        ),
      ),
  ],
  ["the claims", "altered", (e: Buffer) => changed(e, /^evidence\.json$/, (text) => text.replace('"eu-1"', '"eu-2"'))],
  ["a member more", "altered", (e: Buffer) => packed([...unpacked(e), ["zzz", Buffer.from("x")]])],
  ["bytes behind the end", "altered", (e: Buffer) => Buffer.concat([e, Buffer.alloc(512)])],
  [
    "a dropped record",
    "missing",
    (e: Buffer) =>
      changed(
        e,
        inFirst(b),
        lines((all) => all.toSpliced(2, 1)),
      ),
  ],
  [
    "the first record of a segment dropped",
    "missing",
    (e: Buffer) =>
      changed(
        e,
        inFirst(b),
        lines((all) => all.toSpliced(1, 1)),
      ),
  ],
  [
    "the last record of a segment dropped",
    "missing",
    (e: Buffer) =>
      changed(
        e,
        inFirst(b),
        lines((all) => all.toSpliced(4, 1)),
      ),
  ],
  ["a dropped segment", "missing", (e: Buffer) => without(e, new RegExp(b))],
  ["a dropped chain", "missing", (e: Buffer) => without(e, new RegExp(`^segments/${second}`))],
  ["no checkpoint", "missing", (e: Buffer) => without(e, /^checkpoint$/)],
  [
    "two swapped records",
    "reordered",
    (e: Buffer) =>
      changed(
        e,
        inFirst(b),
        lines((all) => [all[0]!, all[2]!, all[1]!, ...all.slice(3)]),
      ),
  ],
  [
    "two swapped segments",
    "reordered",
    (e: Buffer) => {
      const all = unpacked(e);
      const at = all.findIndex(([name]) => name.includes(a));
      return packed([
        ...all.slice(0, at),
        ...all.slice(at + 2, at + 4),
        ...all.slice(at, at + 2),
        ...all.slice(at + 4),
      ]);
    },
  ],
  [
    "a record twice",
    "forked",
    (e: Buffer) =>
      changed(
        e,
        inFirst(b),
        lines((all) => all.toSpliced(2, 0, all[1]!)),
      ),
  ],
  [
    "a segment twice",
    "forked",
    (e: Buffer) => {
      const all = unpacked(e);
      const at = all.findIndex(([name]) => name.includes(b));
      return packed([...all.slice(0, at + 2), ...all.slice(at)]);
    },
  ],
  [
    "the tail of the last segment dropped",
    "truncated",
    (e: Buffer) =>
      changed(
        e,
        inFirst(c),
        lines((all) => all.slice(0, -1)),
      ),
  ],
  ["the last segment dropped", "truncated", (e: Buffer) => without(e, new RegExp(c))],
  ["the first segment dropped", "wrong-first", (e: Buffer) => without(e, new RegExp(`segments/${first}/${a}`))],
  ["the file cut in a member", "truncated", (e: Buffer) => e.subarray(0, e.length - 3000)],
  ["the file cut between members", "truncated", (e: Buffer) => e.subarray(0, e.length - 1024)],
  ["the file cut in its end mark", "truncated", (e: Buffer) => e.subarray(0, e.length - 512)],
  ["the file cut in its claims", "truncated", (e: Buffer) => e.subarray(0, 700)],
  [
    "a signature of a segment",
    "wrongly-signed",
    (e: Buffer) =>
      changed(e, inFirst(b), (text) =>
        text.replace(/"signature":"(..)/, (_, two: string) => `"signature":"${two === "AB" ? "BA" : "AB"}`),
      ),
  ],
  [
    "a header with another time",
    "wrongly-signed",
    (e: Buffer) => changed(e, inFirst(b), (text) => text.replace(/"to":\d+/, '"to":5')),
  ],
  [
    "the checkpoint's root",
    "wrongly-signed",
    (e: Buffer) =>
      changed(e, /^checkpoint$/, (text) =>
        text.replace(/\n9\n../, (found) => (found.endsWith("AB") ? "\n9\nBA" : "\n9\nAB")),
      ),
  ],
  [
    "the log's key",
    "unverifiable-key",
    (e: Buffer) =>
      changed(e, /^checkpoint$|^evidence.note$/, (text) =>
        signNote(text.slice(0, text.indexOf("\n\n") + 1), [newSigner(origin, "ed25519", Buffer.alloc(32, 5))], 0),
      ),
  ],
  [
    "the registration of a key dropped",
    "missing",
    (e: Buffer) => changed(e, new RegExp(`^chains/${second}`), (text) => text.slice(text.indexOf("\n") + 1)),
  ],
  [
    "what the log says of the end of a chain dropped",
    "missing",
    (e: Buffer) => changed(e, new RegExp(`^chains/${first}`), (text) => text.slice(0, text.indexOf("\n") + 1)),
  ],
  [
    "a proof of no segment added",
    "altered",
    (e: Buffer) => {
      const all = unpacked(e);
      const [name, proof] = all.findLast(([each]) => each.endsWith(".proof"))!;
      return packed([...all, [name.replace(/\d{20}\.proof$/, `${"9".repeat(20)}.proof`), proof]]);
    },
  ],
  [
    "a member added beside those of a proof",
    "proof-wrong",
    (e: Buffer) => changed(e, /\.proof$/, (text) => text.replaceAll("]}", `],"zzz":"anything"}`)),
  ],
  [
    "a member added beside an entry",
    "altered",
    (e: Buffer) => changed(e, new RegExp(`^chains/${first}`), (text) => text.replaceAll("]}\n", `],"zzz":"any"}\n`)),
  ],
  [
    "two entries swapped",
    "reordered",
    (e: Buffer) =>
      changed(
        e,
        new RegExp(`^chains/${first}`),
        lines((all) => all.toReversed()),
      ),
  ],
  [
    "another place registered",
    "unverifiable-key",
    (e: Buffer) =>
      changed(e, new RegExp(`^chains/${first}`), (text) =>
        text.replace('\\"namespace\\":\\"shop\\"', '\\"namespace\\":\\"bank\\"'),
      ),
  ],
  [
    "an old checkpoint put in its place",
    "replayed",
    (e: Buffer, older: string) => changed(e, /^checkpoint$/, () => older),
  ],
  [
    "a proof",
    "proof-wrong",
    (e: Buffer) =>
      changed(e, new RegExp(`${b}.proof`), (text) =>
        text.replace(/"proof":\["(..)/, (_, two: string) => `"proof":["${two === "AB" ? "BA" : "AB"}`),
      ),
  ],
  [
    "a proof of another place",
    "proof-wrong",
    (e: Buffer) => changed(e, new RegExp(`${b}.proof`), (text) => text.replace(/"index":\d+/, '"index":7')),
  ],
  ["no proof", "proof-wrong", (e: Buffer) => without(e, new RegExp(`${b}.proof`))],
  [
    "a proof of consistency",
    "proof-wrong",
    (e: Buffer) =>
      changed(e, /^checkpoints\//, (text) =>
        text.replace(/"proof":\["(..)/, (_, two: string) => `"proof":["${two === "AB" ? "BA" : "AB"}`),
      ),
  ],
];
