// Parse (F, 'P'): names a prepared statement, its text, and the types of as many parameters as the client cares to give.
import { BodyReader } from "./body-reader.ts";
import { FrameWriter } from "./frame-writer.ts";

export interface Parse {
  /** "" is the unnamed statement. Latin1. */
  readonly name: string;
  /** A slice of the body. */
  readonly text: Buffer;
  /** Type OIDs; 0 leaves the type to the server. */
  readonly types: readonly number[];
}

/** `from`: where the body begins in `bytes`. */
export function decodeParse(bytes: Buffer, from = 0): Parse {
  const reader = new BodyReader(bytes, "Parse", from);
  const name = reader.name();
  const text = reader.text();
  const types = reader.list(reader.uint16(), () => reader.uint32());
  reader.end();
  return { name, text, types };
}

export function encodeParse(name: string, text: Buffer, types: readonly number[]): Buffer {
  const writer = new FrameWriter("P", text.length + name.length + 4 * types.length + 16);
  return writer
    .name(name)
    .text(text)
    .list(types, (type) => writer.uint32(type))
    .finish();
}
