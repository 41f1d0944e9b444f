// Waiting that ends early: `finish` ends the pause at hand and makes later ones short, `stop` ends all of them and what is asked.

const SHORT_MS = 500;

export class Pauses {
  private readonly stopping = new AbortController();
  private finishing = false;
  private wake: () => void = () => {};

  get signal(): AbortSignal {
    return this.stopping.signal;
  }

  get isStopped(): boolean {
    return this.stopping.signal.aborted;
  }

  get isFinishing(): boolean {
    return this.finishing;
  }

  pause(ms: number): Promise<void> {
    if (this.isStopped) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, this.finishing ? Math.min(ms, SHORT_MS) : ms);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  finish(): void {
    this.finishing = true;
    this.wake();
  }

  stop(): void {
    this.stopping.abort();
    this.wake();
  }
}
