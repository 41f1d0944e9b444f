// HMAC-SHA256 (RFC 2104, FIPS 180-4) with both pads hashed beforehand: a short value costs two compressions and no
// object, less than half of what node:crypto takes for it. Long values go to node:crypto, with the same result.
import { createHmac } from "node:crypto";

const BLOCK_BYTES = 64;
const LONG_BYTES = 512;

/** First 32 bits of the fractional parts of the cube roots (K) or square roots (H) of the first primes. */
function fractions(count: number, root: (prime: number) => number): Int32Array {
  const out = new Int32Array(count);
  for (let found = 0, candidate = 2; found < count; candidate++) {
    let prime = true;
    for (let d = 2; d * d <= candidate; d++) if (candidate % d === 0) prime = false;
    if (prime) out[found++] = (root(candidate) % 1) * 2 ** 32;
  }
  return out;
}

const K = fractions(64, Math.cbrt);
const H = fractions(8, Math.sqrt);

/** One key's HMAC. `digest` is overwritten by every call. */
export class Hmac {
  readonly digest = Buffer.alloc(32);
  readonly #key: Buffer;
  readonly #inner = H.slice();
  readonly #outer = H.slice();
  readonly #state = new Int32Array(8);
  readonly #words = new Int32Array(64);
  readonly #block = Buffer.alloc(BLOCK_BYTES);

  /** `key` of at most 64 bytes. */
  constructor(key: Buffer) {
    this.#key = key;
    for (const [pad, state] of [
      [0x36, this.#inner],
      [0x5c, this.#outer],
    ] as const) {
      const block = Buffer.alloc(BLOCK_BYTES, pad);
      for (let i = 0; i < key.length; i++) block[i] = key[i]! ^ pad;
      compress(state, this.#words, block, 0);
    }
  }

  /** HMAC of source[start, end), in `digest`. */
  compute(source: Buffer, start: number, end: number): Buffer {
    if (end - start > LONG_BYTES) {
      createHmac("sha256", this.#key).update(source.subarray(start, end)).digest().copy(this.digest);
      return this.digest;
    }
    const state = this.#state;
    state.set(this.#inner);
    this.#absorb(source, start, end);
    const block = this.#block;
    storeState(state, block);
    pad(block, 32, BLOCK_BYTES + 32);
    state.set(this.#outer);
    compress(state, this.#words, block, 0);
    storeState(state, this.digest);
    return this.digest;
  }

  #absorb(source: Buffer, start: number, end: number): void {
    const state = this.#state;
    const words = this.#words;
    const block = this.#block;
    let at = start;
    for (; at + BLOCK_BYTES <= end; at += BLOCK_BYTES) compress(state, words, source, at);
    let fill = 0;
    while (at < end) block[fill++] = source[at++]!;
    if (fill > BLOCK_BYTES - 9) {
      block[fill++] = 0x80;
      while (fill < BLOCK_BYTES) block[fill++] = 0;
      compress(state, words, block, 0);
      block.fill(0, 0, BLOCK_BYTES - 8);
      storeBits(block, BLOCK_BYTES + end - start);
    } else {
      pad(block, fill, BLOCK_BYTES + end - start);
    }
    compress(state, words, block, 0);
  }
}

function pad(block: Buffer, fill: number, totalBytes: number): void {
  block[fill] = 0x80;
  for (let i = fill + 1; i < BLOCK_BYTES - 8; i++) block[i] = 0;
  storeBits(block, totalBytes);
}

function storeBits(block: Buffer, totalBytes: number): void {
  const bits = totalBytes * 8;
  for (let i = 0; i < 4; i++) block[56 + i] = 0;
  block[60] = bits >>> 24;
  block[61] = bits >>> 16;
  block[62] = bits >>> 8;
  block[63] = bits;
}

function storeState(state: Int32Array, out: Buffer): void {
  for (let i = 0; i < 8; i++) {
    const word = state[i]!;
    out[4 * i] = word >>> 24;
    out[4 * i + 1] = word >>> 16;
    out[4 * i + 2] = word >>> 8;
    out[4 * i + 3] = word;
  }
}

function compress(state: Int32Array, w: Int32Array, block: Uint8Array, offset: number): void {
  for (let i = 0, at = offset; i < 16; i++, at += 4) {
    w[i] = (block[at]! << 24) | (block[at + 1]! << 16) | (block[at + 2]! << 8) | block[at + 3]!;
  }
  for (let i = 16; i < 64; i++) {
    const x = w[i - 15]!;
    const y = w[i - 2]!;
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    w[i] = (w[i - 16]! + s0 + w[i - 7]! + s1) | 0;
  }
  let a = state[0]!;
  let b = state[1]!;
  let c = state[2]!;
  let d = state[3]!;
  let e = state[4]!;
  let f = state[5]!;
  let g = state[6]!;
  let h = state[7]!;
  for (let i = 0; i < 64; i++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + K[i]! + w[i]!) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  state[0] = (state[0]! + a) | 0;
  state[1] = (state[1]! + b) | 0;
  state[2] = (state[2]! + c) | 0;
  state[3] = (state[3]! + d) | 0;
  state[4] = (state[4]! + e) | 0;
  state[5] = (state[5]! + f) | 0;
  state[6] = (state[6]! + g) | 0;
  state[7] = (state[7]! + h) | 0;
}
