// What one turn writes to one socket: pieces gather here and leave in one write. Pieces that lie side by side in memory, as the frames
// of one read do, are one piece.
import type { Socket } from "node:net";

/** Above this, pieces are written one by one (gathered by the kernel) instead of being copied together. */
const JOIN_BYTES_MAX = 16 * 1024;

export class OutgoingBytes {
  readonly #socket: Socket;
  #pieces: Buffer[] = [];
  #bytes = 0;
  /** The last piece, which may still grow. */
  #last: Buffer | null = null;
  #lastBytes = 0;
  /** The memory that it lies in, and where it ends there: a view tells them slowly. */
  #memory: ArrayBufferLike | null = null;
  #lastEnd = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  add(piece: Buffer): void {
    const last = this.#last;
    const { length, byteOffset, buffer } = piece;
    this.#bytes += length;
    if (last !== null) {
      if (byteOffset === this.#lastEnd && buffer === this.#memory) {
        this.#lastBytes += length;
        this.#lastEnd += length;
        return;
      }
      this.#pieces.push(this.#grown(last));
    }
    this.#last = piece;
    this.#lastBytes = length;
    this.#memory = buffer;
    this.#lastEnd = byteOffset + length;
  }

  /** Hands all of it to the socket. */
  send(): void {
    const last = this.#last;
    if (last === null) return;
    const bytes = this.#bytes;
    const pieces = this.#pieces;
    const end = this.#grown(last);
    this.#last = this.#memory = null;
    this.#bytes = 0;
    const socket = this.#socket;
    if (pieces.length === 0) {
      if (!socket.destroyed) socket.write(end);
      return;
    }
    this.#pieces = [];
    pieces.push(end);
    if (socket.destroyed) return;
    if (bytes <= JOIN_BYTES_MAX) {
      socket.write(Buffer.concat(pieces, bytes));
      return;
    }
    socket.cork();
    for (const piece of pieces) socket.write(piece);
    socket.uncork();
  }

  #grown(piece: Buffer): Buffer {
    return piece.length === this.#lastBytes ? piece : Buffer.from(piece.buffer, piece.byteOffset, this.#lastBytes);
  }
}
