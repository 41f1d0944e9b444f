// Query (F, 'Q'): one string of any number of statements.
import { BodyReader } from "./body-reader.ts";
import { FrameWriter } from "./frame-writer.ts";

export interface Query {
  /** The statements' bytes in the client's encoding, without terminator; a slice of the body. */
  readonly text: Buffer;
}

export function decodeQuery(body: Buffer): Query {
  const reader = new BodyReader(body, "Query");
  const text = reader.text();
  reader.end();
  return { text };
}

export function encodeQuery(text: Buffer): Buffer {
  return new FrameWriter("Q", text.length + 6).text(text).finish();
}
