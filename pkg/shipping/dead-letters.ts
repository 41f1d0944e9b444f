// Records that no collector takes: kept in a file beside the spool, each line as it was, under a line that says why. Bounded: what does
// not fit stays in the spool, whose limit is policy's.
import { join } from "node:path";
import type { SpoolFiles } from "../audit/spool-files.ts";
import type { SpoolLine } from "./spool-reader.ts";

export const DEAD_LETTERS_FILE = "dead-letters.jsonl";

export interface DeadLetter {
  readonly timeMs: number;
  readonly chain: string;
  readonly why: string;
}

export class DeadLetters {
  private readonly files: SpoolFiles;
  private readonly file: string;
  private readonly bytesMax: number;

  constructor(files: SpoolFiles, folder: string, bytesMax: number) {
    this.files = files;
    this.file = join(folder, DEAD_LETTERS_FILE);
    this.bytesMax = bytesMax;
  }

  /** Durable when it returns. False: there is no room for them. Throws what the file system throws. */
  add(letter: DeadLetter, lines: readonly SpoolLine[]): boolean {
    const head = Buffer.from(`${JSON.stringify({ ...letter, records: lines.length })}\n`);
    const bytes = Buffer.concat([head, ...lines.flatMap((line) => [line.bytes, NEWLINE])]);
    const fd = this.files.openAppend(this.file, false);
    try {
      const size = this.files.size(fd);
      if (size + bytes.length > this.bytesMax) return false;
      this.append(fd, size, bytes);
      return true;
    } finally {
      this.files.close(fd);
    }
  }

  private append(fd: number, size: number, bytes: Buffer): void {
    try {
      for (let done = 0; done < bytes.length; ) done += this.files.write(fd, bytes.subarray(done));
      this.files.datasync(fd);
    } catch (cause) {
      this.files.truncate(fd, size);
      throw cause;
    }
  }
}

const NEWLINE = Buffer.from("\n");
