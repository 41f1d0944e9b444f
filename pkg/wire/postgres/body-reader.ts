// A cursor over one frame's body that checks every count and length before use and never leaves the body.
import { WireError } from "./wire-error.ts";

export class BodyReader {
  readonly #body: Buffer;
  readonly #message: string;
  #at = 0;

  /** `message` names the protocol message in errors, such as `Bind`. */
  constructor(body: Buffer, message: string) {
    this.#body = body;
    this.#message = message;
  }

  get leftBytes(): number {
    return this.#body.length - this.#at;
  }

  uint8(): number {
    return this.#body[this.#take(1)]!;
  }

  /** Counts are unsigned on the wire: PostgreSQL allows 65,535 parameters. */
  uint16(): number {
    return this.#body.readUInt16BE(this.#take(2));
  }

  int16(): number {
    return this.#body.readInt16BE(this.#take(2));
  }

  int32(): number {
    return this.#body.readInt32BE(this.#take(4));
  }

  uint32(): number {
    return this.#body.readUInt32BE(this.#take(4));
  }

  /** The next `count` bytes, as a slice of the body. */
  bytes(count: number): Buffer {
    const start = this.#take(count);
    return this.#body.subarray(start, start + count);
  }

  /** An Int32 length and that many bytes; null for length -1. */
  value(): Buffer | null {
    const length = this.int32();
    if (length === -1) return null;
    if (length < 0) throw this.#malformed("has a negative length");
    return this.bytes(length);
  }

  /** Bytes up to the next zero byte, which is consumed and not returned; a slice of the body. */
  text(): Buffer {
    const end = this.#body.indexOf(0, this.#at);
    if (end === -1) throw this.#malformed("has a string without terminator");
    const text = this.#body.subarray(this.#at, end);
    this.#at = end + 1;
    return text;
  }

  /** A string as latin1: one character a byte, so that any byte string round-trips. */
  name(): string {
    return this.text().toString("latin1");
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
    if (this.#at !== this.#body.length) throw this.#malformed(`has ${this.leftBytes} bytes too many`);
  }

  #take(count: number): number {
    const start = this.#at;
    if (count > this.#body.length - start) throw this.#malformed("ends too early");
    this.#at = start + count;
    return start;
  }

  #malformed(problem: string): WireError {
    return new WireError(`message ${this.#message} ${problem}`);
  }
}
