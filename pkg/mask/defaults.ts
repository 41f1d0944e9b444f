// The neutral value of every type that has one, in text and binary. Binary layouts are those of the types' own *send
// functions (src/backend/utils/adt); tests hand every value back to a real server.
import { type CellMasker, constantCell, type Format, nullCell } from "./cell.ts";
import { compositeDefault } from "./composite-cell.ts";
import { numericScale } from "./numeric-typmod.ts";
import { constantText, TEXT_MARKER, textCell } from "./text-cell.ts";
import { isTextOid, OID } from "./type-oids.ts";
import type { Shape } from "./types.ts";

const zeros = (count: number): string => "00".repeat(count);
/** Text, and binary in hex. */
type Neutral = readonly [text: string, binary: string];
const same = (text: string): Neutral => [text, Buffer.from(text).toString("hex")];

const NEUTRAL: ReadonlyMap<number, Neutral> = new Map<number, Neutral>([
  [OID.bool, ["f", "00"]],
  [OID.bytea, ["\\x", ""]],
  [OID.char, same("*")],
  [OID.int2, ["0", zeros(2)]],
  [OID.int4, ["0", zeros(4)]],
  [OID.int8, ["0", zeros(8)]],
  // One element: the receive functions of both vectors refuse an empty one.
  [OID.int2vector, ["0", "0000000100000000000000150000000100000000000000020000"]],
  [OID.oidvector, ["0", "00000001000000000000001a00000001000000000000000400000000"]],
  [OID.oid, ["0", zeros(4)]],
  [OID.xid, ["0", zeros(4)]],
  [OID.cid, ["0", zeros(4)]],
  [OID.xid8, ["0", zeros(8)]],
  [OID.tid, ["(0,0)", zeros(6)]],
  [OID.regproc, ["-", zeros(4)]],
  [OID.regprocedure, ["-", zeros(4)]],
  [OID.regoper, ["0", zeros(4)]],
  [OID.regoperator, ["0", zeros(4)]],
  [OID.regclass, ["-", zeros(4)]],
  [OID.regtype, ["-", zeros(4)]],
  [OID.regconfig, ["-", zeros(4)]],
  [OID.regdictionary, ["-", zeros(4)]],
  [OID.regnamespace, ["-", zeros(4)]],
  [OID.regrole, ["-", zeros(4)]],
  [OID.regcollation, ["-", zeros(4)]],
  [OID.json, same("{}")],
  [OID.jsonb, ["{}", "017b7d"]],
  [OID.jsonpath, ["$", "0124"]],
  [OID.xml, same("<masked/>")],
  [OID.point, ["(0,0)", zeros(16)]],
  [OID.lseg, ["[(0,0),(0,0)]", zeros(32)]],
  [OID.path, ["((0,0))", `0100000001${zeros(16)}`]],
  [OID.box, ["(0,0),(0,0)", zeros(32)]],
  [OID.polygon, ["((0,0))", `00000001${zeros(16)}`]],
  // A and B must not both be 0: the vertical line x = 0.
  [OID.line, ["{1,0,0}", `3ff0000000000000${zeros(16)}`]],
  [OID.circle, ["<(0,0),0>", zeros(24)]],
  [OID.inet, ["0.0.0.0", "0220000400000000"]],
  [OID.cidr, ["0.0.0.0/0", "0200010400000000"]],
  [OID.macaddr, ["00:00:00:00:00:00", zeros(6)]],
  [OID.macaddr8, ["00:00:00:00:00:00:00:00", zeros(8)]],
  [OID.float4, ["0", zeros(4)]],
  [OID.float8, ["0", zeros(8)]],
  // Without a currency sign, which is the locale's.
  [OID.money, ["0.00", zeros(8)]],
  [OID.date, ["2000-01-01", zeros(4)]],
  [OID.time, ["00:00:00", zeros(8)]],
  [OID.timetz, ["00:00:00+00", zeros(12)]],
  [OID.timestamp, ["2000-01-01 00:00:00", zeros(8)]],
  [OID.timestamptz, ["2000-01-01 00:00:00+00", zeros(8)]],
  [OID.interval, ["00:00:00", zeros(16)]],
  [OID.varbit, ["", zeros(4)]],
  [OID.uuid, ["00000000-0000-0000-0000-000000000000", zeros(16)]],
  [OID.txid_snapshot, ["1:1:", `${zeros(4)}00000000000000010000000000000001`]],
  [OID.pg_snapshot, ["1:1:", `${zeros(4)}00000000000000010000000000000001`]],
  [OID.pg_lsn, ["0/0", zeros(8)]],
  [OID.tsvector, ["", zeros(4)]],
  [OID.tsquery, ["'masked'", "000000010100006d61736b656400"]],
]);

/** The masker that gives a type's Default; NULL where the type has none. */
export function defaultCell(shape: Shape, format: Format): CellMasker {
  switch (shape.shape) {
    case "base":
      return baseDefault(shape.oid, shape.typmod, format);
    case "array":
      return shape.element.shape === "opaque" ? nullCell : constantCell(emptyArray(shape.elementOid, format));
    case "range":
      return constantCell(format === 0 ? Buffer.from("empty") : Buffer.from([1]));
    case "multirange":
      return constantCell(format === 0 ? Buffer.from("{}") : Buffer.alloc(4));
    case "enum":
      return constantCell(Buffer.from(shape.labels[0]!));
    case "composite":
      return compositeDefault(
        shape.attributes.map(({ oid, shape: attribute }) => ({ oid, mask: defaultCell(attribute, format) })),
        format,
      );
    case "opaque":
      return nullCell;
    default:
      return shape satisfies never;
  }
}

function baseDefault(oid: number, typmod: number, format: Format): CellMasker {
  if (isTextOid(oid)) return textCell(constantText(TEXT_MARKER), oid, typmod, nullCell);
  if (oid === OID.numeric) return constantCell(numericZero(typmod, format));
  if (oid === OID.bit) return bitZeros(typmod, format);
  const neutral = NEUTRAL.get(oid);
  if (neutral === undefined) return nullCell;
  return constantCell(format === 0 ? Buffer.from(neutral[0]) : Buffer.from(neutral[1], "hex"));
}

/** 12 bytes: no dimensions, no NULLs, the element's type. */
function emptyArray(elementOid: number, format: Format): Buffer {
  if (format === 0) return Buffer.from("{}");
  const bytes = Buffer.alloc(12);
  bytes.writeUInt32BE(elementOid, 8);
  return bytes;
}

/** Zero with the scale of numeric(p, s), as the server would show it. */
function numericZero(typmod: number, format: Format): Buffer {
  const scale = Math.max(0, numericScale(typmod) ?? 0);
  if (format === 0) return Buffer.from(scale === 0 ? "0" : `0.${"0".repeat(scale)}`);
  const bytes = Buffer.alloc(8);
  bytes.writeUInt16BE(scale, 6);
  return bytes;
}

/** bit(n) keeps its length: the column's, or where that is not told the value's own, which is the column's. */
function bitZeros(typmod: number, format: Format): CellMasker {
  return (source, start, end, sink) => {
    const bits = typmod > 0 ? typmod : format === 0 ? end - start : ownBits(source, start, end);
    if (format === 1) sink.writeInt32(bits);
    const count = format === 0 ? bits : Math.ceil(bits / 8);
    const at = sink.reserve(count);
    sink.bytes.fill(format === 0 ? 0x30 : 0, at, at + count);
    return true;
  };
}

/** Int32 count of bits, then the bits; 0 when the count is not that of the bytes. */
function ownBits(source: Buffer, start: number, end: number): number {
  const bits = end - start < 4 ? 0 : source.readInt32BE(start);
  return Math.ceil(bits / 8) === end - start - 4 ? bits : 0;
}
