// Frames of the client so large that they are not collected: a Bind is decided by the names at its beginning, CopyData by the COPY
// that was decided before. What has been decided then passes in pieces, or is dropped; nothing of it goes up before.
import { BindCheck } from "../wire/postgres/bind-check.ts";
import type { FrameReader } from "../wire/postgres/frame-reader.ts";

/** A smaller frame is collected: its pieces would not be worth their turns. */
export const PIECES_FROM_BYTES = 256 * 1024;
/** Names longer than this are left to the whole frame's decoder. */
const NAMES_BYTES_MAX = 64 * 1024;
const HEADER_BYTES = 5;
const BIND = 0x42;
const COPY_DATA = 0x64;

/** True when the frame that has begun can be decided by what has come of it. */
export function isDecidable(reader: FrameReader): boolean {
  if (reader.begunBytes < PIECES_FROM_BYTES) return false;
  const { begun } = reader;
  if (begun[0] === COPY_DATA) return true;
  if (begun[0] !== BIND) return false;
  const portalEnd = begun.subarray(0, NAMES_BYTES_MAX).indexOf(0, HEADER_BYTES);
  return portalEnd !== -1 && begun.subarray(0, NAMES_BYTES_MAX).indexOf(0, portalEnd + 1) !== -1;
}

/** One such frame between its first piece and its last. */
export class LargeFrame {
  readonly type: number;
  /** The first piece; whoever forwards it forwards the frame. */
  readonly head: Buffer;
  /** What became of it is settled: it has been forwarded, or it is dropped. */
  settled = false;
  readonly #check: BindCheck | null;

  /** `reader` has begun the frame. Throws WireError when its first piece is malformed already. */
  constructor(reader: FrameReader) {
    const bytes = reader.begunBytes;
    reader.beginPieces();
    reader.advancePiece();
    this.head = reader.buffer.subarray(reader.start, reader.end);
    this.type = this.head[0]!;
    this.#check = this.type === BIND ? new BindCheck(bytes - HEADER_BYTES) : null;
    this.#check?.push(this.head.subarray(HEADER_BYTES));
  }

  /** The next piece. Throws WireError when the frame turns out to be malformed: the server must not get its end. */
  next(reader: FrameReader): Buffer {
    const piece = reader.buffer.subarray(reader.start, reader.end);
    this.#check?.push(piece);
    return piece;
  }
}
