// Execute (F, 'E'): runs a portal up to a number of rows.
import { BodyReader } from "./body-reader.ts";
import { FrameWriter } from "./frame-writer.ts";

export interface Execute {
  /** "" is the unnamed portal. Latin1. */
  readonly portal: string;
  /** 0 and, as in PostgreSQL, any negative number: all rows. */
  readonly rowsMax: number;
}

/** `from`: where the body begins in `bytes`. */
export function decodeExecute(bytes: Buffer, from = 0): Execute {
  const reader = new BodyReader(bytes, "Execute", from);
  const portal = reader.name();
  const rowsMax = reader.int32();
  reader.end();
  return { portal, rowsMax };
}

export function encodeExecute(portal: string, rowsMax: number): Buffer {
  return new FrameWriter("E").name(portal).int32(rowsMax).finish();
}
