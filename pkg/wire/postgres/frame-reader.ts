// Bytes in, whole frames out, under a byte limit; a cursor, not an object per frame, so the row lane allocates nothing.
// Source: PostgreSQL "Message Formats": Byte1 type, Int32 length that counts itself, body.

/** A peer broke the protocol; the session ends with SQLSTATE 08P01. `message` never holds payload bytes. */
export class WireError extends Error {
  readonly code = "08P01";
}

export interface FrameLimits {
  /** Largest whole frame in bytes, header included. PostgreSQL's own limit is 1 GiB. */
  readonly frameBytesMax: number;
}

/** 1 GiB - 1, PostgreSQL's MaxAllocSize, plus the type byte. */
export const FRAME_BYTES_MAX = 0x3fffffff + 1;

/**
 * Cursor over typed frames (everything after start-up). After `advance()` is true, the frame is
 * `buffer[start, end)`, its type byte `type`, its body `buffer[start + 5, end)`; valid until the next push.
 */
export class FrameReader {
  type = 0;
  start = 0;
  end = 0;
  buffer: Buffer = Buffer.alloc(0);
  readonly #limits: FrameLimits;
  readonly #known: Uint8Array;
  #parts: Buffer[] = [];
  #partBytes = 0;
  #need = 0;

  /** `known` has a 1 at every type byte this side may send. */
  constructor(known: Uint8Array, limits: FrameLimits) {
    this.#known = known;
    this.#limits = limits;
  }

  /** Bytes held that are not yet a whole frame. */
  get heldBytes(): number {
    return this.#partBytes + (this.buffer.length - this.end);
  }

  /** Hands in the next bytes of the stream. Earlier frames must have been consumed: `advance()` had returned false. */
  push(chunk: Buffer): void {
    if (this.#partBytes === 0) {
      const rest = this.buffer.length - this.end;
      this.buffer = rest === 0 ? chunk : Buffer.concat([this.buffer.subarray(this.end), chunk]);
      this.start = this.end = 0;
      return;
    }
    this.#parts.push(chunk);
    this.#partBytes += chunk.length;
    if (this.#partBytes < this.#need) return;
    this.buffer = Buffer.concat(this.#parts, this.#partBytes);
    this.#parts = [];
    this.#partBytes = 0;
    this.start = this.end = 0;
  }

  /** Moves to the next whole frame. Throws WireError at an unknown type or a length outside its bounds. */
  advance(): boolean {
    if (this.#partBytes !== 0) return false;
    const buffer = this.buffer;
    const at = this.end;
    if (at >= buffer.length) return false;
    const type = buffer[at]!;
    if (this.#known[type] !== 1) throw new WireError(`unknown frame type 0x${type.toString(16).padStart(2, "0")}`);
    if (buffer.length - at < 5) return false;
    const size = 1 + buffer.readUInt32BE(at + 1);
    if (size < 5) throw new WireError(`frame length ${size - 1} is below 4`);
    if (size > this.#limits.frameBytesMax) throw new WireError(`frame of ${size} bytes is above the limit of ${this.#limits.frameBytesMax}`);
    if (buffer.length - at < size) {
      this.#collect(size);
      return false;
    }
    this.type = type;
    this.start = at;
    this.end = at + size;
    return true;
  }

  /** Keeps the start of a long frame as a list of chunks, so a large value is copied once, not once per chunk. */
  #collect(size: number): void {
    const head = Buffer.from(this.buffer.subarray(this.end));
    this.#parts = [head];
    this.#partBytes = head.length;
    this.#need = size;
    this.buffer = Buffer.alloc(0);
    this.start = this.end = 0;
  }
}

/** The set of type bytes as a table of 256. */
export function typeTable(types: string): Uint8Array {
  const table = new Uint8Array(256);
  for (const letter of types) table[letter.charCodeAt(0)] = 1;
  return table;
}

/** Frames a client may send after start-up (F). */
export const CLIENT_TYPES = typeTable("QPBEDCSHFdcfXp");
/** Frames a server may send (B). */
export const SERVER_TYPES = typeTable("RKSZTDCIENAV123sntGHWdcv");
