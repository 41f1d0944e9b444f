// RowDescription (B, 'T'): the columns of the rows that follow.
import { BodyReader } from "./body-reader.ts";
import { FrameWriter } from "./frame-writer.ts";

export interface RowField {
  /** Latin1. */
  readonly name: string;
  /** OID of the table whose column this is unchanged, else 0. */
  readonly table: number;
  /** Attribute number in `table`, negative for system columns, else 0. */
  readonly column: number;
  /** Type OID. */
  readonly type: number;
  /** `pg_type.typlen`: bytes, or negative for variable width. */
  readonly size: number;
  readonly typmod: number;
  /** 0 text, 1 binary; 0 when not yet known (Describe of a statement). */
  readonly format: number;
}

/** The body is `bytes[from, to)`. */
export function decodeRowDescription(bytes: Buffer, from = 0, to = bytes.length): readonly RowField[] {
  const reader = new BodyReader(bytes, "RowDescription", from, to);
  const fields = reader.list(reader.uint16(), () => decodeField(reader));
  reader.end();
  return fields;
}

function decodeField(reader: BodyReader): RowField {
  return {
    name: reader.name(),
    table: reader.uint32(),
    column: reader.int16(),
    type: reader.uint32(),
    size: reader.int16(),
    typmod: reader.int32(),
    format: reader.uint16(),
  };
}

export function encodeRowDescription(fields: readonly RowField[]): Buffer {
  const writer = new FrameWriter("T", 40 * fields.length);
  return writer.list(fields, (field) => encodeField(writer, field)).finish();
}

function encodeField(writer: FrameWriter, field: RowField): void {
  writer
    .name(field.name)
    .uint32(field.table)
    .int16(field.column)
    .uint32(field.type)
    .int16(field.size)
    .int32(field.typmod)
    .uint16(field.format);
}
