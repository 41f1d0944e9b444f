// What goes to the client, in order, with as few pieces as possible: frames that pass unchanged stay slices of the read buffer
// and adjacent ones are one slice; rewritten rows gather in a sink.

import { RowSink } from "../mask/row-sink.ts";

export class Replies {
  #done: Buffer[] = [];
  #buffer: Buffer | null = null;
  #from = 0;
  #to = 0;
  /** Rows rewritten by a masker; call `beforeSink` before writing to it. */
  readonly sink = new RowSink();

  /** The frame `buffer[start, end)` goes out as it is. */
  pass(buffer: Buffer, start: number, end: number): void {
    if (this.#buffer === buffer && this.#to === start && this.sink.position === 0) {
      this.#to = end;
      return;
    }
    this.#close();
    this.#buffer = buffer;
    this.#from = start;
    this.#to = end;
  }

  /** Call before writing to the sink. */
  beforeSink(): void {
    this.#closeRange();
  }

  push(bytes: Buffer): void {
    this.#close();
    this.#done.push(bytes);
  }

  take(): Buffer[] {
    this.#close();
    const done = this.#done;
    this.#done = [];
    return done;
  }

  /** What waits here no longer needs the chunk that it came in. */
  own(): void {
    this.#close();
    this.#done = [Buffer.concat(this.#done)];
  }

  #close(): void {
    this.#closeRange();
    if (this.sink.position > 0) this.#done.push(this.sink.take());
  }

  #closeRange(): void {
    if (this.#buffer === null) return;
    if (this.sink.position > 0) this.#done.push(this.sink.take());
    this.#done.push(this.#buffer.subarray(this.#from, this.#to));
    this.#buffer = null;
  }
}
