// Recent keyed results by value, in flat memory of a fixed size: a slot is overwritten by the next value that falls on it.
import type { RowSink } from "./row-sink.ts";

const SLOTS = 8192;
const VALUE_BYTES_MAX = 48;
const RESULT_BYTES_MAX = 48;

/** Look up first, then `store`. A space is one function of one key: results of different spaces are never mixed. */
export class TokenCache {
  #values: Uint8Array | null = null;
  #results = new Uint8Array(0);
  #spaces = new Int32Array(0);
  #sizes = new Uint8Array(0);
  #known = new Map<string, number>();
  #spacesMade = 0;
  #slot = 0;

  /** The number of a space, by all that determines its results. */
  space(id: string): number {
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    if (this.#known.size >= SLOTS) this.#known.clear();
    this.#known.set(id, ++this.#spacesMade);
    return this.#spacesMade;
  }

  /** Appends the result known for source[start, end) to `sink`; false when there is none. */
  find(space: number, source: Uint8Array, start: number, end: number, sink: RowSink): boolean {
    const count = end - start;
    if (count > VALUE_BYTES_MAX) {
      this.#slot = -1;
      return false;
    }
    let hash = 0x811c9dc5 ^ space;
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ source[i]!, 0x01000193);
    const slot = (hash ^ (hash >>> 15)) & (SLOTS - 1);
    this.#slot = slot;
    if (this.#values === null || this.#spaces[slot] !== space || this.#sizes[2 * slot] !== count) return false;
    const values = this.#values;
    const at = slot * VALUE_BYTES_MAX;
    for (let i = 0; i < count; i++) if (values[at + i] !== source[start + i]) return false;
    const from = slot * RESULT_BYTES_MAX;
    sink.write(this.#results, from, from + this.#sizes[2 * slot + 1]!);
    return true;
  }

  /** Keeps a result for the value that the last `find` looked for. */
  store(
    space: number,
    source: Uint8Array,
    start: number,
    end: number,
    result: Uint8Array,
    resultStart: number,
    resultEnd: number,
  ): void {
    const slot = this.#slot;
    if (slot < 0 || resultEnd - resultStart > RESULT_BYTES_MAX) return;
    this.#values ??= this.#allocate();
    const values = this.#values;
    for (let i = start, at = slot * VALUE_BYTES_MAX; i < end; ) values[at++] = source[i++]!;
    for (let i = resultStart, at = slot * RESULT_BYTES_MAX; i < resultEnd; ) this.#results[at++] = result[i++]!;
    this.#spaces[slot] = space;
    this.#sizes[2 * slot] = end - start;
    this.#sizes[2 * slot + 1] = resultEnd - resultStart;
  }

  /** About 850 KB, only once something is kept. */
  #allocate(): Uint8Array {
    this.#results = new Uint8Array(SLOTS * RESULT_BYTES_MAX);
    this.#spaces = new Int32Array(SLOTS);
    this.#sizes = new Uint8Array(2 * SLOTS);
    return new Uint8Array(SLOTS * VALUE_BYTES_MAX);
  }
}
