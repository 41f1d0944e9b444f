// CopyFail (F, 'f'): the client breaks off a COPY FROM STDIN; the server answers with 57014.
import { BodyReader } from "./body-reader.ts";
import { FrameWriter, type TextEncoding } from "./frame-writer.ts";

/** Returns the client's reason as latin1. */
export function decodeCopyFail(body: Buffer): string {
  const reader = new BodyReader(body, "CopyFail");
  const message = reader.name();
  reader.end();
  return message;
}

export function encodeCopyFail(message: string, encoding: TextEncoding = "utf8"): Buffer {
  return new FrameWriter("f").name(message, encoding).finish();
}
