// Authentication requests (B, 'R'), told apart by their code word.
import { BodyReader } from "./body-reader.ts";
import { FrameWriter } from "./frame-writer.ts";
import { WireError } from "./wire-error.ts";

/** `data` fields and `salt` are slices of the body. */
export type Authentication =
  | { readonly method: "ok" }
  | { readonly method: "cleartext" }
  | { readonly method: "md5"; readonly salt: Buffer }
  | { readonly method: "sasl"; readonly mechanisms: readonly string[] }
  | { readonly method: "saslContinue"; readonly data: Buffer }
  | { readonly method: "saslFinal"; readonly data: Buffer }
  /** Kerberos, GSSAPI, SSPI and whatever comes. */
  | { readonly method: "other"; readonly code: number };

export function decodeAuthentication(body: Buffer): Authentication {
  const reader = new BodyReader(body, "Authentication");
  const authentication = decodeMethod(reader);
  if (authentication.method !== "other") reader.end();
  return authentication;
}

function decodeMethod(reader: BodyReader): Authentication {
  const code = reader.uint32();
  switch (code) {
    case 0:
      return { method: "ok" };
    case 3:
      return { method: "cleartext" };
    case 5:
      return { method: "md5", salt: reader.bytes(4) };
    case 10:
      return { method: "sasl", mechanisms: decodeMechanisms(reader) };
    case 11:
      return { method: "saslContinue", data: reader.rest() };
    case 12:
      return { method: "saslFinal", data: reader.rest() };
    default:
      return { method: "other", code };
  }
}

function decodeMechanisms(reader: BodyReader): string[] {
  const mechanisms: string[] = [];
  for (let name = reader.name(); name !== ""; name = reader.name()) mechanisms.push(name);
  return mechanisms;
}

export function encodeAuthentication(authentication: Authentication): Buffer {
  const writer = new FrameWriter("R");
  switch (authentication.method) {
    case "ok":
      return writer.uint32(0).finish();
    case "cleartext":
      return writer.uint32(3).finish();
    case "md5":
      return writer.uint32(5).bytes(authentication.salt).finish();
    case "sasl":
      writer.uint32(10);
      for (const mechanism of authentication.mechanisms) writer.name(mechanism);
      return writer.uint8(0).finish();
    case "saslContinue":
      return writer.uint32(11).bytes(authentication.data).finish();
    case "saslFinal":
      return writer.uint32(12).bytes(authentication.data).finish();
    case "other":
      throw new WireError(`authentication request ${authentication.code} is not one of ours to send`);
    default:
      return authentication satisfies never;
  }
}
