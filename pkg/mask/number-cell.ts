// Masks of integer, numeric and float columns.
import type { MaskMethod } from "../policy/decision.ts";
import { type CellMasker, type Format, mapCell } from "./cell.ts";
import { type Decimal, fitNumeric, numericCodec, wholeOf } from "./decimal.ts";
import { Ff1 } from "./ff1.ts";
import { floatCodec } from "./float.ts";
import { fitsInteger, INTEGER_END, IntegerPermutation, integerCodec } from "./integer.ts";
import type { MaskKeys } from "./keys.ts";
import { decimalMethod, floatMethod } from "./number-methods.ts";
import { numericPrecision } from "./numeric-typmod.ts";
import { OID } from "./type-oids.ts";

/** The key of Token or Encrypt; null for other methods. */
function permutationKey(mask: MaskMethod, keys: MaskKeys | null): Buffer | null {
  if (keys === null || (mask.method !== "Token" && mask.method !== "Encrypt")) return null;
  return keys.deriveKey(mask.keyName, mask.method === "Token" ? "token" : "encrypt");
}

/** int2, int4, int8: Token and Encrypt permute, Round and Bucket compute; null for other methods. */
export function integerCell(
  mask: MaskMethod,
  oid: number,
  format: Format,
  keys: MaskKeys | null,
  otherwise: CellMasker,
): CellMasker | null {
  const codec = integerCodec(oid, format);
  const key = permutationKey(mask, keys);
  if (key !== null) {
    const permutation = new IntegerPermutation(key, oid);
    return mapCell(codec, (value) => permutation.encrypt(value), otherwise);
  }
  const method = decimalMethod(mask);
  if (method === null) return null;
  return mapCell(
    codec,
    (value) => {
      const masked = method({ coefficient: value, scale: 0 });
      const whole = masked === undefined ? undefined : wholeOf(masked);
      return whole !== undefined && fitsInteger(oid, whole) ? whole : undefined;
    },
    otherwise,
  );
}

export function numericCell(
  mask: MaskMethod,
  typmod: number,
  format: Format,
  keys: MaskKeys | null,
  otherwise: CellMasker,
): CellMasker | null {
  const codec = numericCodec(format);
  const key = permutationKey(mask, keys);
  const method =
    key === null ? decimalMethod(mask) : wholeNumbers(new NumericPermutation(key, numericPrecision(typmod)));
  if (method === null) return null;
  return mapCell(
    codec,
    (value) => {
      const masked = method(value);
      return masked === undefined ? undefined : fitNumeric(masked, typmod);
    },
    otherwise,
  );
}

function wholeNumbers(permutation: NumericPermutation): (value: Decimal) => Decimal | undefined {
  return (value) => {
    const whole = wholeOf(value);
    const masked = whole === undefined ? undefined : permutation.encrypt(whole);
    return masked === undefined ? undefined : { coefficient: masked, scale: 0 };
  };
}

/** Fewer digits than this give less than the hundred values that FF1 asks for at least. */
const DIGITS_MIN = 3;
const DIGITS_MAX = 100;
const NARROW_END = 1n << 31n;
const NARROW_DIGITS = 10;
const WIDE_DIGITS = 19;

/**
 * A permutation of whole numbers of a numeric column. Where the precision allows it, that of the integer types, so that
 * keys join across them; else one of the numbers of so many decimal digits.
 */
export class NumericPermutation {
  readonly #integers: IntegerPermutation;
  readonly #digits: Ff1;
  readonly #precision: number | null;

  constructor(key: Buffer, precision: number | null) {
    this.#integers = new IntegerPermutation(key, OID.int8);
    this.#digits = new Ff1(key, 10);
    this.#precision = precision;
  }

  /** undefined for numbers that have no masked form. */
  encrypt(value: bigint): bigint | undefined {
    return this.#apply(value, "encrypt");
  }

  decrypt(value: bigint): bigint | undefined {
    return this.#apply(value, "decrypt");
  }

  #apply(value: bigint, direction: "encrypt" | "decrypt"): bigint | undefined {
    if (value >= 0n) return this.#magnitude(value, direction);
    const masked = this.#magnitude(~value, direction);
    return masked === undefined ? undefined : ~masked;
  }

  #magnitude(value: bigint, direction: "encrypt" | "decrypt"): bigint | undefined {
    const precision = this.#precision ?? Infinity;
    if (value < NARROW_END && precision >= NARROW_DIGITS) return this.#integers[direction](value);
    if (value < INTEGER_END && precision >= WIDE_DIGITS) return this.#integers[direction](value);
    const floor = precision < NARROW_DIGITS ? 0n : precision < WIDE_DIGITS ? NARROW_END : INTEGER_END;
    const count = precision === Infinity ? value.toString().length : precision;
    if (count < DIGITS_MIN || count > DIGITS_MAX) return undefined;
    // Without a declared precision the number of digits stays, so that the range is known again when decrypting.
    const least = precision === Infinity ? 10n ** BigInt(count - 1) : 0n;
    let next = value;
    do next = this.#digits[direction](next, count);
    while (next < floor || next < least);
    return next;
  }
}

export function floatCell(mask: MaskMethod, oid: number, format: Format, otherwise: CellMasker): CellMasker | null {
  const method = floatMethod(mask);
  if (method === null) return null;
  const fits = (value: number | undefined) =>
    value !== undefined && Number.isFinite(oid === OID.float4 ? Math.fround(value) : value) ? value : undefined;
  return mapCell(floatCodec(oid, format), (value) => fits(method(value)), otherwise);
}
