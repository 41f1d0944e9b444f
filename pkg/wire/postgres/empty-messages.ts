// Client messages without a body.
import { FrameWriter } from "./frame-writer.ts";
import { WireError } from "./wire-error.ts";

export const SYNC = new FrameWriter("S").finish();
export const FLUSH = new FrameWriter("H").finish();
export const TERMINATE = new FrameWriter("X").finish();
export const COPY_DONE = new FrameWriter("c").finish();

/** For the messages above, and the server's ParseComplete, BindComplete, NoData...: throws WireError unless the body is empty. */
export function checkEmpty(body: Buffer, message: string): void {
  if (body.length !== 0) throw new WireError(`message ${message} has ${body.length} bytes too many`);
}
