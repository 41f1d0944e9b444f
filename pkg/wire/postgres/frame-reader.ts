// Bytes in, whole frames out, under a byte limit; a cursor, not an object per frame, so the row lane allocates nothing.
// Source: PostgreSQL "Message Formats": Byte1 type, Int32 length that counts itself, body.
import { WireError } from "./wire-error.ts";

export { WireError };

export interface FrameLimits {
  /** Largest whole frame in bytes, header included. PostgreSQL's own limit is 1 GiB. */
  readonly frameBytesMax: number;
}

/** Type byte, length word and the largest body PostgreSQL can hold (MaxAllocSize - 1 = 0x3ffffffe). */
export const FRAME_BYTES_MAX = 0x3ffffffe + 5;

/** PostgreSQL's PQ_SMALL_MESSAGE_LIMIT: the length word of a message that carries no text or value of any size. */
const SMALL_LENGTH_MAX = 10_000;
const HEADER_BYTES = 5;
/** A collected frame gets its whole space at once up to here; above, space grows with what has really arrived. */
const COLLECT_BYTES_AT_ONCE = 1 << 20;
/** When this much of a frame has arrived, it gets its whole space: growing further would take it twice. */
const COLLECT_BYTES_IN_GOOD_FAITH = 8 << 20;

const EMPTY: Buffer = Buffer.alloc(0);
const UNKNOWN = 0;
const SMALL = 2;

/**
 * Cursor over typed frames (everything after start-up). After `advance()` is true, the frame is
 * `buffer[start, end)`, its type byte `type`, its body `buffer[start + 5, end)`; valid until `advance()` has returned false.
 * Frames that arrive whole are slices of the pushed chunk; one that a chunk boundary cuts gets a buffer of its own, so
 * `buffer` may be another object after any `advance()`. Once that has returned false, the chunk may be overwritten by its
 * owner: what is kept has been copied.
 */
export class FrameReader {
  type = 0;
  start = 0;
  end = 0;
  buffer: Buffer = EMPTY;
  readonly #limits: FrameLimits;
  readonly #known: Uint8Array;
  /** The beginning of a frame whose end has not arrived: the first `#keptBytes` of `#kept`. */
  #kept: Buffer = EMPTY;
  #keptBytes = 0;
  /** Whole size of the kept frame, 0 while its header is incomplete. */
  #need = 0;
  /** What follows the kept frame in the chunk that was pushed last. */
  #next: Buffer = EMPTY;
  #pieceBytesLeft = 0;

  /** `known` comes from `typeTable`: the type bytes this side may send. */
  constructor(known: Uint8Array, limits: FrameLimits) {
    this.#known = known;
    this.#limits = limits;
  }

  /** Bytes held that have not been given out as a whole frame. */
  get heldBytes(): number {
    return this.#keptBytes + (this.buffer.length - this.end) + this.#next.length;
  }

  /** A copy of the bytes counted by `heldBytes`, for whoever reads the stream next. */
  held(): Buffer {
    return Buffer.concat([this.#kept.subarray(0, this.#keptBytes), this.buffer.subarray(this.end), this.#next]);
  }

  /** The whole size of a frame that has begun and not ended, 0 when there is none; asked when `advance()` has returned false. */
  get begunBytes(): number {
    return this.#need;
  }

  /** What has arrived of that frame, its header included. */
  get begun(): Buffer {
    return this.#kept.subarray(0, this.#keptBytes);
  }

  /** Bytes of a frame given out in pieces that are still to come. */
  get pieceBytesLeft(): number {
    return this.#pieceBytesLeft;
  }

  /** The frame that has begun is not collected: `advancePiece()` gives it out as it comes, and then `advance()` goes on behind it. */
  beginPieces(): void {
    if (this.#need === 0) throw new Error("no frame has begun");
    this.#pieceBytesLeft = this.#need;
  }

  /** Moves to the next piece, `buffer[start, end)`; false when the next bytes of the stream are needed first. */
  advancePiece(): boolean {
    if (this.#keptBytes > 0) {
      this.#use(this.begun);
      this.#kept = EMPTY;
      this.#keptBytes = this.#need = 0;
      this.end = this.buffer.length;
    } else {
      if (this.#next.length === 0) return false;
      this.#use(this.#next);
      this.#next = EMPTY;
      this.end = Math.min(this.#pieceBytesLeft, this.buffer.length);
    }
    this.#pieceBytesLeft -= this.end;
    return true;
  }

  /** Hands in the next bytes of the stream. Earlier frames should have been consumed: `advance()` had returned false. */
  push(chunk: Buffer): void {
    if (this.end < this.buffer.length || this.#next.length > 0) {
      this.#next = Buffer.concat([this.buffer.subarray(this.end), this.#next, chunk]);
      this.#use(EMPTY);
    } else {
      this.#next = chunk;
    }
  }

  /** Moves to the next whole frame. Throws WireError at an unknown type or a length outside its bounds. */
  advance(): boolean {
    if (this.end >= this.buffer.length && !this.#refill()) return false;
    const buffer = this.buffer;
    const at = this.end;
    const size = this.#frameSize(buffer, at);
    if (size === 0 || buffer.length - at < size) {
      this.#keep(size);
      return false;
    }
    this.type = buffer[at]!;
    this.start = at;
    this.end = at + size;
    return true;
  }

  /**
   * Takes the whole frames of the same type behind the frame at hand with it, so that `buffer[start, end)` is all of them; returns how
   * many they are. What is wrong with a length is left for `advance()` to tell.
   */
  extend(): number {
    const { buffer, type } = this;
    const bytesMax = this.#limits.frameBytesMax;
    const last = buffer.length - HEADER_BYTES;
    let at = this.end;
    let count = 0;
    while (at <= last && buffer[at] === type) {
      const size =
        1 + buffer[at + 1]! * 0x1000000 + ((buffer[at + 2]! << 16) | (buffer[at + 3]! << 8) | buffer[at + 4]!);
      if (size < HEADER_BYTES || size > bytesMax || buffer.length - at < size) break;
      at += size;
      count++;
    }
    this.end = at;
    return count;
  }

  /** Whole size in bytes of the frame that starts at `at`, 0 while its header is incomplete. */
  #frameSize(buffer: Buffer, at: number): number {
    const type = buffer[at]!;
    const kind = this.#known[type]!;
    if (kind === UNKNOWN) throw new WireError(`unknown frame type 0x${type.toString(16).padStart(2, "0")}`);
    if (buffer.length - at < HEADER_BYTES) return 0;
    const length = buffer.readUInt32BE(at + 1);
    if (length < 4) throw new WireError(`frame length ${length} is below 4`);
    if (kind === SMALL && length > SMALL_LENGTH_MAX)
      throw new WireError(`frame length ${length} is above ${SMALL_LENGTH_MAX}, the limit of its type`);
    const size = length + 1;
    if (size > this.#limits.frameBytesMax)
      throw new WireError(`frame of ${size} bytes is above the limit of ${this.#limits.frameBytesMax}`);
    return size;
  }

  #use(buffer: Buffer): void {
    this.buffer = buffer;
    this.start = this.end = 0;
  }

  /** Takes up the kept frame once it is whole, else the chunk. False when there is nothing to look at. */
  #refill(): boolean {
    if (this.#keptBytes > 0) return this.#complete();
    this.#use(this.#next);
    this.#next = EMPTY;
    return this.buffer.length > 0;
  }

  #complete(): boolean {
    if (this.#need === 0) {
      this.#take(HEADER_BYTES - this.#keptBytes);
      this.#need = this.#frameSize(this.#kept.subarray(0, this.#keptBytes), 0);
      if (this.#need === 0) return false;
    }
    this.#take(this.#need - this.#keptBytes);
    if (this.#keptBytes < this.#need) return false;
    this.#use(this.#kept.subarray(0, this.#keptBytes));
    this.#kept = EMPTY;
    this.#keptBytes = this.#need = 0;
    return true;
  }

  /** Copies the beginning of an unfinished frame of `need` bytes out of the buffer, so that the buffer can be reused. */
  #keep(need: number): void {
    this.#kept = Buffer.from(this.buffer.subarray(this.end));
    this.#keptBytes = this.#kept.length;
    this.#need = need;
    this.#use(EMPTY);
  }

  /** Moves up to `count` bytes from the chunk to the kept ones. */
  #take(count: number): void {
    const taken = Math.min(count, this.#next.length);
    const bytes = this.#keptBytes + taken;
    if (bytes > this.#kept.length) {
      const grown =
        bytes > COLLECT_BYTES_IN_GOOD_FAITH
          ? this.#need
          : Math.min(this.#need, Math.max(COLLECT_BYTES_AT_ONCE, 2 * this.#kept.length));
      const larger = Buffer.allocUnsafe(Math.max(bytes, grown));
      this.#kept.copy(larger, 0, 0, this.#keptBytes);
      this.#kept = larger;
    }
    this.#next.copy(this.#kept, this.#keptBytes, 0, taken);
    this.#keptBytes = bytes;
    this.#next = this.#next.subarray(taken);
  }
}

/** The set of type bytes as a table of 256; `small` ones are held to PostgreSQL's limit for short messages. */
export function typeTable(types: string, small = ""): Uint8Array {
  const table = new Uint8Array(256);
  for (const letter of types) table[letter.charCodeAt(0)] = 1;
  for (const letter of small) table[letter.charCodeAt(0)] = SMALL;
  return table;
}

/** Frames a client may send after login (F); which are large and which small as in PostgreSQL's `SocketBackend`. */
export const CLIENT_TYPES = typeTable("QPBFd", "EDCSHXcf");
/** Frames a server may send (B). */
export const SERVER_TYPES = typeTable("RKSZTDCIENAV123sntGHWdcv");
