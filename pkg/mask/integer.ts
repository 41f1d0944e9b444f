// Integers in text and binary, and their keyed permutation.
import type { Codec, Format } from "./cell.ts";
import { BitPermutation } from "./ff1.ts";
import { OID } from "./type-oids.ts";

const BYTES: ReadonlyMap<number, number> = new Map([
  [OID.int2, 2],
  [OID.int4, 4],
  [OID.int8, 8],
]);
const DIGITS_MAX = 20;

export function isIntegerOid(oid: number): boolean {
  return BYTES.has(oid);
}

/** int2, int4 or int8. Writing a value outside the type's range is the caller's error: see `fitsInteger`. */
export function integerCodec(oid: number, format: Format): Codec<bigint> {
  return format === 0 ? textInteger : binaryInteger(BYTES.get(oid)!);
}

/** Whether a value is within int2, int4 or int8. */
export function fitsInteger(oid: number, value: bigint): boolean {
  return BigInt.asIntN(8 * BYTES.get(oid)!, value) === value;
}

const textInteger: Codec<bigint> = {
  read(source, start, end) {
    if (end - start > DIGITS_MAX) return undefined;
    const text = source.toString("latin1", start, end);
    return /^-?[0-9]+$/.test(text) ? BigInt(text) : undefined;
  },
  write(value, sink) {
    sink.writeAscii(value.toString());
  },
};

function binaryInteger(bytes: number): Codec<bigint> {
  return {
    read(source, start, end) {
      if (end - start !== bytes) return undefined;
      if (bytes === 8) return source.readBigInt64BE(start);
      return BigInt(source.readIntBE(start, bytes));
    },
    write(value, sink) {
      if (bytes === 8) sink.writeInt64(value);
      else if (bytes === 4) sink.writeInt32(Number(value));
      else sink.writeInt16(Number(value));
    },
  };
}

const MIDDLE = 1n << 31n;
const WIDE = 1n << 63n;

/**
 * A permutation of the integers of a type: values from 0 to 2^31 - 1 stay there, so that int4 and int8 columns of one key
 * join; larger ones stay larger; negative ones stay negative. int2 has a range of its own.
 */
export class IntegerPermutation {
  readonly #narrow: BitPermutation;
  readonly #wide: BitPermutation | null;

  constructor(key: Buffer, oid: number) {
    this.#narrow = new BitPermutation(key, oid === OID.int2 ? 15 : 31);
    this.#wide = oid === OID.int8 ? new BitPermutation(key, 63) : null;
  }

  encrypt(value: bigint): bigint {
    return value < 0n ? ~this.#walk(~value, true) : this.#walk(value, true);
  }

  decrypt(value: bigint): bigint {
    return value < 0n ? ~this.#walk(~value, false) : this.#walk(value, false);
  }

  /** `value` from 0 to 2^63 - 1. Cycle-walking keeps the wide range clear of the narrow one; a second step is one in 2^32. */
  #walk(value: bigint, forward: boolean): bigint {
    const wide = this.#wide;
    if (value < MIDDLE || wide === null) return forward ? this.#narrow.encrypt(value) : this.#narrow.decrypt(value);
    let next = value;
    do next = forward ? wide.encrypt(next) : wide.decrypt(next);
    while (next < MIDDLE);
    return next;
  }
}

/** Above this a value is outside every integer type. */
export const INTEGER_END = WIDE;
