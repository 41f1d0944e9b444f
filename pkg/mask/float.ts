// float4 and float8 in text and binary. NaN and the infinities are not read: they become Default.
import type { Codec, Format } from "./cell.ts";
import { OID } from "./type-oids.ts";

const TEXT_BYTES_MAX = 40;

export function floatCodec(oid: number, format: Format): Codec<number> {
  if (format === 0) return oid === OID.float4 ? textFloat4 : textFloat8;
  return oid === OID.float4 ? binaryFloat4 : binaryFloat8;
}

function parse(source: Buffer, start: number, end: number): number | undefined {
  if (end - start > TEXT_BYTES_MAX) return undefined;
  const text = source.toString("latin1", start, end);
  if (!/^-?[0-9.]+(e[+-]?[0-9]+)?$/i.test(text)) return undefined;
  return finite(Number(text));
}

function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined;
}

/** Of a value's exact decimal form; what lies behind them never decides. */
const EXACT_DIGITS = 60;

interface Width {
  /** Bits of the significand. */
  readonly bits: number;
  /** Decimal digits that tell every value. */
  readonly digitsMax: number;
  /** The first power of ten that the server prints in scientific form. */
  readonly exponentEnd: number;
  readonly nearest: (value: number) => number;
}

const FLOAT4: Width = { bits: 24, digitsMax: 9, exponentEnd: 6, nearest: Math.fround };
const FLOAT8: Width = { bits: 53, digitsMax: 17, exponentEnd: 15, nearest: (value) => value };

/** As the server prints it: scientific outside 1e-4 to 1e15 (float8) or 1e6 (float4), exponents of two digits or more. */
function floatText(value: number, width: Width): string {
  if (value === 0) return Object.is(value, -0) ? "-0" : "0";
  const { digits, power } = shortest(Math.abs(value), width);
  const sign = value < 0 ? "-" : "";
  if (power >= -4 && power < width.exponentEnd) return sign + String(numberOf({ digits, power }));
  const fraction = digits.slice(1).replace(/0+$/, "");
  const exponent = `${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
  return `${sign}${digits[0]}${fraction === "" ? "" : "."}${fraction}e${exponent}`;
}

/** The first digit counts 10 to the `power`. */
interface Decimal {
  readonly digits: string;
  readonly power: number;
}

const numberOf = ({ digits, power }: Decimal): number => Number(`${digits[0]}.${digits.slice(1)}0e${power}`);

/**
 * The fewest digits that only this value has nearest, as the server's Ryu finds them: half way to a neighbour is not near enough, and of
 * two that are as near the even one is taken. JavaScript's own shortest form differs in both. `value` is above 0.
 */
function shortest(value: number, width: Width): Decimal {
  const first = width === FLOAT8 ? value.toExponential().replace(/\.|e.*/g, "").length : 1;
  for (let places = first; places <= width.digitsMax; places++) {
    for (const one of candidates(value, places))
      if (width.nearest(numberOf(one)) === value && !isHalfWay(one, value, width.bits)) return one;
  }
  return candidates(value, width.digitsMax)[0]!;
}

/** The decimals of so many digits on both sides of `value`, the nearer first. */
function candidates(value: number, places: number): Decimal[] {
  const [mantissa, exponent] = value.toExponential(EXACT_DIGITS).split("e") as [string, string];
  const digits = mantissa.replace(".", "");
  const power = Number(exponent);
  const below = digits.slice(0, places);
  const above = String(BigInt(below) + 1n);
  const rest = digits.slice(places);
  const isTie = /^50*$/.test(rest);
  const isBelowNearer = isTie ? Number(below.at(-1)) % 2 === 0 : rest < "5";
  const both = [
    { digits: below, power },
    { digits: above, power: power + above.length - places },
  ];
  return isBelowNearer ? both : both.reverse();
}

/** Whether the decimal lies exactly between `value` and a neighbour; only large values have such neighbours. */
function isHalfWay({ digits, power }: Decimal, value: number, bits: number): boolean {
  if (value < 2 ** (bits - 1)) return false;
  const zeros = power - digits.length + 1;
  const scale = 10n ** BigInt(Math.max(-zeros, 0));
  // Times four, so that half a step is an integer, below a power of two also.
  const written = 4n * BigInt(digits) * 10n ** BigInt(Math.max(zeros, 0));
  const exact = BigInt(value);
  const step = 4n * 2n ** BigInt(exact.toString(2).length - bits);
  const below = isPowerOfTwo(exact) ? step / 4n : step / 2n;
  return written === (4n * exact + step / 2n) * scale || written === (4n * exact - below) * scale;
}

const isPowerOfTwo = (value: bigint): boolean => (value & (value - 1n)) === 0n;

const textFloat8: Codec<number> = { read: parse, write: (value, sink) => sink.writeAscii(floatText(value, FLOAT8)) };

const textFloat4: Codec<number> = {
  read(source, start, end) {
    const value = parse(source, start, end);
    return value === undefined ? undefined : finite(Math.fround(value));
  },
  write: (value, sink) => sink.writeAscii(floatText(Math.fround(value), FLOAT4)),
};

const binaryFloat8: Codec<number> = {
  read: (source, start, end) => (end - start === 8 ? finite(source.readDoubleBE(start)) : undefined),
  write: (value, sink) => sink.writeDouble(value),
};

const binaryFloat4: Codec<number> = {
  read: (source, start, end) => (end - start === 4 ? finite(source.readFloatBE(start)) : undefined),
  write(value, sink) {
    const at = sink.reserve(4);
    sink.bytes.writeFloatBE(value, at);
  },
};
