// Exact decimal numbers, for numeric columns, json numbers and the parameters of Round and Bucket.
import type { Codec, Format } from "./cell.ts";
import { numericPrecision, numericScale } from "./numeric-typmod.ts";

/** coefficient / 10 ** scale. */
export interface Decimal {
  readonly coefficient: bigint;
  readonly scale: number;
}

/** Longer numbers are not computed with: they become Default. */
const DIGITS_MAX = 1000;
const POSITIVE = 0x0000;
const NEGATIVE = 0x4000;
const BASE = 10000n;

/** Reads a decimal or scientific text; undefined for anything else, NaN and infinity included, and for very long ones. */
export function parseDecimal(text: string): Decimal | undefined {
  if (text.length > DIGITS_MAX) return undefined;
  const match = /^([+-]?)([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]{1,4}))?$/.exec(text);
  if (match === null) return undefined;
  const [, sign, whole = "", fraction = "", exponent = "0"] = match;
  if (whole === "" && fraction === "") return undefined;
  const scale = fraction.length - Number(exponent);
  if (Math.abs(scale) > DIGITS_MAX) return undefined;
  const digits = BigInt(whole + fraction);
  const coefficient = sign === "-" ? -digits : digits;
  return scale >= 0 ? { coefficient, scale } : { coefficient: coefficient * 10n ** BigInt(-scale), scale: 0 };
}

/** A finite number, exactly as JavaScript prints it. */
export function decimalOf(value: number): Decimal {
  return parseDecimal(String(value))!;
}

/** Both numbers as coefficients of one scale. */
export function aligned(a: Decimal, b: Decimal): { readonly a: bigint; readonly b: bigint; readonly scale: number } {
  const scale = Math.max(a.scale, b.scale);
  return {
    a: a.coefficient * 10n ** BigInt(scale - a.scale),
    b: b.coefficient * 10n ** BigInt(scale - b.scale),
    scale,
  };
}

/** The whole number that a decimal is, or undefined when it has a fraction. */
export function wholeOf(value: Decimal): bigint | undefined {
  const unit = 10n ** BigInt(value.scale);
  return value.coefficient % unit === 0n ? value.coefficient / unit : undefined;
}

/** Without trailing zeros of the fraction. */
export function trimmed(value: Decimal): Decimal {
  let { coefficient, scale } = value;
  while (scale > 0 && coefficient % 10n === 0n) {
    coefficient /= 10n;
    scale--;
  }
  return { coefficient, scale };
}

export function decimalText({ coefficient, scale }: Decimal): string {
  const digits = (coefficient < 0n ? -coefficient : coefficient).toString().padStart(scale + 1, "0");
  const sign = coefficient < 0n ? "-" : "";
  return scale === 0 ? sign + digits : `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

/** The value with the scale of numeric(p, s), rounded half away from zero; undefined when it does not fit. */
export function fitNumeric(value: Decimal, typmod: number): Decimal | undefined {
  const scale = numericScale(typmod);
  const precision = numericPrecision(typmod);
  if (scale === null || precision === null) return trimmed(value);
  const fitted = rescale(value, scale);
  const magnitude = fitted.coefficient < 0n ? -fitted.coefficient : fitted.coefficient;
  if (magnitude >= 10n ** BigInt(precision)) return undefined;
  return scale >= 0 ? fitted : { coefficient: fitted.coefficient * 10n ** BigInt(-scale), scale: 0 };
}

function rescale(value: Decimal, scale: number): Decimal {
  if (scale >= value.scale) return { coefficient: value.coefficient * 10n ** BigInt(scale - value.scale), scale };
  const unit = 10n ** BigInt(value.scale - scale);
  return { coefficient: roundedQuotient(value.coefficient, unit), scale };
}

/** a / b to the nearest whole number, halves away from zero; b > 0. */
export function roundedQuotient(a: bigint, b: bigint): bigint {
  return a < 0n ? -((-2n * a + b) / (2n * b)) : (2n * a + b) / (2n * b);
}

/** numeric in one format; binary is Int16 digits, weight, sign, scale, then base-10000 digits (numeric_send). */
export function numericCodec(format: Format): Codec<Decimal> {
  return format === 0 ? textNumeric : binaryNumeric;
}

const textNumeric: Codec<Decimal> = {
  read: (source, start, end) =>
    end - start > DIGITS_MAX ? undefined : parseDecimal(source.toString("latin1", start, end)),
  write: (value, sink) => sink.writeAscii(decimalText(value)),
};

const binaryNumeric: Codec<Decimal> = {
  read(source, start, end) {
    if (end - start < 8) return undefined;
    const count = source.readUInt16BE(start);
    const weight = source.readInt16BE(start + 2);
    const sign = source.readUInt16BE(start + 4);
    if (end - start !== 8 + 2 * count || (sign !== POSITIVE && sign !== NEGATIVE)) return undefined;
    if (4 * (count + Math.abs(weight)) > DIGITS_MAX) return undefined;
    let coefficient = 0n;
    for (let i = 0; i < count; i++) coefficient = coefficient * BASE + BigInt(source.readUInt16BE(start + 8 + 2 * i));
    if (sign === NEGATIVE) coefficient = -coefficient;
    const places = count - 1 - weight;
    if (places <= 0) return { coefficient: coefficient * BASE ** BigInt(-places), scale: 0 };
    return trimmed({ coefficient, scale: 4 * places });
  },
  write(value, sink) {
    const padding = (4 - (value.scale % 4)) % 4;
    let rest = (value.coefficient < 0n ? -value.coefficient : value.coefficient) * 10n ** BigInt(padding);
    const digits: number[] = [];
    for (; rest > 0n; rest /= BASE) digits.push(Number(rest % BASE));
    const weight = digits.length - 1 - (value.scale + padding) / 4;
    const trailing = digits.findIndex((digit) => digit !== 0);
    const kept = trailing <= 0 ? digits : digits.slice(trailing);
    sink.writeInt16(kept.length);
    sink.writeInt16(kept.length === 0 ? 0 : weight);
    sink.writeInt16(value.coefficient < 0n ? NEGATIVE : POSITIVE);
    sink.writeInt16(value.scale);
    for (const digit of kept.reverse()) sink.writeInt16(digit);
  },
};
