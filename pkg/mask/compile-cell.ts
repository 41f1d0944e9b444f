// From a column's mask and type to the function that masks its cells: the one place that says which method fits which
// type. What does not fit becomes Default, what has no Default becomes NULL.
import type { ColumnMask, MaskMethod } from "../policy/decision.ts";
import { needsKey } from "../policy/method-parameters.ts";
import { ipCodec, macCodec, partialIp, partialMac } from "./address.ts";
import { arrayCell } from "./array-cell.ts";
import { byteaCodec, uuidCodec } from "./bytes.ts";
import { type CellMasker, type CellPlan, type Format, mapCell, nullCell, type SubjectReader } from "./cell.ts";
import { dateCell, timeCell, timestampCell } from "./date-cell.ts";
import { DateShift } from "./date-methods.ts";
import { defaultCell } from "./defaults.ts";
import { fakeLabel } from "./fake.ts";
import { Ff1 } from "./ff1.ts";
import { isIntegerOid } from "./integer.ts";
import { jsonPathsCell, jsonWholeCell } from "./json-cell.ts";
import { floatCell, integerCell, numericCell } from "./number-cell.ts";
import { rangeCell } from "./range-cell.ts";
import { Hmac } from "./sha256.ts";
import { subjectReader } from "./subject.ts";
import { textCell } from "./text-cell.ts";
import { textLimit } from "./text-limit.ts";
import { textMethod } from "./text-methods.ts";
import { uuidOf } from "./token.ts";
import { isTextOid, OID } from "./type-oids.ts";
import { type Field, type MaskContext, type Shape, shapeOf } from "./types.ts";

/** What is needed to compile one method for one column. */
interface Compilation {
  readonly mask: MaskMethod;
  readonly format: Format;
  readonly context: MaskContext;
  readonly shift: DateShift | null;
}

/** The masker of column `index` of `fields`. `subject` names the column that it must hear of before each cell. */
export function compileCell(mask: ColumnMask, index: number, fields: readonly Field[], context: MaskContext): CellPlan {
  const { type, typmod, format } = fields[index]!;
  const shape = shapeOf(type, typmod, context);
  const fallback = defaultCell(shape, format);
  switch (mask.apply) {
    case "default":
      return { mask: fallback, subject: null, hidesNull: true };
    case "paths":
      return { mask: pathsCell(mask.paths, shape, format, context, fallback), subject: null };
    case "method":
      return compileMethod(mask.mask, mask.subject, shape, format, fields, context);
    default:
      return mask satisfies never;
  }
}

function compileMethod(
  mask: MaskMethod,
  subjectColumn: number | undefined,
  shape: Shape,
  format: Format,
  fields: readonly Field[],
  context: MaskContext,
): CellPlan {
  const shift = dateShift(mask, context);
  const subject = shift === null ? null : subjectOf(shift, subjectColumn, fields, context);
  // Without a subject the shift stays unset, and every date becomes Default.
  const cell = methodCell({ mask, format, context, shift }, shape, defaultCell(shape, format));
  return { mask: cell ?? defaultCell(shape, format), subject };
}

function dateShift(mask: MaskMethod, context: MaskContext): DateShift | null {
  if (mask.method !== "ShiftDate" || context.keys === null) return null;
  return new DateShift(mask, new Hmac(context.keys.deriveKey(mask.keyName, "shift")));
}

function subjectOf(
  shift: DateShift,
  column: number | undefined,
  fields: readonly Field[],
  context: MaskContext,
): SubjectReader | null {
  const field = column === undefined ? undefined : fields[column];
  if (column === undefined || field === undefined) return null;
  return subjectReader(column, shapeOf(field.type, field.typmod, context), field.format, shift);
}

/** The masker of a method for a type; null when it does not fit. `otherwise` masks single values that do not. */
function methodCell(with_: Compilation, shape: Shape, otherwise: CellMasker): CellMasker | null {
  const { mask, format, context } = with_;
  if (mask.method === "Null") return nullCell;
  if (mask.method === "Default" || (needsKey(mask.method) && context.keys === null)) return null;
  switch (shape.shape) {
    case "base":
      return baseCell(with_, shape.oid, shape.typmod, otherwise);
    case "array": {
      const element = methodCell(with_, shape.element, defaultCell(shape.element, format));
      return element === null ? null : arrayCell(element, shape.delimiter, format, otherwise);
    }
    case "range": {
      const bound = keepsOrder(mask) && shape.subtype !== null ? methodCell(with_, shape.subtype, nullCell) : null;
      return bound === null ? null : rangeCell(bound, format, otherwise);
    }
    case "enum":
      return mask.method === "Fake" ? fakeLabel(mask, context.keys!, shape.labels) : null;
    case "multirange":
    case "composite":
    case "opaque":
      return null;
    default:
      return shape satisfies never;
  }
}

function keepsOrder({ method }: MaskMethod): boolean {
  return method === "Round" || method === "Bucket" || method === "TruncateDate" || method === "ShiftDate";
}

function baseCell(with_: Compilation, oid: number, typmod: number, otherwise: CellMasker): CellMasker | null {
  const { mask, format, context, shift } = with_;
  const keys = context.keys;
  if (isTextOid(oid)) return textTypeCell(with_, oid, typmod, otherwise);
  if (isIntegerOid(oid)) return integerCell(mask, oid, format, keys, otherwise);
  switch (oid) {
    case OID.numeric:
      return numericCell(mask, typmod, format, keys, otherwise);
    case OID.float4:
    case OID.float8:
      return floatCell(mask, oid, format, otherwise);
    case OID.date:
      return dateCell(mask, format, shift, otherwise);
    case OID.timestamp:
    case OID.timestamptz:
      return timestampCell(mask, oid === OID.timestamptz, format, shift, otherwise);
    case OID.time:
    case OID.timetz:
      return timeCell(mask, oid === OID.timetz, format, otherwise);
    case OID.json:
    case OID.jsonb:
      return jsonWholeCell(mask, oid === OID.jsonb && format === 1, keys, otherwise);
    case OID.uuid:
      return uuidCell(with_, otherwise);
    case OID.bytea:
      return byteaCell(with_, otherwise);
    case OID.inet:
    case OID.cidr:
      return mask.method === "Partial" ? mapCell(ipCodec(oid === OID.cidr, format), partialIp(mask), otherwise) : null;
    case OID.macaddr:
    case OID.macaddr8:
      return mask.method === "Partial"
        ? mapCell(macCodec(oid === OID.macaddr ? 6 : 8, format), partialMac, otherwise)
        : null;
    default:
      return null;
  }
}

function textTypeCell(
  { mask, context }: Compilation,
  oid: number,
  typmod: number,
  otherwise: CellMasker,
): CellMasker | null {
  const limit = textLimit(oid, typmod);
  const text = textMethod(mask, context.keys, Math.min(limit.charactersMax, limit.bytesMax));
  return text === null ? null : textCell(text, oid, typmod, otherwise);
}

/** Token: 122 bits of the HMAC. Encrypt: FF1 over the 32 hexadecimal digits. */
function uuidCell({ mask, format, context }: Compilation, otherwise: CellMasker): CellMasker | null {
  if (mask.method === "Token") {
    const hmac = new Hmac(context.keys!.deriveKey(mask.keyName, "token"));
    return mapCell(uuidCodec(format), (value) => uuidOf(hmac.compute(value, 0, value.length)), otherwise);
  }
  if (mask.method !== "Encrypt") return null;
  const ff1 = new Ff1(context.keys!.deriveKey(mask.keyName, "encrypt"), 16);
  const encrypted = (value: Buffer) => ff1.encrypt(BigInt(`0x${value.toString("hex", 0, 16)}`), 32);
  return mapCell(
    uuidCodec(format),
    (value) => Buffer.from(encrypted(value).toString(16).padStart(32, "0"), "hex"),
    otherwise,
  );
}

/** Token: the first 16 bytes of the HMAC. */
function byteaCell({ mask, format, context }: Compilation, otherwise: CellMasker): CellMasker | null {
  if (mask.method !== "Token") return null;
  const hmac = new Hmac(context.keys!.deriveKey(mask.keyName, "token"));
  return mapCell(byteaCodec(format), (value) => hmac.compute(value, 0, value.length).subarray(0, 16), otherwise);
}

function pathsCell(
  paths: readonly { readonly path: readonly string[]; readonly mask: MaskMethod }[],
  shape: Shape,
  format: Format,
  context: MaskContext,
  fallback: CellMasker,
): CellMasker {
  if (shape.shape === "array") {
    const inner = pathsCell(paths, shape.element, format, context, defaultCell(shape.element, format));
    return arrayCell(inner, shape.delimiter, format, fallback);
  }
  if (shape.shape !== "base") return fallback;
  const isJsonb = shape.oid === OID.jsonb;
  if (shape.oid !== OID.json && !isJsonb && !isTextOid(shape.oid)) return fallback;
  return jsonPathsCell(paths, isJsonb && format === 1, context.keys, fallback);
}
