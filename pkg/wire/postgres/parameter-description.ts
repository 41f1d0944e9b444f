// ParameterDescription (B, 't'): the type OID of every parameter of a prepared statement.
import { BodyReader } from "./body-reader.ts";
import { FrameWriter } from "./frame-writer.ts";

export function decodeParameterDescription(body: Buffer): readonly number[] {
  const reader = new BodyReader(body, "ParameterDescription");
  const types = reader.list(reader.uint16(), () => reader.uint32());
  reader.end();
  return types;
}

export function encodeParameterDescription(types: readonly number[]): Buffer {
  const writer = new FrameWriter("t");
  return writer.list(types, (type) => writer.uint32(type)).finish();
}
