// Pauses between attempts: doubling with full jitter, never shorter than the server asked for.
import { setTimeout as wait } from "node:timers/promises";

export interface Backoff {
  readonly minMs: number;
  readonly maxMs: number;
}

export const defaultBackoff: Backoff = { minMs: 250, maxMs: 30_000 };

/** `failures` from 1; `random` from 0 to 1. */
export function pauseMs(
  failures: number,
  random: number,
  askedMs: number | null = null,
  { minMs, maxMs }: Backoff = defaultBackoff,
): number {
  const bound = Math.min(maxMs, minMs * 2 ** Math.min(failures - 1, 20));
  return Math.min(maxMs, askedMs ?? 0) + random * bound;
}

export type Pause = (ms: number, signal: AbortSignal) => Promise<void>;

/** Ends early, without an error, when aborted. */
export const realPause: Pause = (ms, signal) => wait(ms, undefined, { signal, ref: false }).catch(() => {});
