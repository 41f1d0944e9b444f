// The last masked values that a session was given, as 64-bit digests in a ring: what comes back from it and is among them is not stored
// over the real one. It holds no value, and a look-up is rare, so it is a plain search. NULL and values of a byte or two would be met by
// chance, so of these the class that they stood for is kept, too.

const KEPT_MAX = 4096;
/** Shorter ones are met by chance: digits, flags, initials. */
export const BYTES_MIN = 3;
const SHORT_MAX = 1024;
const FNV_PRIME = 16777619;

export class GivenValues {
  readonly #low = new Uint32Array(KEPT_MAX);
  readonly #high = new Uint32Array(KEPT_MAX);
  #next = 0;
  #count = 0;
  #lastLow = 0;
  #lastHigh = 0;
  /** Masked as NULL, or as less than BYTES_MIN: the class and the bytes. */
  readonly #short = new Set<string>();
  #lastShort = "";

  /** Notes bytes[start, end). */
  note(bytes: Uint8Array, start: number, end: number): void {
    if (end - start < BYTES_MIN) return;
    const low = digest(bytes, start, end, 0x811c9dc5);
    const high = digest(bytes, start, end, 0x9e3779b9);
    if (low === this.#lastLow && high === this.#lastHigh) return;
    this.#lastLow = low;
    this.#lastHigh = high;
    this.#low[this.#next] = low;
    this.#high[this.#next] = high;
    this.#next = (this.#next + 1) % KEPT_MAX;
    if (this.#count < KEPT_MAX) this.#count += 1;
  }

  /** Notes bytes[start, end), fewer than BYTES_MIN, none for NULL, in the place of a value of that class. */
  noteShort(className: string, bytes: Uint8Array, start: number, end: number): void {
    const key = shortKey(className, bytes, start, end);
    if (key === this.#lastShort) return;
    this.#lastShort = key;
    if (this.#short.size < SHORT_MAX) this.#short.add(key);
  }

  /** Whether a value of that class was shown as these few bytes; none: as NULL. */
  hasShort(className: string, value: Uint8Array): boolean {
    return this.#short.has(shortKey(className, value, 0, value.length));
  }

  get size(): number {
    return this.#count;
  }

  has(value: Uint8Array): boolean {
    if (value.length < BYTES_MIN) return false;
    const low = digest(value, 0, value.length, 0x811c9dc5);
    const high = digest(value, 0, value.length, 0x9e3779b9);
    for (let at = 0; at < this.#count; at++) if (this.#low[at] === low && this.#high[at] === high) return true;
    return false;
  }
}

function shortKey(className: string, bytes: Uint8Array, start: number, end: number): string {
  let key = `${className} `;
  for (let at = start; at < end; at++) key += String.fromCharCode(bytes[at]!);
  return key;
}

/** FNV-1a. */
function digest(bytes: Uint8Array, start: number, end: number, seed: number): number {
  let hash = seed;
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ bytes[at]!, FNV_PRIME);
  return hash >>> 0;
}
