// A bounded map that keeps what was used lately: when the young generation is full it becomes the old one, and what is asked for again
// moves back. Dropping single entries from a Map in their order costs more than most of what is kept in one.

export class Recent<K, V> {
  private young = new Map<K, V>();
  private old = new Map<K, V>();
  private readonly max: number;

  /** Keeps between `max` and twice as many. */
  constructor(max: number) {
    this.max = max;
  }

  get(key: K): V | undefined {
    const known = this.young.get(key);
    if (known !== undefined) return known;
    const earlier = this.old.get(key);
    if (earlier !== undefined) this.set(key, earlier);
    return earlier;
  }

  set(key: K, value: V): void {
    if (this.young.size >= this.max && !this.young.has(key)) {
      this.old = this.young;
      this.young = new Map();
    }
    this.young.set(key, value);
  }

  delete(key: K): void {
    this.young.delete(key);
    this.old.delete(key);
  }
}
