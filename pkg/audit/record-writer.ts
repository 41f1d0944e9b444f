// Bytes of records, put together from pieces that were encoded before. Joining strings instead costs ten times as much: each join is an
// object, and the whole is walked again when it becomes bytes.

export class RecordWriter {
  private buffer = Buffer.allocUnsafeSlow(256 * 1024);
  private at = 0;

  get length(): number {
    return this.at;
  }

  /** What was written from `start` on; valid until the next write. */
  bytes(start = 0): Buffer {
    return this.buffer.subarray(start, this.at);
  }

  /** Forgets everything from `length` on. */
  cutTo(length: number): void {
    this.at = length;
  }

  piece(bytes: Uint8Array): void {
    const at = this.skip(bytes.length);
    this.buffer.set(bytes, at);
  }

  /** A string whose characters are all below 128. */
  ascii(text: string): void {
    const at = this.skip(text.length);
    this.buffer.write(text, at, text.length, "latin1");
  }

  text(text: string): void {
    this.reserve(text.length * 3);
    this.at += this.buffer.write(text, this.at, "utf8");
  }

  /** `value` in decimal, as JSON writes it: whole and not negative, else 0. */
  whole(value: number): void {
    let left = value | 0;
    if (left !== value || left < 0)
      return this.ascii(String(Number.isFinite(value) ? Math.max(0, Math.trunc(value)) : 0));
    let digits = 1;
    for (let bound = 10; left >= bound && digits < INT32_DIGITS; bound *= 10) digits++;
    for (let at = this.skip(digits) + digits - 1; digits > 0; at--, digits--) {
      const higher = (left / 10) | 0;
      this.buffer[at] = ZERO + left - higher * 10;
      left = higher;
    }
  }

  /** Room for `count` bytes to be filled in by `patch`; returns where they are. */
  skip(count: number): number {
    this.reserve(count);
    const at = this.at;
    this.at = at + count;
    return at;
  }

  /** Writes into what was skipped. */
  patch(at: number, bytes: Uint8Array): void {
    this.buffer.set(bytes, at);
  }

  patchAscii(at: number, text: string): void {
    this.buffer.write(text, at, text.length, "latin1");
  }

  private reserve(bytes: number): void {
    if (this.at + bytes <= this.buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.buffer.length * 2, this.at + bytes));
    this.buffer.copy(larger, 0, 0, this.at);
    this.buffer = larger;
  }
}

const ZERO = 0x30;
const INT32_DIGITS = 10;
