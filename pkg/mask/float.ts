// float4 and float8 in text and binary. NaN and the infinities are not read: they become Default.
import type { Codec, Format } from "./cell.ts";
import { OID } from "./types.ts";

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

const textFloat8: Codec<number> = { read: parse, write: (value, sink) => sink.writeAscii(String(value)) };

const textFloat4: Codec<number> = {
  read(source, start, end) {
    const value = parse(source, start, end);
    return value === undefined ? undefined : finite(Math.fround(value));
  },
  write: (value, sink) => sink.writeAscii(float4Text(Math.fround(value))),
};

/** The shortest text that reads as the same float4, as the server prints it. */
function float4Text(value: number): string {
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return String(short);
  }
  return String(value);
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
