// Reads a spool behind its writer: whole lines, up to where the writer has committed, in bounded pieces. Never further: what lies
// beyond may still be cut back.
import { join } from "node:path";
import { type Line, parseLine } from "../audit/line.ts";
import { segmentName, segmentOrdinals } from "../audit/segment-file.ts";
import type { SpoolFiles } from "../audit/spool-files.ts";
import type { Committed } from "./committed.ts";
import { Scratch } from "./scratch.ts";

/** Where in the spool; the next byte to read. */
export interface SpoolPlace {
  readonly segment: number;
  readonly offset: number;
}

export interface SpoolLine extends Line {
  /** The whole line without its line break. */
  readonly bytes: Buffer;
  /** Behind it. */
  readonly end: SpoolPlace;
}

export interface Piece {
  readonly lines: readonly SpoolLine[];
  /** Lines that have not the form of one, and rests that a crash left. */
  readonly damaged: number;
  readonly end: SpoolPlace;
  /** Everything that was committed has been read. */
  readonly isEnd: boolean;
}

const PIECE_BYTES = 1024 * 1024;
const NEWLINE = 0x0a;

export class SpoolReader {
  readonly folder: string;
  private readonly files: SpoolFiles;
  private readonly committed: () => Committed;
  private readonly memory = new Scratch();
  private open: { readonly segment: number; readonly fd: number } | null = null;

  constructor(folder: string, files: SpoolFiles, committed: () => Committed) {
    this.folder = folder;
    this.files = files;
    this.committed = committed;
  }

  /** The oldest byte that is there. */
  start(): SpoolPlace {
    return { segment: segmentOrdinals(this.files.list(this.folder))[0] ?? this.committed().segment, offset: 0 };
  }

  /** Where the writer stands. */
  end(): SpoolPlace {
    const { segment, bytes } = this.committed();
    return { segment, offset: bytes };
  }

  /** The next lines from `from` on, about a megabyte of them, or one line that is longer. They are valid until the next `read`. */
  read(from: SpoolPlace): Piece {
    const limit = this.committed();
    if (from.segment > limit.segment) return { lines: [], damaged: 0, end: from, isEnd: true };
    const isLast = from.segment === limit.segment;
    const fd = this.descriptorOf(from.segment);
    const size = isLast ? limit.bytes : this.files.size(fd);
    for (let want = PIECE_BYTES; ; want *= 2) {
      const bytes = this.bytes(fd, from.offset, Math.min(want, size - from.offset));
      const found = linesOf(bytes, from);
      const reachesEnd = from.offset + bytes.length >= size;
      if (found.end.offset === from.offset && !reachesEnd) continue; // a line longer than this piece
      if (!reachesEnd) return { ...found, isEnd: false };
      if (isLast) return { ...found, isEnd: true };
      // A finished segment that does not end with a line break: a crash cut its last record short.
      const torn = found.end.offset < size ? 1 : 0;
      return { ...found, damaged: found.damaged + torn, end: { segment: from.segment + 1, offset: 0 }, isEnd: false };
    }
  }

  /** What was written so far to this segment survives the machine. */
  sync(segment: number): void {
    this.files.datasync(this.descriptorOf(segment));
  }

  close(): void {
    if (this.open !== null) this.files.close(this.open.fd);
    this.open = null;
  }

  private descriptorOf(segment: number): number {
    if (this.open?.segment === segment) return this.open.fd;
    this.close();
    const fd = this.files.openRead(join(this.folder, segmentName(segment)));
    this.open = { segment, fd };
    return fd;
  }

  private bytes(fd: number, offset: number, length: number): Buffer {
    const bytes = this.memory.of(Math.max(0, length));
    let done = 0;
    while (done < bytes.length) {
      const count = this.files.read(fd, bytes.subarray(done), offset + done);
      if (count === 0) break;
      done += count;
    }
    return bytes.subarray(0, done);
  }
}

function linesOf(bytes: Buffer, from: SpoolPlace): { lines: SpoolLine[]; damaged: number; end: SpoolPlace } {
  const lines: SpoolLine[] = [];
  let damaged = 0;
  let start = 0;
  for (let stop = bytes.indexOf(NEWLINE); stop !== -1; stop = bytes.indexOf(NEWLINE, start)) {
    const line = bytes.subarray(start, stop);
    const parsed = parseLine(line);
    start = stop + 1;
    if (parsed === null) damaged++;
    else lines.push({ ...parsed, bytes: line, end: { segment: from.segment, offset: from.offset + start } });
  }
  return { lines, damaged, end: { segment: from.segment, offset: from.offset + start } };
}
