// A bound on how many of something there are at once.

export class Slots {
  readonly max: number;
  #taken = 0;

  constructor(max: number) {
    this.max = max;
  }

  get taken(): number {
    return this.#taken;
  }

  /** Takes one and returns how to give it back (once, however often called); null when all are taken. */
  take(): (() => void) | null {
    if (this.#taken >= this.max) return null;
    this.#taken++;
    let held = true;
    return () => {
      if (held) this.#taken--;
      held = false;
    };
  }
}
