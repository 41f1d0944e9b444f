// The keyed check at the end of a text token, by which a token that is written back is recognised, and its base 32.
import { Aes256 } from "./aes256.ts";
import type { RowSink } from "./row-sink.ts";

/** 18 characters of base 32 carry 90 bits. */
export const TOKEN_BODY_CHARACTERS = 18;
/** 20 bits: one random text of the same look in a million passes. */
export const TOKEN_CHECK_CHARACTERS = 4;

const BASE32 = Buffer.from("abcdefghijklmnopqrstuvwxyz234567");
const VALUES = new Uint8Array(256).fill(255);
for (const [value, character] of BASE32.entries()) VALUES[character] = value;

/** Check characters are the start of the body encrypted as one AES block, under one key for all columns. */
export class TokenCheck {
  readonly #aes: Aes256;
  readonly #block = new Uint32Array(4);

  constructor(key: Buffer) {
    this.#aes = new Aes256(key);
  }

  /** Appends the check of the body that was appended since `from`, a position of the sink. */
  write(sink: RowSink, from: number): void {
    const bits = this.#bits(sink.bytes, sink.indexOf(from));
    const at = sink.reserve(TOKEN_CHECK_CHARACTERS);
    for (let i = 0; i < TOKEN_CHECK_CHARACTERS; i++) sink.bytes[at + i] = BASE32[(bits >>> (27 - 5 * i)) & 31]!;
  }

  /** Whether source[start, end) is a body with its check. */
  matches(source: Uint8Array, start: number, end: number): boolean {
    if (end - start !== TOKEN_BODY_CHARACTERS + TOKEN_CHECK_CHARACTERS) return false;
    for (let i = start; i < end; i++) if (VALUES[source[i]!] === 255) return false;
    const bits = this.#bits(source, start);
    for (let i = 0; i < TOKEN_CHECK_CHARACTERS; i++) {
      if (source[start + TOKEN_BODY_CHARACTERS + i] !== BASE32[(bits >>> (27 - 5 * i)) & 31]) return false;
    }
    return true;
  }

  /** Six characters fill 30 bits of each of three words. */
  #bits(source: Uint8Array, start: number): number {
    const block = this.#block;
    block[3] = 0;
    for (let word = 0, at = start; word < 3; word++) {
      let bits = 0;
      for (const end = at + 6; at < end; at++) bits = (bits << 5) | VALUES[source[at]!]!;
      block[word] = bits;
    }
    this.#aes.encrypt(block);
    return block[0]!;
  }
}

/** Appends the first 5 * count bits of `digest`. */
export function writeBase32(digest: Buffer, count: number, sink: RowSink): void {
  const at = sink.reserve(count);
  const out = sink.bytes;
  let bits = 0;
  let held = 0;
  let next = 0;
  for (let i = 0; i < count; i++) {
    if (held < 5) {
      bits = ((bits << 8) | digest[next++]!) & 0xffff;
      held += 8;
    }
    held -= 5;
    out[at + i] = BASE32[(bits >>> held) & 31]!;
  }
}
