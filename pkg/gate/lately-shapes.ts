// What was found for the shapes of the last texts, by their bytes: a string of them and its hash, which a Map needs, cost more than
// reading the shape. A slot is chosen by a few bytes, and counts only when all bytes are the same.

const SLOTS = 64;
/** Longer shapes are rare and not kept. */
const SHAPE_BYTES_MAX = 1024;

interface Read {
  readonly bytes: Buffer;
  readonly length: number;
}

interface Lately<T> {
  readonly bytes: Buffer;
  readonly found: T;
}

export class LatelyShapes<T> {
  #slots: (Lately<T> | undefined)[] = new Array(SLOTS).fill(undefined);

  slotOf({ bytes, length }: Read): number {
    const spread = length * 31 + bytes[length >> 1]! * 7 + bytes[length - (length >> 2)]! * 13 + bytes[length - 1]!;
    return spread & (SLOTS - 1);
  }

  at(slot: number, { bytes, length }: Read): T | undefined {
    const known = this.#slots[slot];
    if (known === undefined || known.bytes.length !== length) return undefined;
    return bytes.compare(known.bytes, 0, length, 0, length) === 0 ? known.found : undefined;
  }

  put(slot: number, { bytes, length }: Read, found: T): void {
    if (length > SHAPE_BYTES_MAX) return;
    this.#slots[slot] = { bytes: Buffer.from(bytes.subarray(0, length)), found };
  }

  clear(): void {
    this.#slots.fill(undefined);
  }
}
