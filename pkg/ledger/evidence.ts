// Writes evidence: one file that shows records, and proves them, to whoever has never seen this service. The same records give the same
// bytes. Written in pieces, so that its size does not matter; its order lets a reader check it in one go (docs/evidence.md).
import { canonicalJson } from "../audit/canonical-json.ts";
import { parseCheckpoint } from "./checkpoint.ts";
import { LedgerError } from "./ledger-error.ts";
import { type ChainClaim, EVIDENCE_FORMAT, type Manifest, manifestBytes, manifestNoteText } from "./manifest.ts";
import { checkNote, parseNote, parseVkey, withOnly } from "./note.ts";
import { segmentFileName } from "./segment.ts";
import { tarEnd, tarMember } from "./tar.ts";

export const evidenceNames = {
  manifest: "evidence.json",
  manifestNote: "evidence.note",
  checkpoint: "checkpoint",
  chain: (chain: string) => `chains/${chain}.jsonl`,
  olderCheckpoint: (size: number) => `checkpoints/${String(size).padStart(20, "0")}.json`,
  proof: (chain: string, run: Run) => segmentName(chain, run).replace(/segment$/, "proof"),
  segment: segmentName,
} as const;

interface Run {
  readonly first: number;
  readonly last: number;
}

function segmentName(chain: string, run: Run): string {
  return `segments/${chain}/${segmentFileName(run)}`;
}

/** An entry of the log: its exact bytes and where they are. */
export interface FoundEntry {
  readonly index: number;
  readonly bytes: Uint8Array;
}

export interface FoundSegment extends Run {
  /** Of its entry in the log. */
  readonly index: number;
  /** The bytes of its file. */
  readonly file: Uint8Array;
}

export interface EvidenceChain {
  readonly claim: ChainClaim;
  /** What the log says of the chain beside its segments, ascending: at least the registrations of the keys that signed them. */
  readonly entries: readonly FoundEntry[];
  /** Ascending, read as they are asked for. */
  segments(): AsyncIterable<FoundSegment>;
}

/** The log, as `LedgerLog` is one. */
export interface ProvingLog {
  inclusionProof(index: number, size: number): Promise<Buffer[]>;
  consistencyProof(oldSize: number, size: number): Promise<Buffer[]>;
}

export interface EvidenceParts {
  readonly log: ProvingLog;
  /** The signed checkpoint that all proofs lead to. */
  readonly checkpoint: string;
  /** Earlier ones that the log is shown to go on from; witnesses' signatures under them are left out. */
  readonly olderCheckpoints?: readonly string[];
  readonly logKey: string;
  /** Of the witnesses whose signatures the checkpoint carries. */
  readonly witnessKeys?: readonly string[];
  readonly selection: Readonly<Record<string, unknown>>;
  readonly madeAtMs: number;
  /** Ascending by name. */
  readonly chains: readonly EvidenceChain[];
  /** A note over the text, signed by the log's key. */
  sign(text: string): string | Promise<string>;
}

/** The pieces of the file. @throws LedgerError when the checkpoint is none or the log cannot prove an entry in it. */
export async function* writeEvidence(parts: EvidenceParts): AsyncGenerator<Buffer> {
  const { checkpoint } = parseCheckpoint(parts.checkpoint);
  const { size, origin } = checkpoint;
  const manifest = manifestBytes(manifestOf(parts));
  yield tarMember(evidenceNames.manifest, manifest);
  yield tarMember(evidenceNames.manifestNote, Buffer.from(await parts.sign(manifestNoteText(origin, manifest))));
  yield tarMember(evidenceNames.checkpoint, Buffer.from(parts.checkpoint));
  for (const { claim, entries } of parts.chains) {
    const lines: string[] = [];
    for (const { index, bytes } of entries) {
      const proof = proofTexts(await parts.log.inclusionProof(index, size));
      lines.push(`${canonicalJson({ entry: Buffer.from(bytes).toString(), index, proof })}\n`);
    }
    yield tarMember(evidenceNames.chain(claim.chain), Buffer.from(lines.join("")));
  }
  yield* olderCheckpoints(parts, size);
  for (const chain of parts.chains) yield* segmentsOf(chain, parts.log, size);
  yield tarEnd();
}

function manifestOf(parts: EvidenceParts): Manifest {
  const { origin, size, root } = parseCheckpoint(parts.checkpoint).checkpoint;
  return {
    format: EVIDENCE_FORMAT,
    madeAt: parts.madeAtMs,
    selection: parts.selection,
    log: { origin, size, root: root.toString("hex"), key: parts.logKey, witnesses: parts.witnessKeys ?? [] },
    chains: parts.chains.map(({ claim, entries }) => ({ ...claim, entries: entries.map(({ index }) => index) })),
  };
}

async function* olderCheckpoints(
  { log, logKey, olderCheckpoints = [] }: EvidenceParts,
  size: number,
): AsyncGenerator<Buffer> {
  const key = parseVkey(logKey);
  const older = olderCheckpoints.map((note) => ({ note, old: parseCheckpoint(note).checkpoint.size }));
  for (const { note, old } of older.sort((a, b) => a.old - b.old)) {
    if (!checkNote(parseNote(note), key).signed)
      throw new LedgerError("refused", `evidence: the checkpoint of ${old} entries is not signed by ${key.name}`);
    if (old > size)
      throw new LedgerError("refused", `evidence: a checkpoint of ${old} entries is not older than one of ${size}`);
    const proof = proofTexts(await log.consistencyProof(old, size));
    const content = canonicalJson({ note: withOnly(note, key), proof });
    yield tarMember(evidenceNames.olderCheckpoint(old), Buffer.from(content));
  }
}

async function* segmentsOf({ claim, segments }: EvidenceChain, log: ProvingLog, size: number): AsyncGenerator<Buffer> {
  for await (const found of segments()) {
    const proof = proofTexts(await log.inclusionProof(found.index, size));
    yield tarMember(evidenceNames.proof(claim.chain, found), Buffer.from(canonicalJson({ index: found.index, proof })));
    yield tarMember(evidenceNames.segment(claim.chain, found), found.file);
  }
}

export function proofTexts(proof: readonly Buffer[]): string[] {
  return proof.map((hash) => hash.toString("base64"));
}
