// ReadyForQuery (B, 'Z') and the transaction state in it.
import { BodyReader } from "./body-reader.ts";
import { FrameWriter } from "./frame-writer.ts";
import { WireError } from "./wire-error.ts";

/** I: no transaction, T: in one, E: in one that has failed. */
export type TransactionStatus = "I" | "T" | "E";

export function decodeReadyForQuery(body: Buffer): TransactionStatus {
  const reader = new BodyReader(body, "ReadyForQuery");
  const status = String.fromCharCode(reader.uint8());
  reader.end();
  if (status !== "I" && status !== "T" && status !== "E")
    throw new WireError("message ReadyForQuery has an unknown transaction status");
  return status;
}

export function encodeReadyForQuery(status: TransactionStatus): Buffer {
  return new FrameWriter("Z").uint8(status.charCodeAt(0)).finish();
}
