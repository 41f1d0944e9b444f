// Prepared statements or portals by name, as the server will know them if all goes well. Changes are made when the frame is
// sent, so that later frames of a pipeline see them; each returns how to undo it, for when the server skips or refuses the frame.

export type Undo = () => void;

export class Names<T> {
  readonly #entries = new Map<string, T>();

  get size(): number {
    return this.#entries.size;
  }

  values(): Iterable<T> {
    return this.#entries.values();
  }

  get(name: string): T | undefined {
    return this.#entries.get(name);
  }

  set(name: string, value: T): Undo {
    const before = this.#entries.get(name);
    this.#entries.set(name, value);
    return () => this.#restore(name, before);
  }

  drop(name: string): Undo {
    const before = this.#entries.get(name);
    this.#entries.delete(name);
    return () => this.#restore(name, before);
  }

  clear(keep?: (value: T) => boolean): void {
    for (const [name, value] of this.#entries) if (keep === undefined || !keep(value)) this.#entries.delete(name);
  }

  #restore(name: string, before: T | undefined): void {
    if (before === undefined) this.#entries.delete(name);
    else this.#entries.set(name, before);
  }
}
