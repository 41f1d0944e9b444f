// Query (F, 'Q'): one string of any number of statements.
import { BodyReader } from "./body-reader.ts";
import { FrameWriter } from "./frame-writer.ts";

export interface Query {
  /** The statements' bytes in the client's encoding, without terminator; a slice of the body. */
  readonly text: Buffer;
}

/** `from`: where the body begins in `bytes`. */
export function decodeQuery(bytes: Buffer, from = 0): Query {
  const reader = new BodyReader(bytes, "Query", from);
  const text = reader.text();
  reader.end();
  return { text };
}

export function encodeQuery(text: Buffer): Buffer {
  return new FrameWriter("Q", text.length + 6).text(text).finish();
}
