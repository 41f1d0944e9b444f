// FF1, format-preserving encryption (NIST SP 800-38G) with an empty tweak: a keyed permutation of the numeral strings of one
// length in one radix. `Ff1` is the general form; `BitPermutation` is radix 2 up to 63 numerals, without big numbers.
import { Aes256 } from "./aes256.ts";

const ROUNDS = 10;

/** What depends on the number of numerals only. */
interface Halves {
  /** radix ** u and radix ** v, for even and odd rounds; the second is also the weight of the upper half. */
  readonly powers: readonly [bigint, bigint];
  /** AES of the block P. */
  readonly first: Uint32Array;
  /** Bytes of NUM(B) in Q. */
  readonly bytes: number;
  /** Blocks of Q, and words of S that make y (d bytes). */
  readonly blocks: number;
  readonly words: number;
}

const LENGTHS_KEPT = 512;

export class Ff1 {
  readonly #aes: Aes256;
  readonly #radix: number;
  readonly #block = new Uint32Array(4);
  readonly #halves = new Map<number, Halves>();

  /** `radix` from 2 to 65536. */
  constructor(key: Buffer, radix: number) {
    this.#aes = new Aes256(key);
    this.#radix = radix;
  }

  /** Encrypts `value`, a string of `count` numerals read as a number: 0 <= value < radix ** count, count >= 2. */
  encrypt(value: bigint, count: number): bigint {
    const halves = this.#halvesOf(count);
    const weight = halves.powers[1];
    let a = value / weight;
    let b = value % weight;
    for (let round = 0; round < ROUNDS; round++) {
      const c = (a + this.#round(halves, round, b)) % halves.powers[round & 1]!;
      a = b;
      b = c;
    }
    return a * weight + b;
  }

  decrypt(value: bigint, count: number): bigint {
    const halves = this.#halvesOf(count);
    const weight = halves.powers[1];
    let a = value / weight;
    let b = value % weight;
    for (let round = ROUNDS - 1; round >= 0; round--) {
      const modulus = halves.powers[round & 1]!;
      const c = (((b - this.#round(halves, round, a)) % modulus) + modulus) % modulus;
      b = a;
      a = c;
    }
    return a * weight + b;
  }

  /** Steps 1 to 5 of the standard. After an even number of rounds the halves are in their places again. */
  #halvesOf(count: number): Halves {
    const known = this.#halves.get(count);
    if (known !== undefined) return known;
    const radix = BigInt(this.#radix);
    const u = count >> 1;
    const powers = [radix ** BigInt(u), radix ** BigInt(count - u)] as const;
    const bytes = Math.ceil((powers[1] - 1n).toString(2).length / 8);
    const first = Uint32Array.of(
      0x01020100 | (this.#radix >>> 16),
      ((this.#radix & 0xffff) << 16) | (10 << 8) | (u & 255),
      count,
      0,
    );
    this.#aes.encrypt(first);
    const halves = { powers, first, bytes, blocks: Math.ceil((bytes + 1) / 16), words: Math.ceil(bytes / 4) + 1 };
    if (this.#halves.size >= LENGTHS_KEPT) this.#halves.clear();
    this.#halves.set(count, halves);
    return halves;
  }

  /** Steps 6i to 6iv: y = NUM of the first d bytes of the expanded PRF(P || Q). */
  #round({ first, bytes, blocks, words }: Halves, round: number, half: bigint): bigint {
    const block = this.#block;
    block.set(first);
    const q = (BigInt(round) << BigInt(8 * bytes)) | half;
    for (let i = blocks - 1; i >= 0; i--) {
      xorBlock(block, q >> BigInt(128 * i));
      this.#aes.encrypt(block);
    }
    let y = numberOf(block, Math.min(4, words));
    if (words <= 4) return y;
    const r = block.slice();
    for (let j = 1, left = words - 4; left > 0; j++, left -= 4) {
      block.set(r);
      block[3]! ^= j;
      this.#aes.encrypt(block);
      y = (y << BigInt(32 * Math.min(4, left))) | numberOf(block, Math.min(4, left));
    }
    return y;
  }
}

/** Xors the low 128 bits of `value` into a block. */
function xorBlock(block: Uint32Array, value: bigint): void {
  for (let word = 3, rest = value; word >= 0; word--, rest >>= 32n) block[word]! ^= Number(rest & 0xffffffffn);
}

/** The first `words` words of a block as a number. */
function numberOf(block: Uint32Array, words: number): bigint {
  let value = 0n;
  for (let i = 0; i < words; i++) value = (value << 32n) | BigInt(block[i]!);
  return value;
}

/** FF1 with radix 2 over the numbers below 2 ** bits, for 8 to 63 bits. */
export class BitPermutation {
  readonly #aes: Aes256;
  readonly #first = new Uint32Array(4);
  readonly #words = new Uint32Array(4);
  readonly #lowBits: bigint;
  readonly #lowMask: bigint;
  readonly #highMask: number;
  readonly #lowMask32: number;
  /** Place of the round number in Q, in front of the half's bytes. */
  readonly #roundWord: number;
  readonly #roundShift: number;

  constructor(key: Buffer, bits: number) {
    this.#aes = new Aes256(key);
    const u = bits >> 1;
    const v = bits - u;
    const bytes = Math.ceil(v / 8);
    this.#first.set([0x01020100, 0x00020a00 | u, bits, 0]);
    this.#aes.encrypt(this.#first);
    this.#lowBits = BigInt(v);
    this.#lowMask = (1n << this.#lowBits) - 1n;
    this.#highMask = 2 ** u - 1;
    this.#lowMask32 = 2 ** v - 1;
    this.#roundWord = bytes === 4 ? 2 : 3;
    this.#roundShift = bytes === 4 ? 0 : 8 * bytes;
  }

  encrypt(value: bigint): bigint {
    let a = Number(value >> this.#lowBits);
    let b = Number(value & this.#lowMask);
    for (let round = 0; round < ROUNDS; round++) {
      const mask = round & 1 ? this.#lowMask32 : this.#highMask;
      const c = ((a + this.#round(round, b)) & mask) >>> 0;
      a = b;
      b = c;
    }
    return (BigInt(a) << this.#lowBits) | BigInt(b);
  }

  decrypt(value: bigint): bigint {
    let a = Number(value >> this.#lowBits);
    let b = Number(value & this.#lowMask);
    for (let round = ROUNDS - 1; round >= 0; round--) {
      const mask = round & 1 ? this.#lowMask32 : this.#highMask;
      const c = ((b - this.#round(round, a)) & mask) >>> 0;
      b = a;
      a = c;
    }
    return (BigInt(a) << this.#lowBits) | BigInt(b);
  }

  /** The low 32 bits of y: d is 8 bytes here, and no half is longer than 32 bits. */
  #round(round: number, half: number): number {
    const words = this.#words;
    words.set(this.#first);
    words[this.#roundWord]! ^= round << this.#roundShift;
    words[3]! ^= half;
    this.#aes.encrypt(words);
    return words[1]!;
  }
}
