// AES-256, one block at a time, encryption only (FIPS 197), for FF1: node:crypto takes about 1 µs a call and FF1 makes ten
// of them a value. Tests compare it with node:crypto.

const ROUNDS = 14;

interface Tables {
  readonly sbox: Uint8Array;
  /** SubBytes, ShiftRows and MixColumns of one byte, for its first row; the other rows are rotations. */
  readonly mix: Uint32Array;
}

/** Multiplication by x in GF(2^8). */
function twice(value: number): number {
  return (value << 1) ^ (value & 0x80 ? 0x11b : 0);
}

function makeTables(): Tables {
  const sbox = new Uint8Array(256);
  const mix = new Uint32Array(256);
  // p runs through all non-zero elements (times 3), q through their inverses (divided by 3).
  let p = 1;
  let q = 1;
  do {
    p ^= twice(p);
    q ^= q << 1;
    q ^= q << 2;
    q ^= q << 4;
    q &= 0xff;
    if (q & 0x80) q ^= 0x09;
    const rotated = q ^ (q << 1) ^ (q << 2) ^ (q << 3) ^ (q << 4);
    sbox[p] = (rotated ^ (rotated >> 8) ^ 0x63) & 0xff;
  } while (p !== 1);
  sbox[0] = 0x63;
  for (let i = 0; i < 256; i++) {
    const s = sbox[i]!;
    const s2 = twice(s);
    mix[i] = (s2 << 24) | (s << 16) | (s << 8) | (s2 ^ s);
  }
  return { sbox, mix };
}

const { sbox: SBOX, mix: MIX } = makeTables();

export class Aes256 {
  readonly #keys = new Uint32Array(4 * (ROUNDS + 1));

  constructor(key: Buffer) {
    if (key.length !== 32) throw new RangeError("AES-256 takes a key of 32 bytes");
    const keys = this.#keys;
    for (let i = 0; i < 8; i++) keys[i] = key.readUInt32BE(4 * i);
    for (let i = 8, constant = 1; i < keys.length; i++) {
      let word = keys[i - 1]!;
      if (i % 8 === 0) {
        word = substitute((word << 8) | (word >>> 24)) ^ (constant << 24);
        constant = twice(constant);
      } else if (i % 8 === 4) word = substitute(word);
      keys[i] = keys[i - 8]! ^ word;
    }
  }

  /** Encrypts the four big-endian words of `block` in place. */
  encrypt(block: Uint32Array): void {
    const keys = this.#keys;
    let a = block[0]! ^ keys[0]!;
    let b = block[1]! ^ keys[1]!;
    let c = block[2]! ^ keys[2]!;
    let d = block[3]! ^ keys[3]!;
    let k = 4;
    for (let round = 1; round < ROUNDS; round++, k += 4) {
      const e = column(a, b, c, d) ^ keys[k]!;
      const f = column(b, c, d, a) ^ keys[k + 1]!;
      const g = column(c, d, a, b) ^ keys[k + 2]!;
      d = column(d, a, b, c) ^ keys[k + 3]!;
      a = e;
      b = f;
      c = g;
    }
    block[0] = lastColumn(a, b, c, d) ^ keys[k]!;
    block[1] = lastColumn(b, c, d, a) ^ keys[k + 1]!;
    block[2] = lastColumn(c, d, a, b) ^ keys[k + 2]!;
    block[3] = lastColumn(d, a, b, c) ^ keys[k + 3]!;
  }
}

function substitute(word: number): number {
  return (
    (SBOX[word >>> 24]! << 24) |
    (SBOX[(word >>> 16) & 255]! << 16) |
    (SBOX[(word >>> 8) & 255]! << 8) |
    SBOX[word & 255]!
  );
}

function column(a: number, b: number, c: number, d: number): number {
  const x = MIX[(b >>> 16) & 255]!;
  const y = MIX[(c >>> 8) & 255]!;
  const z = MIX[d & 255]!;
  return MIX[a >>> 24]! ^ ((x >>> 8) | (x << 24)) ^ ((y >>> 16) | (y << 16)) ^ ((z >>> 24) | (z << 8));
}

function lastColumn(a: number, b: number, c: number, d: number): number {
  return (SBOX[a >>> 24]! << 24) | (SBOX[(b >>> 16) & 255]! << 16) | (SBOX[(c >>> 8) & 255]! << 8) | SBOX[d & 255]!;
}
