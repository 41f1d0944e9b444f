// DataRow (B, 'D') as objects, for the decision lane and tests; the row lane walks the bytes itself.
import { BodyReader } from "./body-reader.ts";
import { FrameWriter } from "./frame-writer.ts";

/** One entry a column, slices of the body; null is NULL. */
export function dataRowFields(body: Buffer): (Buffer | null)[] {
  const reader = new BodyReader(body, "DataRow");
  const fields = reader.list(reader.uint16(), () => reader.value());
  reader.end();
  return fields;
}

export function encodeDataRow(fields: readonly (Buffer | null)[]): Buffer {
  const writer = new FrameWriter("D");
  return writer.list(fields, (field) => writer.value(field)).finish();
}
