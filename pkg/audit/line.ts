// How a record lies in a segment: one line `{"sha256":"<64 hex>","record":<the exact bytes that were hashed>}`. The line is JSON
// itself, for jq and people; the record's bytes are found by position, never by parsing.
import { type ChainPosition, type RecordBody, recordHash } from "./chain.ts";
import { RecordWriter } from "./record-writer.ts";

const HEAD = '{"sha256":"';
const MIDDLE = '","record":';
export const HASH_START = HEAD.length;
export const RECORD_START = HASH_START + 64 + MIDDLE.length;
/** Of a whole line; a record is bounded far below it (record.ts). */
export const LINE_BYTES_MAX = 4 * 1024 * 1024;
const BRACE = 0x7d;

const LINE_HEAD = Buffer.from(HEAD);
const LINE_MIDDLE = Buffer.from(MIDDLE);
const LINE_END = Buffer.from("}\n");

/** Collects lines for one write. Its bytes are valid until the next `add` or `clear`. */
export class LineBuffer {
  private readonly out = new RecordWriter();

  get length(): number {
    return this.out.length;
  }

  /** Adds the line of a record at its place in the chain and returns the record's hash. A body that throws leaves nothing behind. */
  add(body: RecordBody, at: ChainPosition): string {
    const { out } = this;
    const start = out.skip(RECORD_START);
    try {
      body(at, out);
    } catch (cause) {
      out.cutTo(start);
      throw cause;
    }
    const hash = recordHash(out.bytes(start + RECORD_START));
    out.patch(start, LINE_HEAD);
    out.patchAscii(start + HASH_START, hash);
    out.patch(start + HASH_START + hash.length, LINE_MIDDLE);
    out.piece(LINE_END);
    return hash;
  }

  bytes(): Buffer {
    return this.out.bytes();
  }

  clear(): void {
    this.out.cutTo(0);
  }
}

/** The line of a record whose exact bytes are at hand. */
export function lineOf(record: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`${HEAD}${recordHash(record)}${MIDDLE}`), record, LINE_END]);
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
