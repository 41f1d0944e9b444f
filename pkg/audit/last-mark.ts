// The last record of a finished segment, read from its end.
import { linkOf, parsedRecord } from "./chain.ts";
import type { Mark } from "./head.ts";
import { intactLine, LINE_BYTES_MAX } from "./line.ts";
import { readFully, withRead } from "./recover.ts";
import type { SpoolFiles } from "./spool-files.ts";

const FIRST_BYTES = 64 * 1024;
const NEWLINE = 0x0a;

/** Null when the last line is not an intact record. */
export function lastMark(files: SpoolFiles, file: string): Mark | null {
  const line = withRead(files, file, (fd) => lastLine(files, fd));
  const intact = line === null ? null : intactLine(line);
  const link = intact === null ? null : linkOf(parsedRecord(intact.record));
  return intact === null || link === null ? null : { chain: link.chain, number: link.number, hash: intact.hash };
}

function lastLine(files: SpoolFiles, fd: number): Buffer | null {
  const size = files.size(fd);
  for (let bytes = FIRST_BYTES; ; bytes *= 2) {
    const tail = Buffer.alloc(Math.min(bytes, size));
    readFully(files, fd, tail, size - tail.length);
    if (tail.at(-1) !== NEWLINE) return null;
    const before = tail.lastIndexOf(NEWLINE, -2);
    if (before !== -1) return tail.subarray(before + 1, -1);
    if (tail.length === size) return tail.subarray(0, -1);
    if (bytes > LINE_BYTES_MAX) return null;
  }
}
