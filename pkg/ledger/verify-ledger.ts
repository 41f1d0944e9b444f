// Checks a collector's folder, which may be in use: its log, its tiles, its checkpoint, and that every segment of the log is there and as it was.
// Nothing is written or locked. What lies behind the checkpoint is not yet claimed, and only counted.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { EXIT_CODES } from "../audit/exit-codes.ts";
import { Findings } from "../audit/findings.ts";
import { parseCheckpoint, type SignedCheckpoint } from "./checkpoint.ts";
import {
  againstOlder,
  logSignatureFault,
  provenFault,
  type TrustedKeys,
  trustedKeys,
  witnessesOf,
} from "./checkpoint-check.ts";
import { systemLedgerFiles } from "./ledger-files.ts";
import type { LedgerReport, LogSummary, Trust } from "./ledger-report.ts";
import { LedgerVerifier } from "./ledger-verifier.ts";
import { readEntries } from "./log-reading.ts";
import { CHECKPOINT_FILE, VKEY_FILE } from "./log-state.ts";
import { GrowingTree, leafHash, sameHash } from "./merkle.ts";
import { type NoteVerifier, parseVkey } from "./note.ts";
import { parseSegmentFileName } from "./segment.ts";
import { TileCheck } from "./tile-check.ts";
import { TileStore } from "./tile-store.ts";

const checkpointPlace = { file: join("log", CHECKPOINT_FILE), line: null };

/** Of a folder in use something may be deleted, and told, between a look at the log and one at the segments. */
const LOOKS_MOST = 3;

/** @throws LedgerError `malformed` when what is handed in to trust is no key or checkpoint; what the file system throws */
export async function verifyLedger(folder: string, trust: Trust = {}): Promise<LedgerReport> {
  const trusted = trustedKeys(trust);
  for (let look = 1; ; look++) {
    const before = textOf(join(folder, checkpointPlace.file));
    const report = await lookAt(folder, trusted);
    const moved = before !== textOf(join(folder, checkpointPlace.file));
    if (report.verdict === "intact" || !moved || look === LOOKS_MOST) return report;
  }
}

async function lookAt(folder: string, trusted: TrustedKeys): Promise<LedgerReport> {
  const findings = new Findings();
  const verifier = new LedgerVerifier(folder, findings);
  const signed = readCheckpoint(folder, findings);
  if (signed === null)
    return reportOf(folder, null, verifier, findings, ["there is no checkpoint that could be checked"]);
  const log = judge(signed, trusted.log ?? storedKey(folder, findings), trusted, findings);
  await verifyLog(folder, signed, trusted.older, verifier, findings);
  const goesOnFrom = trusted.older === null ? [] : [trusted.older.checkpoint.size];
  const notes = [...keyNotes(log), ...orphanNotes(folder, verifier)];
  return reportOf(
    folder,
    { ...log, goesOnFrom: findings.gravest() === null ? goesOnFrom : [] },
    verifier,
    findings,
    notes,
  );
}

function readCheckpoint(folder: string, findings: Findings): SignedCheckpoint | null {
  const source = textOf(join(folder, checkpointPlace.file));
  if (source === null) {
    // Before the first checkpoint nothing is claimed; where segments are logged it was removed.
    findings.add("missing", checkpointPlace, "the log has no checkpoint: it was not made yet, or was removed");
    return null;
  }
  try {
    return parseCheckpoint(source);
  } catch {
    findings.add("altered", checkpointPlace, "it is not a signed checkpoint");
    return null;
  }
}

/** The key that the collector wrote down beside the log. */
function storedKey(folder: string, findings: Findings): NoteVerifier | null {
  const file = join("log", VKEY_FILE);
  const source = textOf(join(folder, file));
  if (source === null) return null;
  try {
    return parseVkey(source);
  } catch {
    findings.add("altered", { file, line: null }, "it is not a verifier key");
    return null;
  }
}

function textOf(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw cause;
  }
}

/** The checkpoint's signatures, and its size against the one that is known. */
function judge(
  { checkpoint, note }: SignedCheckpoint,
  key: NoteVerifier | null,
  trusted: TrustedKeys,
  findings: Findings,
): LogSummary {
  const { witnesses, faults } = witnessesOf(note, trusted.witnesses, []);
  const signature = key === null ? null : logSignatureFault(note, key, "the checkpoint");
  const older = trusted.older === null ? "same" : againstOlder(checkpoint, trusted.older, key);
  const all = [...faults, ...(signature === null ? [] : [signature]), ...(typeof older === "object" ? [older] : [])];
  if (key !== null && key.name !== checkpoint.origin)
    all.push({ kind: "unverifiable-key", detail: `it is of the log ${checkpoint.origin}, its key of ${key.name}` });
  for (const { kind, detail } of all) findings.add(kind, checkpointPlace, detail);
  const { origin, size, root } = checkpoint;
  const vkey = key?.vkey ?? null;
  return {
    origin,
    size,
    root: root.toString("hex"),
    key: vkey,
    keyGiven: trusted.log !== null,
    witnesses,
    goesOnFrom: [],
  };
}

/** Entries, root and tiles; then the segments. */
async function verifyLog(
  folder: string,
  { checkpoint }: SignedCheckpoint,
  older: SignedCheckpoint | null,
  verifier: LedgerVerifier,
  findings: Findings,
): Promise<void> {
  const store = new TileStore(systemLedgerFiles, join(folder, "log"));
  const tree = new GrowingTree();
  const tiles = new TileCheck(store, checkpoint.size, findings);
  const entries = readEntries(store, checkpoint.size, findings);
  let step = await entries.next();
  for (; !step.done; step = await entries.next()) {
    const { index, bytes } = step.value;
    verifier.entry(bytes, index);
    tree.add(leafHash(bytes));
    await tiles.entry(bytes);
    if (older !== null && tree.size === older.checkpoint.size && tree.size < checkpoint.size)
      compareOlder(older, tree.root(), findings);
  }
  if (step.value) {
    await tiles.end();
    if (!sameHash(tree.root(), checkpoint.root))
      findings.add(
        "altered",
        checkpointPlace,
        `the entries of the log do not give its root over ${checkpoint.size} entries`,
      );
  }
  for await (const { index, bytes } of readEntries(store, checkpoint.size, null)) verifier.segment(bytes, index);
  verifier.end();
}

function compareOlder({ checkpoint }: SignedCheckpoint, root: Buffer, findings: Findings): void {
  const fault = provenFault(checkpoint, { size: checkpoint.size, root });
  if (fault !== null) findings.add(fault.kind, checkpointPlace, fault.detail);
}

function keyNotes({ key }: LogSummary): string[] {
  return key === null ? ["nobody's signature was checked: name the log's key with --log-key"] : [];
}

/** Segments that the log does not name up to its checkpoint: newer ones, or such as a crash left behind. */
function orphanNotes(folder: string, verifier: LedgerVerifier): string[] {
  const segments = join(folder, "segments");
  let count = 0;
  for (const cluster of namesIn(segments))
    for (const namespace of namesIn(join(segments, cluster)))
      for (const chain of namesIn(join(segments, cluster, namespace))) {
        const last = verifier.lastLogged(chain);
        const runs = namesIn(join(segments, cluster, namespace, chain)).map(parseSegmentFileName);
        count += runs.filter((run) => run !== null && run.first > last).length;
      }
  return count === 0
    ? []
    : [`${count} segments are not in the log up to its checkpoint: not yet, or a crash left them`];
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function reportOf(
  place: string,
  log: LogSummary | null,
  verifier: LedgerVerifier,
  findings: Findings,
  notes: readonly string[],
): LedgerReport {
  const verdict = findings.gravest() ?? "intact";
  return {
    what: "ledger",
    place,
    bytes: verifier.bytes,
    segments: verifier.segments,
    records: verifier.records,
    log,
    made: null,
    chains: verifier.reports(),
    counts: findings.counts,
    findings: findings.kept,
    notes,
    verdict,
    exitCode: EXIT_CODES[verdict],
  };
}
