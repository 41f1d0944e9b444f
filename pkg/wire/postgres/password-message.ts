// What answers an authentication request (F, 'p'): a password, or a step of a SASL exchange.
import { BodyReader } from "./body-reader.ts";
import { typeTable } from "./frame-reader.ts";
import { FrameWriter } from "./frame-writer.ts";

/** The only frames a client may send while it logs in. */
export const CLIENT_LOGIN_TYPES = typeTable("p");

export function decodePassword(body: Buffer): Buffer {
  const reader = new BodyReader(body, "PasswordMessage");
  const password = reader.text();
  reader.end();
  return password;
}

/** Throws WireError when `password` holds a zero byte. */
export function encodePassword(password: Buffer): Buffer {
  return new FrameWriter("p", password.length + 6).text(password).finish();
}

export interface SaslInitialResponse {
  readonly mechanism: string;
  /** A slice of the body; null when the client sends none. */
  readonly data: Buffer | null;
}

export function decodeSaslInitialResponse(body: Buffer): SaslInitialResponse {
  const reader = new BodyReader(body, "SASLInitialResponse");
  const mechanism = reader.name();
  const data = reader.value();
  reader.end();
  return { mechanism, data };
}

export function encodeSaslInitialResponse(response: SaslInitialResponse): Buffer {
  return new FrameWriter("p").name(response.mechanism).value(response.data).finish();
}
