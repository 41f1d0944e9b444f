// Prepared statements or portals by name, as the server will know them if all goes well. Changes are made when the frame is
// sent, so that later frames of a pipeline see them; each returns how to undo it, for when the server skips or refuses the frame.

export type Undo = () => void;

/** NAMEDATALEN - 1: the server's tables of names look no further, so that longer names that begin alike are one. */
const NAME_BYTES_MAX = 63;

/** Names are latin1 of their bytes. */
export class Names<T> {
  #entries = new Map<string, T>();

  get size(): number {
    return this.#entries.size;
  }

  values(): Iterable<T> {
    return this.#entries.values();
  }

  get(name: string): T | undefined {
    return this.#entries.get(keyOf(name));
  }

  set(name: string, value: T): Undo {
    const key = keyOf(name);
    const before = this.#entries.get(key);
    this.#entries.set(key, value);
    return () => this.#restore(key, before);
  }

  drop(name: string): Undo {
    const key = keyOf(name);
    const before = this.#entries.get(key);
    this.#entries.delete(key);
    return () => this.#restore(key, before);
  }

  /** What is not kept is gone for good. */
  forget(keep: (value: T) => boolean): void {
    let kept = 0;
    for (const value of this.#entries.values()) if (keep(value)) kept++;
    if (kept === this.#entries.size) return;
    this.#entries = new Map(kept === 0 ? undefined : [...this.#entries].filter(([, value]) => keep(value)));
  }

  clear(keep?: (value: T) => boolean): Undo {
    const before = this.#entries;
    if (before.size === 0) return () => {};
    this.#entries = new Map(keep === undefined ? [] : [...before].filter(([, value]) => keep(value)));
    return () => {
      this.#entries = before;
    };
  }

  #restore(key: string, before: T | undefined): void {
    if (before === undefined) this.#entries.delete(key);
    else this.#entries.set(key, before);
  }
}

function keyOf(name: string): string {
  return name.length > NAME_BYTES_MAX ? name.slice(0, NAME_BYTES_MAX) : name;
}
