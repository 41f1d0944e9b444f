// ReadyForQuery (B, 'Z') and the transaction state in it.
import { BodyReader } from "./body-reader.ts";
import { FrameWriter } from "./frame-writer.ts";
import { WireError } from "./wire-error.ts";

/** I: no transaction, T: in one, E: in one that has failed. */
export type TransactionStatus = "I" | "T" | "E";

const STATUSES: ReadonlyMap<number, TransactionStatus> = new Map([
  [0x49, "I"],
  [0x54, "T"],
  [0x45, "E"],
]);

/** The body is `bytes[from, to)`. */
export function decodeReadyForQuery(bytes: Buffer, from = 0, to = bytes.length): TransactionStatus {
  const reader = new BodyReader(bytes, "ReadyForQuery", from, to);
  const status = STATUSES.get(reader.uint8());
  reader.end();
  if (status === undefined) throw new WireError("message ReadyForQuery has an unknown transaction status");
  return status;
}

export function encodeReadyForQuery(status: TransactionStatus): Buffer {
  return new FrameWriter("Z").uint8(status.charCodeAt(0)).finish();
}
