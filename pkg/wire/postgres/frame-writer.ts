// Builds one frame: type byte, length that counts itself, body.
import { WireError } from "./wire-error.ts";

/** How our strings become bytes: `latin1` for names and texts relayed as bytes, `utf8` for texts of our own. */
export type TextEncoding = "latin1" | "utf8";

const SMALL_BYTES = 64;

export class FrameWriter {
  #buffer: Buffer;
  #end: number;
  readonly #lengthAt: number;

  /** `type` is the type letter; "" for the untyped packets of start-up. */
  constructor(type: string, sizeHint = SMALL_BYTES) {
    this.#buffer = Buffer.allocUnsafe(Math.max(sizeHint, SMALL_BYTES));
    this.#lengthAt = type.length;
    if (type !== "") this.#buffer[0] = type.charCodeAt(0);
    this.#end = this.#lengthAt + 4;
  }

  uint8(value: number): this {
    this.#reserve(1);
    this.#end = this.#buffer.writeUInt8(value, this.#end);
    return this;
  }

  uint16(value: number): this {
    this.#reserve(2);
    this.#end = this.#buffer.writeUInt16BE(value, this.#end);
    return this;
  }

  int16(value: number): this {
    this.#reserve(2);
    this.#end = this.#buffer.writeInt16BE(value, this.#end);
    return this;
  }

  int32(value: number): this {
    this.#reserve(4);
    this.#end = this.#buffer.writeInt32BE(value, this.#end);
    return this;
  }

  uint32(value: number): this {
    this.#reserve(4);
    this.#end = this.#buffer.writeUInt32BE(value, this.#end);
    return this;
  }

  bytes(value: Buffer): this {
    this.#reserve(value.length);
    this.#end += value.copy(this.#buffer, this.#end);
    return this;
  }

  /** An Int32 length and the bytes; length -1 for null. */
  value(value: Buffer | null): this {
    return value === null ? this.int32(-1) : this.int32(value.length).bytes(value);
  }

  /** The bytes and a zero byte. Throws WireError when they hold a zero byte: the rest would be read as something else. */
  text(value: Buffer): this {
    if (value.includes(0)) throw new WireError("a string to be sent holds a zero byte");
    return this.bytes(value).uint8(0);
  }

  name(value: string, encoding: TextEncoding = "latin1"): this {
    return this.text(Buffer.from(value, encoding));
  }

  /** A Uint16 count and its items. Throws WireError above 65,535. */
  list<T>(items: readonly T[], write: (item: T) => void): this {
    if (items.length > 0xffff)
      throw new WireError(`a list of ${items.length} items to be sent is above the protocol's 65535`);
    this.uint16(items.length);
    for (const item of items) write(item);
    return this;
  }

  finish(): Buffer {
    this.#buffer.writeUInt32BE(this.#end - this.#lengthAt, this.#lengthAt);
    return this.#buffer.subarray(0, this.#end);
  }

  #reserve(count: number): void {
    const need = this.#end + count;
    if (need <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(need, this.#buffer.length * 2));
    this.#buffer.copy(larger, 0, 0, this.#end);
    this.#buffer = larger;
  }
}
