// ParameterStatus (B, 'S'): a setting that the server reports.
import { BodyReader } from "./body-reader.ts";
import { FrameWriter } from "./frame-writer.ts";

export interface ParameterStatus {
  readonly name: string;
  readonly value: string;
}

export function decodeParameterStatus(body: Buffer): ParameterStatus {
  const reader = new BodyReader(body, "ParameterStatus");
  const name = reader.name();
  const value = reader.name();
  reader.end();
  return { name, value };
}

export function encodeParameterStatus(name: string, value: string): Buffer {
  return new FrameWriter("S").name(name).name(value).finish();
}
