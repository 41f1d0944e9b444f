// CommandComplete (B, 'C'): the tag of a statement that ended well, such as `UPDATE 3`.
import { BodyReader } from "./body-reader.ts";
import { FrameWriter } from "./frame-writer.ts";

export function decodeCommandComplete(body: Buffer): string {
  const reader = new BodyReader(body, "CommandComplete");
  const tag = reader.name();
  reader.end();
  return tag;
}

export function encodeCommandComplete(tag: string): Buffer {
  return new FrameWriter("C").name(tag).finish();
}
