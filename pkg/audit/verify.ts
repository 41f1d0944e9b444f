// Checks a spool folder without trusting whoever wrote it: nothing but the files is read, nothing is locked or changed, and memory does
// not grow with the spool. What a spool alone cannot show is a rewrite of everything up to its end: compare the last hashes with
// those that the ledger has (`expected`).
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { EXIT_CODES, type FindingKind } from "./exit-codes.ts";
import type { Finding } from "./findings.ts";
import { type Mark, parseHead } from "./head.ts";
import { textOf, withRead } from "./recover.ts";
import { scanLines } from "./scan-lines.ts";
import { HEAD_FILE, segmentName, segmentOrdinals } from "./segment-file.ts";
import { type SpoolFiles, systemFiles } from "./spool-files.ts";
import { type ChainSummary, SpoolVerifier } from "./spool-verifier.ts";

export interface VerifyReport {
  readonly folder: string;
  readonly segments: number;
  readonly records: number;
  readonly bytes: number;
  readonly chains: readonly ChainSummary[];
  /** Records concerned, per kind. */
  readonly counts: Readonly<Record<FindingKind, number>>;
  /** The first hundred of each kind. */
  readonly findings: readonly Finding[];
  /** What is worth knowing and no finding. */
  readonly notes: readonly string[];
  readonly verdict: keyof typeof EXIT_CODES;
  readonly exitCode: number;
}

export interface VerifyOptions {
  /** Records known from elsewhere. */
  readonly expected?: readonly Mark[];
  readonly files?: SpoolFiles;
}

/** Never throws: a folder that cannot be read is the verdict `unreadable`. */
export async function verifySpool(folder: string, options: VerifyOptions = {}): Promise<VerifyReport> {
  const files = options.files ?? systemFiles;
  try {
    return await verifyFolder(files, folder, options.expected ?? []);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    return unreadable(folder, `${folder} cannot be read (${code}): name a spool folder that you may read`);
  }
}

async function verifyFolder(files: SpoolFiles, folder: string, expected: readonly Mark[]): Promise<VerifyReport> {
  // The head first: what a running sidecar writes meanwhile is then newer than the head, never older.
  const headSource = textOf(files, join(folder, HEAD_FILE));
  const head = parseHead(headSource);
  const ordinals = segmentOrdinals(files.list(folder));
  if (ordinals.length === 0 && head === null && expected.length === 0)
    return unreadable(folder, `${folder} holds no segment: it is not a spool folder`);
  const verifier = new SpoolVerifier(head, expected);
  let bytes = 0;
  for (const ordinal of ordinals) {
    bytes += verifySegment(files, folder, ordinal, ordinal === ordinals.at(-1), verifier);
    await setImmediate();
  }
  verifier.finish();
  const verdict = verifier.findings.gravest() ?? "intact";
  return {
    folder,
    segments: ordinals.length,
    records: verifier.records,
    bytes,
    chains: verifier.summaries(),
    counts: verifier.findings.counts,
    findings: verifier.findings.kept,
    notes: notesOf(headSource, head === null, ordinals, verifier),
    verdict,
    exitCode: EXIT_CODES[verdict],
  };
}

function verifySegment(
  files: SpoolFiles,
  folder: string,
  ordinal: number,
  isLast: boolean,
  verifier: SpoolVerifier,
): number {
  const file = segmentName(ordinal);
  return withRead(files, join(folder, file), (fd) => {
    let bytes = 0;
    for (const line of scanLines(files, fd)) {
      const place = { file, line: line.number };
      bytes = line.endOffset;
      if (line.terminated) verifier.line(line.bytes, place);
      else if (isLast) verifier.torn(line.endOffset - line.startOffset, place);
      else verifier.cut(place);
    }
    return bytes;
  });
}

function notesOf(headSource: string, noHead: boolean, ordinals: readonly number[], verifier: SpoolVerifier): string[] {
  const notes: string[] = [];
  if (noHead)
    notes.push(
      `${HEAD_FILE} is ${headSource === "" ? "absent" : "not readable"}: a tail that was cut off would not show`,
    );
  const absent = ordinals.filter((ordinal, index) => index > 0 && ordinal !== ordinals[index - 1]! + 1);
  for (const ordinal of absent.slice(0, 10)) notes.push(`segments before ${segmentName(ordinal)} are absent`);
  if (verifier.open.strangers > 0)
    notes.push(`${verifier.open.strangers} outcomes belong to decisions outside these segments`);
  return notes;
}

function unreadable(folder: string, note: string): VerifyReport {
  const counts = new SpoolVerifier(null, []).findings.counts;
  return {
    folder,
    segments: 0,
    records: 0,
    bytes: 0,
    chains: [],
    counts,
    findings: [],
    notes: [note],
    verdict: "unreadable",
    exitCode: EXIT_CODES.unreadable,
  };
}
