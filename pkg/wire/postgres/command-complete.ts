// CommandComplete (B, 'C'): the tag of a statement that ended well, such as `UPDATE 3`.
import { BodyReader } from "./body-reader.ts";
import { FrameWriter } from "./frame-writer.ts";

/** The body is `bytes[from, to)`. */
export function decodeCommandComplete(bytes: Buffer, from = 0, to = bytes.length): string {
  const reader = new BodyReader(bytes, "CommandComplete", from, to);
  const tag = reader.name();
  reader.end();
  return tag;
}

export function encodeCommandComplete(tag: string): Buffer {
  return new FrameWriter("C").name(tag).finish();
}
