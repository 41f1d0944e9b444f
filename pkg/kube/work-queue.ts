// Keys to work on, one after the other. A key that waits is there once, so that the queue never holds more than there are objects; a
// key whose work failed comes back after a pause that grows.
import { type Backoff, type Pause, pauseMs, realPause } from "../runtime/backoff.ts";

export interface WorkQueueOptions {
  work(key: string, signal: AbortSignal): void | Promise<void>;
  onError(key: string, error: Error): void;
  readonly random?: () => number;
  readonly pause?: Pause;
  readonly backoff?: Backoff;
}

export interface WorkQueue {
  add(key: string): void;
  /** Once, however often it is asked for until then. */
  addAfter(key: string, ms: number): void;
  /** Waits for the work at hand; nothing is begun afterwards. */
  stop(): Promise<void>;
}

export function workQueue(options: WorkQueueOptions): WorkQueue {
  const { work, onError, random = Math.random, pause = realPause, backoff } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  const waiting = new Set<string>();
  const later = new Set<string>();
  const failures = new Map<string, number>();
  let running: Promise<void> | undefined;

  function add(key: string): void {
    if (signal.aborted) return;
    waiting.add(key);
    running ??= run();
  }

  function addAfter(key: string, ms: number): void {
    if (later.has(key)) return;
    later.add(key);
    void pause(ms, signal).then(() => {
      later.delete(key);
      add(key);
    });
  }

  async function run(): Promise<void> {
    await Promise.resolve(); // never inside `add`
    for (;;) {
      const [key] = waiting;
      if (key === undefined || signal.aborted) break;
      waiting.delete(key);
      await attempt(key);
    }
    running = undefined;
  }

  async function attempt(key: string): Promise<void> {
    try {
      await work(key, signal);
      failures.delete(key);
    } catch (error) {
      if (signal.aborted) return;
      const count = (failures.get(key) ?? 0) + 1;
      failures.set(key, count);
      report(key, error as Error);
      addAfter(key, pauseMs(count, random(), null, backoff));
    }
  }

  function report(key: string, error: Error): void {
    try {
      onError(key, error);
    } catch {} // a broken reporter must not end the loop
  }

  return {
    add,
    addAfter,
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
