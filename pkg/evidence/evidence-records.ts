// The records of an evidence file, one by one, for those that have verified it: nothing is checked here.
import { parsedRecord } from "../audit/chain.ts";
import { WholeFacts } from "../audit/whole-facts.ts";
import { evidenceNames } from "../ledger/evidence.ts";
import { MANIFEST_BYTES_MAX, type Manifest, parseManifest } from "../ledger/manifest.ts";
import { type EntryLine, type Inclusion, parseEntryLine, parseInclusion } from "../ledger/proof-texts.ts";
import { type OpenedSegment, openSegment } from "../ledger/segment.ts";
import { contentOf, type ReadAt, tarMembers } from "../ledger/tar.ts";
import { EvidencePackError } from "./evidence-pack-error.ts";

/** More than the collector takes in one. */
const SEGMENT_BYTES_MAX = 64 * 1024 * 1024;
const ENTRIES_BYTES_MAX = 64 * 1024 * 1024;
const PROOF_BYTES_MAX = 16 * 1024;

export interface EvidenceOpening {
  readonly manifest: Manifest;
  /** The note that all proofs lead to. */
  readonly checkpoint: string;
}

export type EvidencePart =
  | { readonly part: "opening"; readonly opening: EvidenceOpening }
  /** What the log says of a chain beside its segments. */
  | { readonly part: "entries"; readonly chain: string; readonly entries: readonly EntryLine[] }
  | { readonly part: "segment"; readonly segment: OpenedSegment; readonly inLog: Inclusion };

/** @throws EvidencePackError when it is not what a verifier has found intact */
export function* evidenceParts(read: ReadAt): Generator<EvidencePart> {
  let manifest: Manifest | null = null;
  let inLog: Inclusion | null = null;
  for (const member of tarMembers(read)) {
    const { name } = member;
    const content = (bytesMax: number) => contentOf(member, bytesMax) ?? unfit(name);
    if (name === evidenceNames.manifest) manifest = parseManifest(content(MANIFEST_BYTES_MAX)) ?? unfit(name);
    else if (name === evidenceNames.checkpoint)
      yield {
        part: "opening",
        opening: { manifest: manifest ?? unfit(name), checkpoint: content(PROOF_BYTES_MAX).toString() },
      };
    else if (name.startsWith("chains/"))
      yield { part: "entries", chain: name.slice(7, -6), entries: entriesOf(content(ENTRIES_BYTES_MAX), name) };
    else if (name.endsWith(".proof")) inLog = parseInclusion(content(PROOF_BYTES_MAX)) ?? unfit(name);
    else if (name.endsWith(".segment")) {
      const segment = openSegment(content(SEGMENT_BYTES_MAX)) ?? unfit(name);
      yield { part: "segment", segment, inLog: inLog ?? unfit(name) };
      inLog = null;
    }
  }
}

function entriesOf(bytes: Buffer, name: string): EntryLine[] {
  const lines = bytes.toString().split("\n");
  return lines.filter((line) => line !== "").map((line) => parseEntryLine(Buffer.from(line)) ?? unfit(name));
}

function unfit(name: string): never {
  throw new EvidencePackError("evidence", `${name} of the evidence cannot be read; verify it with weir verify`);
}

export interface ReadRecord {
  readonly chain: string;
  readonly number: number;
  /** `<chain>/<number>`, as in `metadata.uid`. */
  readonly id: string;
  readonly timeMs: number;
  readonly json: Members;
  readonly weir: Members;
  /** Of a decision; undefined when they stand in a record that is not here. */
  readonly facts: unknown;
}

export type Members = Readonly<Record<string, unknown>>;

/** The records of one segment in their order. */
export function* recordsOf({ header, records }: OpenedSegment): Generator<ReadRecord> {
  const whole = new WholeFacts();
  for (const [at, bytes] of records.entries()) {
    const json = membersOf(parsedRecord(bytes));
    const number = header.first + at;
    const timeMs = typeof json.time === "number" ? json.time : 0;
    const weir = membersOf(membersOf(json.unmapped).weir);
    yield { chain: header.chain, number, id: `${header.chain}/${number}`, timeMs, json, weir, facts: whole.of(json) };
  }
}

export function membersOf(value: unknown): Members {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Members) : {};
}

export function textOr(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

export function numberOr(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
