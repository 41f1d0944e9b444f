// The subject of ShiftDate: another column of the same row, read in a form that does not depend on its format.

import { uuidCodec } from "./bytes.ts";
import type { Format, SubjectReader } from "./cell.ts";
import type { DateShift } from "./date-methods.ts";
import { decimalText, numericCodec, trimmed } from "./decimal.ts";
import { integerCodec, isIntegerOid } from "./integer.ts";
import { trimmedEnd } from "./text-limit.ts";
import { isTextOid, OID } from "./type-oids.ts";
import type { Shape } from "./types.ts";

/** The canonical bytes of a subject; undefined when the value cannot be read. */
type Canonical = (source: Buffer, start: number, end: number) => Buffer | undefined;

/** Hands each row's subject to `shift`; null when subjects of this type cannot be told apart reliably. */
export function subjectReader(column: number, shape: Shape, format: Format, shift: DateShift): SubjectReader | null {
  const canonical = shape.shape === "base" ? canonicalForm(shape.oid, format) : null;
  if (canonical === null) return null;
  return {
    column,
    read(source, start, end) {
      const bytes = start < 0 ? undefined : canonical(source, start, end);
      if (bytes === undefined) shift.days = null;
      else shift.setSubject(bytes, 0, bytes.length);
    },
  };
}

function canonicalForm(oid: number, format: Format): Canonical | null {
  if (oid === OID.bpchar) return (source, start, end) => source.subarray(start, trimmedEnd(source, start, end));
  if (isTextOid(oid)) return (source, start, end) => source.subarray(start, end);
  if (isIntegerOid(oid)) {
    const codec = integerCodec(oid, format);
    return (source, start, end) => textBytes(codec.read(source, start, end)?.toString());
  }
  if (oid === OID.numeric) {
    const codec = numericCodec(format);
    return (source, start, end) => {
      const value = codec.read(source, start, end);
      return textBytes(value === undefined ? undefined : decimalText(trimmed(value)));
    };
  }
  return oid === OID.uuid ? (source, start, end) => uuidCodec(format).read(source, start, end) : null;
}

function textBytes(text: string | undefined): Buffer | undefined {
  return text === undefined ? undefined : Buffer.from(text);
}
