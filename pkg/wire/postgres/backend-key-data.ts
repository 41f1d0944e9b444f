// BackendKeyData (B, 'K'): what a client needs to cancel. The key has 4 bytes in protocol 3.0, up to 256 in 3.2.
import { BodyReader } from "./body-reader.ts";
import { FrameWriter } from "./frame-writer.ts";
import { WireError } from "./wire-error.ts";

export const CANCEL_KEY_BYTES_MIN = 4;
export const CANCEL_KEY_BYTES_MAX = 256;

export interface CancelKey {
  readonly processId: number;
  readonly secret: Buffer;
}

/** `secret` is a slice of the body. */
export function decodeBackendKeyData(body: Buffer): CancelKey {
  return decodeCancelKey(body, "BackendKeyData");
}

/** Process id and secret, as BackendKeyData and CancelRequest both carry them. */
export function decodeCancelKey(body: Buffer, message: string): CancelKey {
  const reader = new BodyReader(body, message);
  const processId = reader.uint32();
  const secret = reader.rest();
  if (secret.length < CANCEL_KEY_BYTES_MIN || secret.length > CANCEL_KEY_BYTES_MAX) {
    throw new WireError(`message ${message} has a key of ${secret.length} bytes, not 4 to 256`);
  }
  return { processId, secret };
}

export function encodeBackendKeyData(key: CancelKey): Buffer {
  return new FrameWriter("K").uint32(key.processId).bytes(key.secret).finish();
}
