// A growing output buffer. Neighbouring copies from one source are joined and done late, so a run of untouched bytes,
// even across rows, costs one copy.

const CHUNK_BYTES = 64 * 1024;
/** Below this a loop is faster than the call into the runtime. */
const LOOP_BYTES = 24;
const NOTHING = Buffer.alloc(0);

/**
 * `copy` only remembers its source: the source must stay unchanged until `take()`. Writers call `reserve(count)` and
 * fill `bytes` from the returned index on; the index is good until the next call. Positions count from the last `take()`.
 */
export class RowSink {
  bytes: Buffer = NOTHING;
  #end = 0;
  #base = 0;
  #source: Buffer = NOTHING;
  #from = 0;
  #to = 0;

  /** Bytes since the last `take()`. */
  get position(): number {
    return this.#end - this.#base + this.#to - this.#from;
  }

  /** Appends source[start, end). */
  copy(source: Buffer, start: number, end: number): void {
    if (source === this.#source && start === this.#to) {
      this.#to = end;
      return;
    }
    this.#flush();
    this.#source = source;
    this.#from = start;
    this.#to = end;
  }

  /** Appends `count` bytes for the caller to fill; returns their index in `bytes`. */
  reserve(count: number): number {
    if (this.#to !== this.#from) this.#flush();
    const at = this.#end;
    if (at + count > this.bytes.length) return this.#grow(count);
    this.#end = at + count;
    return at;
  }

  /** Forgets everything after `position`, which must not lie in a copy that is still pending. */
  rewind(position: number): void {
    if (this.#to !== this.#from) this.#flush();
    this.#end = this.#base + position;
  }

  /** Index in `bytes` of a position that is written already (not pending). */
  indexOf(position: number): number {
    return this.#base + position;
  }

  /** Overwrites four bytes at a position that is written already. */
  patchInt32(position: number, value: number): void {
    const bytes = this.bytes;
    const at = this.#base + position;
    bytes[at] = value >>> 24;
    bytes[at + 1] = value >>> 16;
    bytes[at + 2] = value >>> 8;
    bytes[at + 3] = value;
  }

  /** Appends source[start, end) at once, so the source may change afterwards. */
  write(source: Uint8Array, start: number, end: number): void {
    const count = end - start;
    const at = this.reserve(count);
    const bytes = this.bytes;
    if (count > LOOP_BYTES) bytes.set(source.subarray(start, end), at);
    else for (let i = 0; i < count; i++) bytes[at + i] = source[start + i]!;
  }

  writeByte(value: number): void {
    const at = this.reserve(1);
    this.bytes[at] = value;
  }

  writeInt16(value: number): void {
    const at = this.reserve(2);
    this.bytes[at] = value >> 8;
    this.bytes[at + 1] = value;
  }

  writeInt32(value: number): void {
    const at = this.reserve(4);
    this.bytes.writeInt32BE(value | 0, at);
  }

  writeInt64(value: bigint): void {
    const at = this.reserve(8);
    this.bytes.writeBigInt64BE(value, at);
  }

  writeDouble(value: number): void {
    const at = this.reserve(8);
    this.bytes.writeDoubleBE(value, at);
  }

  writeAscii(text: string): void {
    const at = this.reserve(text.length);
    this.bytes.write(text, at, text.length, "latin1");
  }

  writeUtf8(text: string): void {
    const count = Buffer.byteLength(text);
    const at = this.reserve(count);
    this.bytes.write(text, at, count, "utf8");
  }

  /** Makes the copies that are pending, so that their sources may change. */
  settle(): void {
    this.#flush();
    this.#source = NOTHING;
    this.#from = this.#to = 0;
  }

  /** All that was taken has been read by whoever took it: its memory may be used again. */
  reuse(): void {
    if (this.#to === this.#from && this.#end === this.#base) this.#end = this.#base = 0;
  }

  /** Everything since the last `take()`; not written again before `reuse()`. */
  take(): Buffer {
    this.settle();
    const out = this.bytes.subarray(this.#base, this.#end);
    this.#base = this.#end;
    return out;
  }

  #flush(): void {
    const from = this.#from;
    const count = this.#to - from;
    if (count === 0) return;
    this.#from = this.#to;
    let at = this.#end;
    if (at + count > this.bytes.length) at = this.#grow(count);
    else this.#end = at + count;
    this.#source.copy(this.bytes, at, from, from + count);
  }

  #grow(count: number): number {
    const kept = this.#end - this.#base;
    const bytes = Buffer.allocUnsafeSlow(Math.max(CHUNK_BYTES, 2 * (kept + count)));
    this.bytes.copy(bytes, 0, this.#base, this.#end);
    this.bytes = bytes;
    this.#base = 0;
    this.#end = kept + count;
    return kept;
  }
}
