// FF1, format-preserving encryption (NIST SP 800-38G) with an empty tweak: a keyed permutation of the numeral strings of one
// length in one radix. `Ff1` is the general form; `BitPermutation` is radix 2 up to 63 numerals, without big numbers.
import { Aes256 } from "./aes256.ts";

const ROUNDS = 10;

export class Ff1 {
  readonly #aes: Aes256;
  readonly #radix: number;
  readonly #words = new Uint32Array(4);

  /** `radix` from 2 to 65536. */
  constructor(key: Buffer, radix: number) {
    this.#aes = new Aes256(key);
    this.#radix = radix;
  }

  /** Encrypts `value`, a string of `count` numerals read as a number: 0 <= value < radix ** count, count >= 2. */
  encrypt(value: bigint, count: number): bigint {
    const { low, powers, prefix, bytes, rounds } = this.#setup(count);
    let a = value / powers[1]!;
    let b = value % powers[1]!;
    for (let round = 0; round < ROUNDS; round++) {
      const c = (a + this.#round(prefix, round, b, bytes, rounds)) % powers[round & 1]!;
      a = b;
      b = c;
    }
    return a * low + b;
  }

  decrypt(value: bigint, count: number): bigint {
    const { low, powers, prefix, bytes, rounds } = this.#setup(count);
    let a = value / low;
    let b = value % low;
    for (let round = ROUNDS - 1; round >= 0; round--) {
      const modulus = powers[round & 1]!;
      const c = (((b - this.#round(prefix, round, a, bytes, rounds)) % modulus) + modulus) % modulus;
      b = a;
      a = c;
    }
    return a * powers[1]! + b;
  }

  /** Steps 1 to 5: sizes of both halves, and the block P. `rounds` is d, the bytes of the round function that are used. */
  #setup(count: number) {
    const radix = BigInt(this.#radix);
    const u = count >> 1;
    const v = count - u;
    const powers = [radix ** BigInt(u), radix ** BigInt(v)];
    const bytes = Math.ceil((powers[1]! - 1n).toString(2).length / 8);
    const prefix = Buffer.alloc(16);
    prefix.set([1, 2, 1, this.#radix >>> 16, this.#radix >>> 8, this.#radix, 10, u]);
    prefix.writeUInt32BE(count, 8);
    // After an even number of rounds the halves are in their places again: B, the lower one, has v numerals.
    return { powers, low: powers[1]!, prefix, bytes, rounds: 4 * Math.ceil(bytes / 4) + 4 };
  }

  /** Steps 6i to 6iv: y = NUM of the first d bytes of the expanded PRF(P || Q). */
  #round(prefix: Buffer, round: number, b: bigint, bytes: number, d: number): bigint {
    const qBytes = 16 * Math.ceil((bytes + 1) / 16);
    const input = Buffer.alloc(16 + qBytes);
    prefix.copy(input);
    input[input.length - bytes - 1] = round;
    input.write(b.toString(16).padStart(2 * bytes, "0"), input.length - bytes, "hex");
    const words = this.#words.fill(0);
    for (let at = 0; at < input.length; at += 16) {
      for (let i = 0; i < 4; i++) words[i]! ^= input.readUInt32BE(at + 4 * i);
      this.#aes.encrypt(words);
    }
    const first = words.slice();
    let hex = hexOf(words);
    for (let j = 1; hex.length < 2 * d; j++) {
      words.set(first);
      words[3]! ^= j;
      this.#aes.encrypt(words);
      hex += hexOf(words);
    }
    return BigInt(`0x${hex.slice(0, 2 * d)}`);
  }
}

function hexOf(words: Uint32Array): string {
  return Array.from(words, (word) => word.toString(16).padStart(8, "0")).join("");
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
