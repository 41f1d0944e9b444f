// Checks the proof of one record.
import { linkOf, parsedRecord, recordHash } from "../audit/chain.ts";
import { EXIT_CODES } from "../audit/exit-codes.ts";
import { Findings } from "../audit/findings.ts";
import { ChainKeys } from "./chain-keys.ts";
import {
  againstOlder,
  type Fault,
  logSignatureFault,
  type TrustedKeys,
  trustedKeys,
  witnessesOf,
} from "./checkpoint-check.ts";
import { parseEntry } from "./entries.ts";
import type { ChainReport, LedgerReport, LogSummary, Trust } from "./ledger-report.ts";
import { isIncluded, leafHash } from "./merkle.ts";
import { parseRecordProof, type RecordProof } from "./record-proof.ts";
import { segmentEntryBytes } from "./segment.ts";

/** @throws LedgerError `malformed` when what is handed in to trust is no key or checkpoint */
export function verifyRecordProof(place: string, source: Buffer, trust: Trust = {}): LedgerReport {
  const trusted = trustedKeys(trust);
  const proof = parseRecordProof(source);
  const keys = new ChainKeys();
  const faults =
    proof === null
      ? [{ kind: "altered", detail: "it is not a record with its proof as it was written" } as const]
      : [...checkpointFaults(proof, trusted), ...entryFaults(proof, keys), ...recordFaults(proof)];
  const findings = new Findings();
  for (const { kind, detail } of faults) findings.add(kind, { file: place, line: null }, detail);
  const verdict = findings.gravest() ?? "intact";
  return {
    what: "record",
    place,
    bytes: source.length,
    segments: proof === null ? 0 : 1,
    records: proof === null ? 0 : 1,
    log: proof === null ? null : logOf(proof, trusted),
    made: null,
    chains: proof === null ? [] : [chainOf(proof, keys)],
    counts: findings.counts,
    findings: findings.kept,
    notes: [],
    verdict,
    exitCode: EXIT_CODES[verdict],
  };
}

function checkpointFaults({ signed, logKey }: RecordProof, trusted: TrustedKeys): Fault[] {
  const { checkpoint, note } = signed;
  const key = trusted.log ?? logKey;
  const faults = [...witnessesOf(note, trusted.witnesses, []).faults];
  const signature = logSignatureFault(note, key, "the checkpoint");
  if (signature !== null) faults.push(signature);
  if (key.vkey !== logKey.vkey || key.name !== checkpoint.origin)
    faults.push({
      kind: "unverifiable-key",
      detail: `the proof is of the log ${checkpoint.origin} and names the key ${logKey.vkey}`,
    });
  const older = trusted.older === null ? "same" : againstOlder(checkpoint, trusted.older, key);
  if (older === "unproven")
    faults.push({
      kind: "proof-wrong",
      detail: "a single record's proof does not show that the log goes on from an earlier checkpoint: ask for evidence",
    });
  else if (older !== "same") faults.push(older);
  return faults;
}

/** The key's registration and the segment, each in the log; the segment signed by the key. */
function entryFaults({ first, inLog, key, signed }: RecordProof, keys: ChainKeys): Fault[] {
  const { size, root } = signed.checkpoint;
  const isProven = (bytes: Uint8Array, { index, proof }: typeof inLog) =>
    isIncluded(leafHash(bytes), index, size, proof, root);
  const entry = parseEntry(key.bytes);
  const registered =
    isProven(key.bytes, key.inclusion) && entry?.type === "chain-key" && keys.add(entry, key.inclusion.index);
  if (!registered)
    return [{ kind: "unverifiable-key", detail: "it is not shown that the key was registered in the log" }];
  const faults: Fault[] = [];
  if (!isProven(segmentEntryBytes(first), inLog))
    faults.push({ kind: "proof-wrong", detail: "its proof does not show that the segment is in the log" });
  const signature = keys.check(first.header, first.signature, inLog.index);
  if (signature !== null) faults.push(signature);
  return faults;
}

function recordFaults({ record, first, inSegment }: RecordProof): Fault[] {
  const { header } = first;
  const link = linkOf(parsedRecord(record));
  const at = link === null || link.chain !== header.chain ? -1 : link.number - header.first;
  if (isIncluded(leafHash(record), at, header.count, inSegment, Buffer.from(header.root, "hex"))) return [];
  return [{ kind: "altered", detail: "the record is not the one that the segment holds at its number" }];
}

function logOf({ signed, logKey }: RecordProof, trusted: TrustedKeys): LogSummary {
  const { origin, size, root } = signed.checkpoint;
  const { witnesses } = witnessesOf(signed.note, trusted.witnesses, []);
  const key = (trusted.log ?? logKey).vkey;
  return { origin, size, root: root.toString("hex"), key, keyGiven: trusted.log !== null, witnesses, goesOnFrom: [] };
}

function chainOf({ record, first }: RecordProof, keys: ChainKeys): ChainReport {
  const { chain, cluster, environment, namespace } = first.header;
  const number = linkOf(parsedRecord(record))?.number ?? null;
  return {
    ...{ chain, cluster, environment, namespace, first: number, last: number, lastHash: recordHash(record) },
    ...{ records: 1, segments: 1, end: "open", keys: keys.of(chain), absent: [], forksRefused: 0 },
  };
}
