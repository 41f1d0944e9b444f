// The Default of a composite type: every attribute's own Default. Text: `(a,"b c",)` (record_out). Binary: Int32
// attributes, per attribute its type's OID, Int32 length (-1 NULL) and bytes (record_send).
import { type CellMasker, constantCell, type Format } from "./cell.ts";
import { RowSink } from "./row-sink.ts";

export interface AttributeDefault {
  readonly oid: number;
  readonly mask: CellMasker;
}

const NOTHING = Buffer.alloc(0);

export function compositeDefault(attributes: readonly AttributeDefault[], format: Format): CellMasker {
  const values = attributes.map(({ mask }) => {
    const sink = new RowSink();
    return mask(NOTHING, 0, 0, sink) ? sink.take() : null;
  });
  const oids = attributes.map(({ oid }) => oid);
  return constantCell(format === 0 ? recordText(values) : recordBinary(oids, values));
}

/** As record_out: NULL is nothing at all; quotes and backslashes inside quotes are doubled. */
function recordText(values: readonly (Buffer | null)[]): Buffer {
  const parts = values.map((value) => {
    if (value === null) return "";
    const text = value.toString("utf8");
    return text === "" || /[\s"\\(),]/.test(text) ? `"${text.replace(/["\\]/g, "$&$&")}"` : text;
  });
  return Buffer.from(`(${parts.join(",")})`);
}

function recordBinary(oids: readonly number[], values: readonly (Buffer | null)[]): Buffer {
  const sink = new RowSink();
  sink.writeInt32(values.length);
  for (const [i, value] of values.entries()) {
    sink.writeInt32(oids[i]!);
    sink.writeInt32(value?.length ?? -1);
    if (value !== null) sink.write(value, 0, value.length);
  }
  return sink.take();
}
