// How many bytes of requests may be in memory at a time, over all connections. A request takes its share before its body is read.

export class ByteBudget {
  readonly most: number;
  private taken = 0;

  constructor(most: number) {
    this.most = most;
  }

  get inUse(): number {
    return this.taken;
  }

  /** null: there is no room now. What comes back is given back once, however often it is called. */
  take(bytes: number): (() => void) | null {
    if (this.taken + bytes > this.most) return null;
    this.taken += bytes;
    let held = bytes;
    return () => {
      this.taken -= held;
      held = 0;
    };
  }
}
