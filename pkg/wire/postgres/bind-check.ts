// Checks the structure of a Bind that arrives in pieces, exactly as `decodeBindNames` checks a whole one, holding none of it.
import { WireError } from "./wire-error.ts";

/** What comes next, in the order of the message. */
type Part =
  | "portal"
  | "statement"
  | "format count"
  | "formats"
  | "value count"
  | "value length"
  | "value"
  | "result count"
  | "results"
  | "end";

export class BindCheck {
  #part: Part = "portal";
  /** Bytes of the current number that have come, and its value so far. */
  #digits = 0;
  #number = 0;
  /** Bytes to pass over. */
  #skip = 0;
  #values = 0;
  #leftBytes: number;

  /** `bodyBytes`: the declared size of the body. */
  constructor(bodyBytes: number) {
    this.#leftBytes = bodyBytes;
  }

  /** The next bytes of the body. Throws WireError as soon as they do not fit into the declared size, or leave some of it over. */
  push(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length) {
      const taken = this.#step(bytes, at);
      at += taken;
      this.#leftBytes -= taken;
    }
    if (this.#leftBytes === 0 && this.#part !== "end") throw new WireError("message Bind is truncated");
  }

  /** Consumes at least one byte. */
  #step(bytes: Buffer, at: number): number {
    switch (this.#part) {
      case "portal":
        return this.#name(bytes, at, "statement");
      case "statement":
        return this.#name(bytes, at, "format count");
      case "format count":
        return this.#count(bytes, at, 2, (count) => this.#pass(2 * count, "formats", "value count"));
      case "value count":
        return this.#count(bytes, at, 2, (count) => {
          this.#values = count;
          this.#nextValue();
        });
      case "value length":
        return this.#count(bytes, at, 4, (length) => this.#value(length));
      case "result count":
        return this.#count(bytes, at, 2, (count) => this.#pass(2 * count, "results", "end"));
      case "end":
        throw new WireError("message Bind has bytes behind its end");
      default:
        return this.#passOver(bytes.length - at);
    }
  }

  #name(bytes: Buffer, at: number, next: Part): number {
    const end = bytes.indexOf(0, at);
    if (end === -1) return bytes.length - at;
    this.#part = next;
    return end + 1 - at;
  }

  #count(bytes: Buffer, at: number, size: 2 | 4, then: (value: number) => void): number {
    this.#number = this.#number * 256 + bytes[at]!;
    if (++this.#digits === size) {
      const value = this.#number;
      this.#digits = this.#number = 0;
      then(value);
    }
    return 1;
  }

  #value(length: number): void {
    if (length === 0xffffffff) return this.#nextValue();
    if (length > 0x7fffffff) throw new WireError("message Bind has a negative length");
    this.#skip = length;
    this.#part = "value";
    this.#within(length);
    if (length === 0) this.#nextValue();
  }

  #nextValue(): void {
    this.#part = this.#values-- > 0 ? "value length" : "result count";
  }

  #pass(bytes: number, part: Part, next: Part): void {
    this.#within(bytes);
    this.#skip = bytes;
    this.#part = bytes > 0 ? part : next;
  }

  /** The byte that is being consumed still counts as left. */
  #within(bytes: number): void {
    if (bytes > this.#leftBytes - 1) throw new WireError("message Bind is truncated");
  }

  #passOver(available: number): number {
    const taken = Math.min(this.#skip, available);
    this.#skip -= taken;
    if (this.#skip === 0) this.#afterSkipping();
    return taken;
  }

  #afterSkipping(): void {
    if (this.#part === "value") this.#nextValue();
    else this.#part = this.#part === "formats" ? "value count" : "end";
  }
}
