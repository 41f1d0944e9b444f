// What a client sends before anything else: packets without a type byte, told apart by their code word.
// Source: PostgreSQL "Message Formats" and `ProcessStartupPacket` in backend_startup.c.
import { type CancelKey, decodeCancelKey } from "./backend-key-data.ts";
import { BodyReader } from "./body-reader.ts";
import { FrameWriter } from "./frame-writer.ts";
import { majorOf } from "./protocol-version.ts";
import { WireError } from "./wire-error.ts";

const CANCEL_REQUEST = 80877102;
const SSL_REQUEST = 80877103;
const GSSENC_REQUEST = 80877104;

export interface StartupMessage {
  readonly kind: "startup";
  /** Requested protocol version, major 3. */
  readonly version: number;
  /** Names and values in the order of the wire, latin1; a name may come twice. */
  readonly parameters: readonly (readonly [string, string])[];
}

export type StartupPacket =
  | { readonly kind: "sslRequest" }
  | { readonly kind: "gssencRequest" }
  | { readonly kind: "cancelRequest"; readonly key: CancelKey }
  | StartupMessage
  /** Another major version, whose packets have a shape of their own. */
  | { readonly kind: "unsupported"; readonly version: number };

/** `body` starts after the length word. */
export function decodeStartupPacket(body: Buffer): StartupPacket {
  const reader = new BodyReader(body, "StartupMessage");
  const code = reader.uint32();
  switch (code) {
    case SSL_REQUEST:
      reader.end();
      return { kind: "sslRequest" };
    case GSSENC_REQUEST:
      reader.end();
      return { kind: "gssencRequest" };
    case CANCEL_REQUEST:
      return { kind: "cancelRequest", key: decodeCancelKey(reader.rest(), "CancelRequest") };
    default:
      if (majorOf(code) !== 3) return { kind: "unsupported", version: code };
      return { kind: "startup", version: code, parameters: decodeParameters(reader) };
  }
}

function decodeParameters(reader: BodyReader): [string, string][] {
  const parameters: [string, string][] = [];
  for (let name = reader.name(); name !== ""; name = reader.name()) parameters.push([name, reader.name()]);
  reader.end();
  return parameters;
}

/** Throws WireError when a parameter has an empty name: the server would take it for the end. */
export function encodeStartupMessage(version: number, parameters: Iterable<readonly [string, string]>): Buffer {
  const writer = new FrameWriter("", 256).uint32(version);
  for (const [name, value] of parameters) {
    if (name === "") throw new WireError("a start-up parameter to be sent has no name");
    writer.name(name).name(value);
  }
  return writer.uint8(0).finish();
}

export function encodeCancelRequest(key: CancelKey): Buffer {
  return new FrameWriter("").uint32(CANCEL_REQUEST).uint32(key.processId).bytes(key.secret).finish();
}

export const SSL_REQUEST_PACKET = new FrameWriter("").uint32(SSL_REQUEST).finish();
export const GSSENC_REQUEST_PACKET = new FrameWriter("").uint32(GSSENC_REQUEST).finish();
