// Work that is done again and again, never twice at a time.

export class Periodic {
  readonly #turn: () => Promise<void>;
  #timer: NodeJS.Timeout | undefined;
  #working: Promise<void> | null = null;

  /** `turn` never rejects. */
  constructor(turn: () => Promise<void>) {
    this.#turn = turn;
  }

  start(everyMs: number): void {
    this.#timer ??= setInterval(() => void this.now(), everyMs);
  }

  /** Once, or the turn that is under way: resolves when it has ended. */
  now(): Promise<void> {
    this.#working ??= this.#turn().finally(() => {
      this.#working = null;
    });
    return this.#working;
  }

  /** Resolves when what is under way has ended. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#working;
  }
}
