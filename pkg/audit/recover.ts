// What an earlier run left in the folder: where its chain stood, what a crash cut short, which decisions never heard their outcome.
// Reads only; the spool acts on what is found.
import { join } from "node:path";
import { type ChainLink, type ChainState, linkOf, parsedRecord } from "./chain.ts";
import type { Predecessor } from "./chain-event.ts";
import { type Head, parseHead } from "./head.ts";
import { intactLine } from "./line.ts";
import { type ScannedLine, scanLines } from "./scan-lines.ts";
import { HEAD_FILE, segmentName, segmentOrdinals } from "./segment-file.ts";
import type { SpoolFiles } from "./spool-files.ts";

export const OPEN_DECISIONS_MAX = 100_000;

/** Where the record of a decision without an outcome lies. */
export interface OpenPlace {
  readonly session: string;
  readonly statement: number;
  readonly segment: number;
  readonly startOffset: number;
  readonly lineBytes: number;
}

export interface SegmentSize {
  readonly ordinal: number;
  readonly bytes: number;
}

export interface Found {
  readonly segments: readonly SegmentSize[];
  readonly head: Head | null;
  /** Where the chain goes on; null when a new one has to begin. */
  readonly state: ChainState | null;
  readonly predecessor: Predecessor | null;
  /** The last run ended with a close record. */
  readonly cleanly: boolean;
  /** Bytes at the end of the last segment that are no whole line: a write that a crash cut short. */
  readonly tornBytes: number;
  readonly open: readonly OpenPlace[];
  /** Open decisions beyond the limit, which are not closed. */
  readonly openForgotten: number;
}

interface Scan {
  state: ChainState | null;
  headChainSeen: boolean;
  damage: string | null;
  rebooted: boolean;
  tornBytes: number;
  cleanly: boolean;
  readonly open: Map<string, OpenPlace>;
  openForgotten: number;
}

/**
 * `boot`: the machine's run. After another one the chain goes on only if it was closed in order, because what was written last may be gone
 * from here and known elsewhere: going on would fork the chain.
 */
export function recover(files: SpoolFiles, folder: string, boot: string | null = null): Found {
  const segments = segmentOrdinals(files.list(folder)).map((ordinal) => ({
    ordinal,
    bytes: sizeOf(files, join(folder, segmentName(ordinal))),
  }));
  const head = parseHead(textOf(files, join(folder, HEAD_FILE)));
  const scan: Scan = {
    state: null,
    headChainSeen: false,
    damage: null,
    rebooted: false,
    tornBytes: 0,
    cleanly: false,
    open: new Map(),
    openForgotten: 0,
  };
  const from = head === null ? 0 : Math.min(head.openFrom, head.segment);
  for (const { ordinal } of segments) if (ordinal >= from) scanSegment(files, folder, ordinal, head, scan);
  if (boot !== null && head !== null && head.boot !== null && head.boot !== boot && !scan.cleanly) scan.rebooted = true;
  const predecessor = predecessorOf(scan, head);
  return {
    segments,
    head,
    state: predecessor === null ? scan.state : null,
    predecessor,
    cleanly: scan.cleanly,
    tornBytes: scan.tornBytes,
    open: [...scan.open.values()],
    openForgotten: scan.openForgotten,
  };
}

function scanSegment(files: SpoolFiles, folder: string, ordinal: number, head: Head | null, scan: Scan): void {
  const file = join(folder, segmentName(ordinal));
  if (scan.tornBytes > 0) {
    scan.damage ??= `${segmentName(ordinal - 1)}: its last line is not whole`;
    scan.tornBytes = 0;
  }
  withRead(files, file, (fd) => {
    for (const line of scanLines(files, fd)) {
      if (line.terminated) scanLine(line, ordinal, head, scan);
      else scan.tornBytes = line.endOffset - line.startOffset;
    }
  });
}

function scanLine(line: ScannedLine, segment: number, head: Head | null, scan: Scan): void {
  const intact = intactLine(line.bytes);
  const record = intact === null ? null : (parsedRecord(intact.record) as RecordShape | null);
  const link = linkOf(record);
  if (intact === null || link === null) {
    scan.damage ??= `${segmentName(segment)}: line ${line.number} is not as it was written`;
    return;
  }
  // A chain that begins tells itself what was wrong before it.
  if (link.number === 0) scan.damage = null;
  if (!follows(scan.state, link))
    scan.damage ??= `${segmentName(segment)}: line ${line.number} does not follow the record before it`;
  scan.state = { chain: link.chain, next: link.number + 1, last: intact.hash };
  scan.headChainSeen ||= link.chain === head?.last.chain;
  scan.cleanly = record?.unmapped.weir.phase === "close" && record.unmapped.weir.kind === "chain";
  noteOpen(record!, segment, line, scan);
}

function follows(state: ChainState | null, link: ChainLink): boolean {
  if (state === null) return true;
  if (link.chain !== state.chain) return link.number === 0;
  return link.number === state.next && link.previous === state.last;
}

interface RecordShape {
  readonly unmapped: {
    readonly weir: {
      readonly kind?: unknown;
      readonly phase?: unknown;
      readonly session?: unknown;
      readonly statement?: unknown;
    };
  };
}

function noteOpen(record: RecordShape, segment: number, line: ScannedLine, scan: Scan): void {
  const { kind, session, statement } = record.unmapped.weir;
  if (typeof session !== "string" || typeof statement !== "number") return;
  const key = `${session}/${statement}`;
  if (kind === "outcome") scan.open.delete(key);
  if (kind !== "decision") return;
  if (scan.open.size >= OPEN_DECISIONS_MAX) scan.openForgotten++;
  else scan.open.set(key, { session, statement, segment, startOffset: line.startOffset, lineBytes: line.bytes.length });
}

/** Null when the chain that was found can go on, or there is none. */
function predecessorOf(scan: Scan, head: Head | null): Predecessor | null {
  const isShort = isBehind(scan, head);
  if (scan.damage === null && !isShort && !(scan.rebooted && scan.state !== null)) return null;
  const { state } = scan;
  const number = state === null ? null : state.next - 1;
  const known =
    head !== null && (state === null || head.last.chain === state.chain)
      ? Math.max(head.last.number, number ?? 0)
      : number;
  return {
    chain: state?.chain ?? head?.last.chain ?? "",
    number,
    hash: state?.last ?? null,
    knownNumber: known,
    why: scan.damage === null ? "lost" : "damaged",
    detail:
      scan.damage ??
      (isShort
        ? `records up to number ${known} had been written, the last one found is ${number ?? "none"}`
        : "the machine was started anew while the chain was open, and what was written last may be gone"),
  };
}

/** The head knows of records that are not there. */
function isBehind(scan: Scan, head: Head | null): boolean {
  if (head === null) return false;
  if (!scan.headChainSeen || scan.state === null) return true;
  return scan.state.chain === head.last.chain && scan.state.next - 1 < head.last.number;
}

/** The record of an open decision, read back. */
export function readRecord(files: SpoolFiles, folder: string, place: OpenPlace): unknown {
  return withRead(files, join(folder, segmentName(place.segment)), (fd) => {
    const line = Buffer.alloc(place.lineBytes);
    readFully(files, fd, line, place.startOffset);
    const intact = intactLine(line);
    return intact === null ? null : parsedRecord(intact.record);
  });
}

/** Fills `into` from `position`; the number of bytes that there were. */
export function readFully(files: SpoolFiles, fd: number, into: Buffer, position: number): number {
  let done = 0;
  while (done < into.length) {
    const count = files.read(fd, into.subarray(done), position + done);
    if (count === 0) break;
    done += count;
  }
  return done;
}

export function withRead<T>(files: SpoolFiles, file: string, use: (fd: number) => T): T {
  const fd = files.openRead(file);
  try {
    return use(fd);
  } finally {
    files.close(fd);
  }
}

function sizeOf(files: SpoolFiles, file: string): number {
  return withRead(files, file, (fd) => files.size(fd));
}

/** Small files only; an absent one is empty. */
export function textOf(files: SpoolFiles, file: string): string {
  try {
    return withRead(files, file, (fd) => {
      const bytes = Buffer.alloc(64 * 1024);
      return bytes.toString("utf8", 0, readFully(files, fd, bytes, 0));
    });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw cause;
  }
}
