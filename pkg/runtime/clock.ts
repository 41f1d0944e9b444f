// Time as an argument: `main` hands in the real one, tests a fixed one.

export interface Clock {
  /** Milliseconds since the Unix epoch. */
  nowMs(): number;
  /** Monotonic nanoseconds, for durations only. */
  monotonicNs(): bigint;
  /** The same in microseconds, where that is cheaper to have; a number is exact for centuries. */
  monotonicUs?(): number;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicNs: () => process.hrtime.bigint(),
  monotonicUs: () => performance.now() * 1000,
};
