// A cursor over one frame's body that checks every count and length before use and never leaves the body.
import { WireError } from "./wire-error.ts";

const LOOP_BYTES = 32;

export class BodyReader {
  readonly #bytes: Buffer;
  readonly #end: number;
  readonly #message: string;
  #at = 0;

  /** `message` names the protocol message in errors, such as `Bind`. The body is `bytes[from, to)`. */
  constructor(bytes: Buffer, message: string, from = 0, to = bytes.length) {
    this.#bytes = bytes;
    this.#message = message;
    this.#at = from;
    this.#end = to;
  }

  get leftBytes(): number {
    return this.#end - this.#at;
  }

  uint8(): number {
    return this.#bytes[this.#take(1)]!;
  }

  /** Counts are unsigned on the wire: PostgreSQL allows 65,535 parameters. */
  uint16(): number {
    return this.#bytes.readUInt16BE(this.#take(2));
  }

  int16(): number {
    return this.#bytes.readInt16BE(this.#take(2));
  }

  int32(): number {
    return this.#bytes.readInt32BE(this.#take(4));
  }

  uint32(): number {
    return this.#bytes.readUInt32BE(this.#take(4));
  }

  /** The next `count` bytes, as a slice of the body. */
  bytes(count: number): Buffer {
    const start = this.#take(count);
    return this.#bytes.subarray(start, start + count);
  }

  /** An Int32 length and that many bytes; null for length -1. */
  value(): Buffer | null {
    const length = this.int32();
    if (length === -1) return null;
    if (length < 0) throw this.#malformed("has a negative length");
    return this.bytes(length);
  }

  /** Passes over what `value` would return. */
  skipValue(): void {
    const length = this.int32();
    if (length === -1) return;
    if (length < 0) throw this.#malformed("has a negative length");
    this.#take(length);
  }

  /** Bytes up to the next zero byte, which is consumed and not returned; a slice of the body. */
  text(): Buffer {
    const end = this.#textEnd();
    const text = this.#bytes.subarray(this.#at, end);
    this.#at = end + 1;
    return text;
  }

  /** A string as latin1: one character a byte, so that any byte string round-trips. */
  name(): string {
    const start = this.#at;
    const end = this.#textEnd();
    this.#at = end + 1;
    return start === end ? "" : this.#bytes.toString("latin1", start, end);
  }

  /** Where the zero byte is; most names are short, and a loop over them is faster than the call into the runtime. */
  #textEnd(): number {
    const bytes = this.#bytes;
    const near = Math.min(this.#end, this.#at + LOOP_BYTES);
    let at = this.#at;
    while (at < near && bytes[at] !== 0) at++;
    if (at < near) return at;
    const end = bytes.indexOf(0, at);
    if (end === -1 || end >= this.#end) throw this.#malformed("has a string without terminator");
    return end;
  }

  /** Passes over `count` bytes. */
  skip(count: number): void {
    this.#take(count);
  }

  list<T>(count: number, read: () => T): T[] {
    const found: T[] = [];
    for (let index = 0; index < count; index++) found.push(read());
    return found;
  }

  rest(): Buffer {
    return this.bytes(this.leftBytes);
  }

  end(): void {
    if (this.#at !== this.#end) throw this.#malformed(`has ${this.leftBytes} bytes too many`);
  }

  #take(count: number): number {
    const start = this.#at;
    if (count > this.#end - start) throw this.#malformed("ends too early");
    this.#at = start + count;
    return start;
  }

  #malformed(problem: string): WireError {
    return new WireError(`message ${this.#message} ${problem}`);
  }
}
