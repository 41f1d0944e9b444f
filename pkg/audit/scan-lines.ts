// Reads a segment line by line in bounded memory.
import { LINE_BYTES_MAX } from "./line.ts";
import type { SpoolFiles } from "./spool-files.ts";

export interface ScannedLine {
  /** Without its line break; valid until the next step. Empty when longer than `LINE_BYTES_MAX`. */
  readonly bytes: Buffer;
  readonly number: number;
  readonly startOffset: number;
  /** After the line break, if there is one. */
  readonly endOffset: number;
  /** Ends with a line break. Only the last line of a file can lack it. */
  readonly terminated: boolean;
}

const CHUNK_BYTES = 1024 * 1024;
const NEWLINE = 0x0a;

/** Lines of the file `fd`, from 1. Memory: one chunk and one line; `bytesMost` makes the chunk smaller for a file that is. */
export function* scanLines(
  files: Pick<SpoolFiles, "read">,
  fd: number,
  bytesMost = CHUNK_BYTES,
): Generator<ScannedLine> {
  let buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, bytesMost + 1));
  let filled = 0; // bytes of an unfinished line at the start of the buffer
  let skipped = 0; // bytes of an overlong line that were let go
  let lineStart = 0;
  let number = 1;
  for (;;) {
    if (filled === buffer.length) {
      if (filled < LINE_BYTES_MAX) buffer = Buffer.concat([buffer], Math.min(buffer.length * 2, LINE_BYTES_MAX));
      else {
        skipped += filled;
        filled = 0;
      }
    }
    const count = files.read(fd, buffer.subarray(filled), lineStart + skipped + filled);
    if (count === 0) break;
    const end = filled + count;
    const read = buffer.subarray(0, end);
    let start = 0;
    for (let newline = read.indexOf(NEWLINE, filled); newline !== -1; newline = read.indexOf(NEWLINE, start)) {
      const endOffset = lineStart + skipped + newline - start + 1;
      const bytes = skipped > 0 ? buffer.subarray(0, 0) : buffer.subarray(start, newline);
      yield { bytes, number, startOffset: lineStart, endOffset, terminated: true };
      number++;
      lineStart = endOffset;
      skipped = 0;
      start = newline + 1;
    }
    buffer.copyWithin(0, start, end);
    filled = end - start;
  }
  if (filled + skipped === 0) return;
  const bytes = skipped > 0 ? buffer.subarray(0, 0) : buffer.subarray(0, filled);
  yield { bytes, number, startOffset: lineStart, endOffset: lineStart + skipped + filled, terminated: false };
}
