// FunctionCall (F, 'F'): the fast path of large objects; calls a function by OID outside any statement.
import { BodyReader } from "./body-reader.ts";
import { FrameWriter } from "./frame-writer.ts";

export interface FunctionCall {
  readonly oid: number;
  readonly argumentFormats: readonly number[];
  /** Slices of the body; null is NULL. */
  readonly arguments: readonly (Buffer | null)[];
  readonly resultFormat: number;
}

export function decodeFunctionCall(body: Buffer): FunctionCall {
  const reader = new BodyReader(body, "FunctionCall");
  const oid = reader.uint32();
  const argumentFormats = reader.list(reader.uint16(), () => reader.uint16());
  const values = reader.list(reader.uint16(), () => reader.value());
  const resultFormat = reader.uint16();
  reader.end();
  return { oid, argumentFormats, arguments: values, resultFormat };
}

/** A call without arguments. */
export function encodeFunctionCall(oid: number): Buffer {
  return new FrameWriter("F").uint32(oid).uint16(0).uint16(0).uint16(0).finish();
}
