// The proof of one record: the record, the way to its segment's root, the signed header, the way from there to the log's root, the
// checkpoint, and the registration of the key. Whoever has this and the log's key needs nothing else (docs/evidence.md).
import { canonicalJson, NotCanonical } from "../audit/canonical-json.ts";
import { parseCheckpoint, type SignedCheckpoint } from "./checkpoint.ts";
import { type FoundEntry, type FoundSegment, type ProvingLog, proofTexts } from "./evidence.ts";
import { LedgerError } from "./ledger-error.ts";
import { type NoteVerifier, parseVkey } from "./note.ts";
import { hashesOf, type Inclusion, parseEntryLine } from "./proof-texts.ts";
import { inclusionProof, nodesInMemory } from "./proofs.ts";
import { type FirstLine, openSegment, parseFirstLine } from "./segment.ts";
import { canonicalObject } from "./shapes.ts";

export const RECORD_PROOF_FORMAT = "weir.dev/record-proof/v1";
/** Of a whole document: a record is far smaller than the lines of a spool may be. */
export const RECORD_PROOF_BYTES_MAX = 16 * 1024 * 1024;

export interface RecordToProve {
  readonly number: number;
  readonly segment: FoundSegment;
  /** The registration of the key that signed the segment. */
  readonly key: FoundEntry;
  readonly log: ProvingLog;
  /** Covers both entries. */
  readonly checkpoint: string;
  readonly logKey: string;
}

/** The document, canonical JSON. @throws LedgerError `damaged` when the segment is none, `refused` when the record is not in it */
export async function proveRecord({ number, segment, key, log, checkpoint, logKey }: RecordToProve): Promise<string> {
  const opened = openSegment(Buffer.from(segment.file));
  if (opened === null)
    throw new LedgerError("damaged", `segment ${segment.first} to ${segment.last}: it cannot be read; restore it`);
  const { header, signature, records } = opened;
  const at = number - header.first;
  const record = records[at];
  if (record === undefined)
    throw new LedgerError("refused", `record ${number}: the segment holds ${header.first} to ${header.last}`);
  const { size } = parseCheckpoint(checkpoint).checkpoint;
  const entry = async ({ index }: { readonly index: number }) => ({
    index,
    proof: proofTexts(await log.inclusionProof(index, size)),
  });
  return canonicalJson({
    checkpoint,
    format: RECORD_PROOF_FORMAT,
    key: { entry: Buffer.from(key.bytes).toString(), ...(await entry(key)) },
    logKey,
    record: record.toString(),
    segment: {
      header,
      log: await entry(segment),
      proof: proofTexts(await inclusionProof(at, records.length, nodesInMemory(records))),
      signature,
    },
  });
}

export interface RecordProof {
  readonly record: Buffer;
  readonly first: FirstLine;
  readonly inSegment: readonly Buffer[];
  readonly inLog: Inclusion;
  readonly key: { readonly bytes: Buffer; readonly inclusion: Inclusion };
  readonly signed: SignedCheckpoint;
  readonly logKey: NoteVerifier;
}

export function looksLikeRecordProof(begin: Buffer): boolean {
  return begin.toString("latin1", 0, 15) === '{"checkpoint":"';
}

/** Null for anything that is not a whole one, spelled as `proveRecord` does. */
export function parseRecordProof(source: Buffer): RecordProof | null {
  try {
    return parsed(source);
  } catch (cause) {
    if (cause instanceof LedgerError || cause instanceof NotCanonical) return null;
    throw cause;
  }
}

function parsed(source: Buffer): RecordProof | null {
  const value = canonicalObject(source);
  const segment = (value?.segment ?? {}) as Readonly<Record<string, unknown>>;
  if (value?.format !== RECORD_PROOF_FORMAT || typeof value.record !== "string") return null;
  const first = parseFirstLine(canonicalJson({ header: segment.header, signature: segment.signature }));
  const inSegment = hashesOf(segment.proof);
  const inLog = parseEntryLine(canonicalBytes({ entry: "", ...(segment.log as object) }))?.inclusion;
  const key = parseEntryLine(canonicalBytes(value.key ?? {}));
  if (first === null || inSegment === null || inLog === undefined || key === null) return null;
  const signed = parseCheckpoint(String(value.checkpoint));
  return {
    record: Buffer.from(value.record),
    first,
    inSegment,
    inLog,
    key,
    signed,
    logKey: parseVkey(String(value.logKey)),
  };
}

function canonicalBytes(value: unknown): Buffer {
  return Buffer.from(canonicalJson(value));
}
