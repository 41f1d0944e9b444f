// ErrorResponse (B, 'E') and NoticeResponse (B, 'N'): a letter and a string, any number of times.
// Source: "Error and Notice Message Fields": S and V severity, C SQLSTATE, M message, D detail, H hint...
import { BodyReader } from "./body-reader.ts";
import { FrameWriter, type TextEncoding } from "./frame-writer.ts";

/** Fields by letter in the order of the wire, as latin1; of a repeated letter the last counts. */
export function decodeErrorFields(body: Buffer): ReadonlyMap<string, string> {
  const reader = new BodyReader(body, "ErrorResponse");
  const fields = new Map<string, string>();
  for (let letter = reader.uint8(); letter !== 0; letter = reader.uint8()) {
    fields.set(String.fromCharCode(letter), reader.name());
  }
  reader.end();
  return fields;
}

/** Texts of our own are `utf8`; fields that came out of `decodeErrorFields` go back as `latin1`. */
export function encodeError(fields: Iterable<readonly [string, string]>, encoding: TextEncoding = "utf8"): Buffer {
  return encodeFields("E", fields, encoding);
}

export function encodeNotice(fields: Iterable<readonly [string, string]>, encoding: TextEncoding = "utf8"): Buffer {
  return encodeFields("N", fields, encoding);
}

function encodeFields(type: "E" | "N", fields: Iterable<readonly [string, string]>, encoding: TextEncoding): Buffer {
  const writer = new FrameWriter(type, 256);
  for (const [letter, value] of fields) writer.uint8(letter.charCodeAt(0)).name(value, encoding);
  return writer.uint8(0).finish();
}
