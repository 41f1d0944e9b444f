// A stream of bytes to lines, bounded; the form of a watch.
import type { Readable } from "node:stream";

export const LINE_BYTES_MAX = 8 * 1024 * 1024;

export class LineTooLong extends Error {
  constructor() {
    super(`a line is longer than ${LINE_BYTES_MAX} bytes`);
    this.name = "LineTooLong";
  }
}

/** Whole lines only; what is after the last line break when the stream ends is dropped. `onBytes` is called for each chunk. */
export async function* linesOf(bytes: Readable, onBytes: () => void, max = LINE_BYTES_MAX): AsyncGenerator<string> {
  let parts: Buffer[] = [];
  let length = 0;
  for await (const chunk of bytes as AsyncIterable<Buffer>) {
    onBytes();
    let start = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
      parts.push(chunk.subarray(start, end));
      if (length + end - start > max) throw new LineTooLong();
      const line = Buffer.concat(parts).toString("utf8");
      [parts, length, start] = [[], 0, end + 1];
      if (line !== "") yield line;
    }
    parts.push(chunk.subarray(start));
    length += chunk.length - start;
    if (length > max) throw new LineTooLong();
  }
}
