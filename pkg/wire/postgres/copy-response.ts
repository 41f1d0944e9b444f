// CopyInResponse ('G'), CopyOutResponse ('H'), CopyBothResponse ('W'), all from the server and of one shape.
import { BodyReader } from "./body-reader.ts";
import { FrameWriter } from "./frame-writer.ts";
import { WireError } from "./wire-error.ts";

export interface CopyResponse {
  /** 0: text (which includes csv), 1: binary. */
  readonly format: 0 | 1;
  /** The format of each column. */
  readonly columns: readonly number[];
}

export function decodeCopyResponse(body: Buffer): CopyResponse {
  const reader = new BodyReader(body, "CopyResponse");
  const format = reader.uint8();
  if (format !== 0 && format !== 1) throw new WireError(`message CopyResponse has the unknown format ${format}`);
  const columns = reader.list(reader.uint16(), () => reader.uint16());
  reader.end();
  return { format, columns };
}

export function encodeCopyResponse(type: "G" | "H" | "W", response: CopyResponse): Buffer {
  const writer = new FrameWriter(type).uint8(response.format);
  return writer.list(response.columns, (format) => writer.uint16(format)).finish();
}
