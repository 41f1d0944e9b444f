// How the query phase reads a socket. Node's own 'data' events cost as much as all of Weir's work on a small statement, so a plain
// socket is read into memory that is used again (`onread`): one buffer for all sessions while little comes at a time, one of its own
// for a session whose server streams. TLS sockets, and whatever cannot be taken over, are read by 'data' events.
import { Socket } from "node:net";

const READ_BYTES = 64 * 1024;
/** A session gives its own buffer up after this many small reads in a row. */
const QUIET_READS = 32;
/** What is copied out of the shared buffer costs next to nothing up to here. */
const SMALL_BYTES = 4 * 1024;
/** A read goes behind what is still in use where so much room is left. */
const READ_BYTES_MIN = 16 * 1024;
/** So many full buffers are kept to be used again; a slow reader, whose writes never all complete, leaves the rest to the collector. */
const KEPT_MAX = 1;

/** Where sockets are read that have no buffer of their own; bytes leave it before the next read. */
export class SharedBuffer {
  readonly bytes: Buffer = Buffer.allocUnsafeSlow(READ_BYTES);
}

export interface ByteSourceOptions {
  readonly socket: Socket;
  readonly shared: SharedBuffer;
  /**
   * `Kept`: chunks belong to the receiver. `Lent`: they are good until `take` returns, and longer only while `inUse()` said so
   * directly afterwards (a write of them has not completed).
   */
  readonly chunks: "Kept" | "Lent";
  readonly inUse: () => boolean;
  readonly take: (chunk: Buffer) => void;
}

export interface ByteSource {
  /** In the place of the socket that was given, which must not be used any more. */
  readonly socket: Socket;
  /** Begins to read; what had arrived comes first. Call once. */
  start(): void;
  setReading(reading: boolean): void;
}

/** The socket must be paused, without listeners that read it. */
export function byteSource(options: ByteSourceOptions): ByteSource {
  const handle = freeHandle(options.socket);
  return handle === null ? new EventSource(options) : new BufferSource(options, handle);
}

class EventSource implements ByteSource {
  readonly socket: Socket;
  readonly #take: (chunk: Buffer) => void;

  constructor({ socket, take }: ByteSourceOptions) {
    this.socket = socket;
    this.#take = take;
  }

  start(): void {
    this.socket.on("data", this.#take);
  }

  setReading(reading: boolean): void {
    if (reading === !this.socket.isPaused()) return;
    if (reading) this.socket.resume();
    else this.socket.pause();
  }
}

/** What a socket keeps of libuv's stream. Not documented, so all that is used of it is tested for. */
interface Handle {
  reading: boolean;
  readStop(): number;
  useUserBuffer(bytes: Uint8Array): void;
}

/** The handle of a plain socket at rest: nothing is being written and its end has not been read. */
function freeHandle(socket: Socket): Handle | null {
  const handle = (socket as { _handle?: Partial<Handle> | null })._handle;
  if (socket.constructor !== Socket || handle === null || handle === undefined) return null;
  if (typeof handle.readStop !== "function" || typeof handle.useUserBuffer !== "function") return null;
  if (socket.destroyed || socket.readableEnded || socket.writableLength > 0 || socket.writableEnded) return null;
  // An end that has arrived but was not told yet would be lost with the old socket.
  const ended = (socket as { _readableState?: { ended?: boolean } })._readableState?.ended;
  return ended === false ? (handle as Handle) : null;
}

class BufferSource implements ByteSource {
  readonly socket: Socket;
  readonly #options: ByteSourceOptions;
  readonly #left: Buffer | null;
  /** null: it reads into the shared one. */
  #own: OwnBuffer | null = null;
  #quietReads = 0;
  #reading = false;
  /** Where the socket reads now. */
  #given: Uint8Array | null = null;

  constructor(options: ByteSourceOptions, handle: Handle) {
    this.#options = options;
    this.#left = options.socket.read() as Buffer | null;
    this.socket = rewrapped(options.socket, handle, {
      buffer: () => this.#place(),
      callback: (bytes, buffer) => {
        this.#read(bytes, buffer as Buffer);
        return true;
      },
    });
  }

  start(): void {
    if (this.#left !== null) this.#options.take(this.#left);
  }

  setReading(reading: boolean): void {
    if (reading === this.#reading) return;
    this.#reading = reading;
    if (reading) this.socket.resume();
    else this.socket.pause();
  }

  /** Where the next read goes: undefined, which changes nothing, costs far less than the same memory once more. */
  #place(): Uint8Array | undefined {
    const place = this.#own?.view ?? this.#options.shared.bytes;
    if (place === this.#given) return undefined;
    this.#given = place;
    return place;
  }

  #read(bytes: number, buffer: Buffer): void {
    const { take, shared, chunks, inUse } = this.#options;
    if (buffer === shared.bytes) {
      if (bytes > SMALL_BYTES && chunks === "Lent") this.#own = new OwnBuffer();
      const chunk = Buffer.allocUnsafe(bytes);
      buffer.copy(chunk, 0, 0, bytes);
      return take(chunk);
    }
    take(buffer.subarray(0, bytes));
    this.#quietReads = bytes <= SMALL_BYTES ? this.#quietReads + 1 : 0;
    if (this.#quietReads >= QUIET_READS) {
      this.#own = null;
      this.#quietReads = 0;
    } else this.#own?.used(bytes, inUse());
  }
}

/** What a session that streams is read into: from the front while all of it is written on, behind what is not otherwise. */
class OwnBuffer {
  #bytes: Buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  #end = 0;
  /** A full one that a write may still read from, and one that none does any more. */
  #lent: Buffer[] = [];
  #free: Buffer[] = [];
  /** Where the next read goes. */
  view: Buffer = this.#bytes.subarray(0, READ_BYTES);

  /** The last read took `bytes` of `view`; `inUse`: it, or an earlier one, is not written on yet. */
  used(bytes: number, inUse: boolean): void {
    if (!inUse) {
      if (this.#lent.length > 0) this.#free = this.#lent.splice(0);
      if (this.#end !== 0) this.#next(0);
      return;
    }
    if (this.#bytes.length - this.#end - bytes >= READ_BYTES_MIN) return this.#next(this.#end + bytes);
    if (this.#lent.length < KEPT_MAX) this.#lent.push(this.#bytes);
    this.#bytes = this.#free.pop() ?? Buffer.allocUnsafeSlow(READ_BYTES);
    this.#next(0);
  }

  #next(start: number): void {
    this.#end = start;
    this.view = this.#bytes.subarray(start, start + READ_BYTES);
  }
}

interface OnRead {
  /** Asked first when the socket is made, and after each read; undefined stands for the same as before. */
  readonly buffer: () => Uint8Array | undefined;
  readonly callback: (bytes: number, buffer: Uint8Array) => boolean;
}

/** A new socket around the handle of `old`; either one's end is the other's, so that who listens to the old one still hears it. */
function rewrapped(old: Socket, handle: Handle, onread: OnRead): Socket {
  handle.readStop();
  handle.reading = false;
  (old as { _handle?: unknown })._handle = null;
  const { allowHalfOpen } = old;
  const options: object = { handle, onread, allowHalfOpen, manualStart: true };
  const socket = new Socket(options);
  socket.on("error", () => {});
  socket.once("close", () => old.destroy());
  old.once("close", () => socket.destroy());
  return socket;
}
