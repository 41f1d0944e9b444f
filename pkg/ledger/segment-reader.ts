// One segment's file: its header, whether it is signed, its place in its chain, its records.
import type { Findings } from "../audit/findings.ts";
import { scanLines } from "../audit/scan-lines.ts";
import type { ChainKeys } from "./chain-keys.ts";
import type { ChainProgress } from "./chain-progress.ts";
import { RecordRun } from "./record-run.ts";
import { type FirstLine, parseFirstLine, type SegmentHeader } from "./segment.ts";
import { textOf } from "./shapes.ts";
import type { ReadAt } from "./tar.ts";

export interface SegmentFile {
  readonly name: string;
  readonly size: number;
  readonly read: ReadAt;
}

export interface SegmentContext {
  readonly findings: Findings;
  readonly keys: ChainKeys;
  /** Where this segment's chain stands; null when it has no business here, which is then already told. */
  chainOf(header: SegmentHeader): ChainProgress | null;
  /** The index of the segment's entry in the log, once it is known to be there; null when that is already told to be wrong. */
  indexOf(first: FirstLine): number | null;
}

/** Tells everything that is wrong with it. */
export function readSegment(file: SegmentFile, context: SegmentContext): void {
  const { findings, keys } = context;
  const lines = scanLines({ read: (_, into, position) => file.read(into, position) }, 0, file.size);
  const { value: line } = lines.next();
  const text = line?.terminated ? textOf(line.bytes) : null;
  const first = text === null ? null : parseFirstLine(text);
  if (first === null) {
    findings.add("altered", { file: file.name, line: 1 }, "its first line is not a segment's header");
    return;
  }
  const { header, signature } = first;
  const chain = context.chainOf(header);
  if (chain === null) return;
  const index = context.indexOf(first);
  const fault = keys.check(header, signature, index ?? Number.POSITIVE_INFINITY);
  if (fault !== null) findings.add(fault.kind, { file: file.name, line: 1 }, fault.detail, header.count);
  chain.segment(header, file.name, fault === null);
  const run = new RecordRun(header, file.name, findings);
  for (const each of lines) run.line(each);
  const absent = run.end(fault === null);
  chain.content(run.records, absent);
}
