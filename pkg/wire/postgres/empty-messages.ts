// Client messages without a body.
import { FrameWriter } from "./frame-writer.ts";
import { WireError } from "./wire-error.ts";

export const SYNC = new FrameWriter("S").finish();
export const FLUSH = new FrameWriter("H").finish();
export const TERMINATE = new FrameWriter("X").finish();
export const COPY_DONE = new FrameWriter("c").finish();

/** For the messages above, and the server's ParseComplete, BindComplete, NoData...: throws WireError unless the body is empty. */
export function checkEmpty(bytes: Buffer, message: string, from = 0): void {
  if (bytes.length !== from) throw new WireError(`message ${message} has ${bytes.length - from} bytes too many`);
}
