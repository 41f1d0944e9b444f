// How a record lies in a segment: one line `{"sha256":"<64 hex>","record":<the exact bytes that were hashed>}`. The line is JSON
// itself, for jq and people; the record's bytes are found by position, never by parsing.
import { recordHash } from "./chain.ts";

const HEAD = '{"sha256":"';
const MIDDLE = '","record":';
export const HASH_START = HEAD.length;
export const RECORD_START = HASH_START + 64 + MIDDLE.length;
/** Of a whole line; a record is bounded far below it (record.ts). */
export const LINE_BYTES_MAX = 4 * 1024 * 1024;
const NEWLINE = 0x0a;
const BRACE = 0x7d;

/** Collects lines for one write. Its bytes are valid until the next `add` or `clear`. */
export class LineBuffer {
  private buffer = Buffer.allocUnsafe(256 * 1024);
  private end = 0;

  get length(): number {
    return this.end;
  }

  /** Adds the canonical text of a record and returns its hash. */
  add(record: string): string {
    this.reserve(RECORD_START + record.length * 3 + 2);
    const start = this.end + RECORD_START;
    const end = start + this.buffer.write(record, start, "utf8");
    const hash = recordHash(this.buffer.subarray(start, end));
    this.buffer.write(`${HEAD}${hash}${MIDDLE}`, this.end, "latin1");
    this.buffer[end] = BRACE;
    this.buffer[end + 1] = NEWLINE;
    this.end = end + 2;
    return hash;
  }

  bytes(): Buffer {
    return this.buffer.subarray(0, this.end);
  }

  clear(): void {
    this.end = 0;
  }

  private reserve(bytes: number): void {
    if (this.end + bytes <= this.buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, this.end + bytes));
    this.buffer.copy(larger, 0, 0, this.end);
    this.buffer = larger;
  }
}

export interface Line {
  /** As the line says. */
  readonly hash: string;
  /** A view of the line's bytes. */
  readonly record: Buffer;
}

/** Takes a line without its line break apart; null when it has not the form of one. Does not check the hash. */
export function parseLine(line: Buffer): Line | null {
  if (line.length < RECORD_START + 3 || line[line.length - 1] !== BRACE) return null;
  if (
    line.toString("latin1", 0, HASH_START) !== HEAD ||
    line.toString("latin1", HASH_START + 64, RECORD_START) !== MIDDLE
  )
    return null;
  return { hash: line.toString("latin1", HASH_START, HASH_START + 64), record: line.subarray(RECORD_START, -1) };
}

/** A line whose record has the hash that the line names. */
export function intactLine(line: Buffer): Line | null {
  const parsed = parseLine(line);
  return parsed !== null && recordHash(parsed.record) === parsed.hash ? parsed : null;
}
