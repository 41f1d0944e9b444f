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

/** As the server prints it: scientific outside 1e-4 to 1e15 (float8) or 1e6 (float4), exponents of two digits or more. */
function floatText(value: number, exponentEnd: number): string {
  const [mantissa, exponent] = value.toExponential().split("e") as [string, string];
  const power = Number(exponent);
  if (power >= -4 && power < exponentEnd) return Object.is(value, -0) ? "-0" : String(value);
  return `${mantissa}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
}

const textFloat8: Codec<number> = { read: parse, write: (value, sink) => sink.writeAscii(floatText(value, 15)) };

const textFloat4: Codec<number> = {
  read(source, start, end) {
    const value = parse(source, start, end);
    return value === undefined ? undefined : finite(Math.fround(value));
  },
  write: (value, sink) => sink.writeAscii(floatText(shortFloat4(Math.fround(value)), 6)),
};

/** The number of fewest digits that is the same float4. */
function shortFloat4(value: number): number {
  for (let digits = 6; digits <= 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return value;
}

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
