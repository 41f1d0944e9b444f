// Follows the operator's bundle by long polls, for as long as the sidecar lives. Calls back with verified bundles only, one at a time;
// what is in force stays in force whatever comes or fails.
import { setTimeout as wait } from "node:timers/promises";
import { type Bundle, versionOf } from "./bundle.ts";
import { type Fetched, fetchBundle } from "./fetch-bundle.ts";
import type { PublicKey } from "./keys.ts";
import type { LastGood } from "./last-good.ts";
import { podConnection } from "./pod-connection.ts";
import { unwrap } from "./wrap.ts";

export interface FollowOptions {
  /** `https:`; the host must be in the operator's certificate. */
  readonly url: string;
  readonly tokenFile: string;
  readonly caFile: string;
  readonly keys: readonly PublicKey[];
  readonly namespace: string;
  /** What the sidecar runs with at the start; null when it has none yet. */
  readonly starting: Bundle | null;
  /** Where a bundle is kept once it is in force; null when nowhere. */
  readonly kept: LastGood | null;
  /** Puts a verified bundle in force; false when it does not compile here, and the one before stays. */
  onBundle(bundle: Bundle, version: string): boolean | Promise<boolean>;
  /** The operator was reached: what it has is what was offered to `onBundle` last. Clears staleness. */
  onFresh(): void;
  onProblem(why: string): void;
  readonly waitS?: number;
  readonly monotonicMs?: () => number;
  /** 0 to 1. */
  readonly random?: () => number;
  /** Pauses; aborted at stop. */
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<void>;
}

export interface Following {
  stop(): Promise<void>;
}

const PAUSE_MIN_MS = 500;
const PAUSE_MAX_MS = 60_000;
const WAIT_S = 55;

export function followBundle(options: FollowOptions): Following {
  const stopping = new AbortController();
  const { signal } = stopping;
  const random = options.random ?? Math.random;
  const monotonicMs = options.monotonicMs ?? (() => performance.now());
  const pause =
    options.pause ?? ((ms, aborted) => wait(ms, undefined, { signal: aborted, ref: false }).catch(() => {}));
  const connection = podConnection({ ...options, monotonicMs, random });
  const inForce = follower(options);

  async function run(): Promise<void> {
    let [failures, isConfirmed] = [0, false];
    while (!signal.aborted) {
      // At the start and after a failure an answer that nothing has changed is news: it ends what is stale.
      const fetched = await ask(isConfirmed ? (options.waitS ?? WAIT_S) : 0);
      if (signal.aborted) return;
      const why = fetched.status === "failed" ? fetched.why : await inForce.take(fetched);
      failures = why === null ? 0 : failures + 1;
      isConfirmed = why === null;
      if (why !== null) options.onProblem(why);
      const ms = why === null ? random() * PAUSE_MIN_MS : pauseAfter(failures, fetched, random);
      await pause(ms, signal);
    }
  }

  async function ask(waitS: number): Promise<Fetched> {
    const open = connection.open();
    if (typeof open === "string") return { status: "failed", why: open, retryAfterMs: null };
    const { known, applied } = inForce.versions();
    return fetchBundle({ url: options.url, ...open, waitS, known, applied, signal });
  }

  const running = run();
  return {
    async stop() {
      stopping.abort();
      await running;
      connection.close();
    },
  };
}

/** Full jitter, so that sidecars do not come back together; what the server asks for counts up to the same bound. */
function pauseAfter(failures: number, fetched: Fetched, random: () => number): number {
  const bound = Math.min(PAUSE_MAX_MS, PAUSE_MIN_MS * 2 ** Math.min(failures, 10));
  const asked = fetched.status === "failed" ? (fetched.retryAfterMs ?? 0) : 0;
  return Math.min(PAUSE_MAX_MS, Math.max(asked, PAUSE_MIN_MS)) + random() * bound;
}

/** What was seen last, what is in force, and the step between them. */
function follower({ keys, namespace, starting, kept, onBundle, onFresh }: FollowOptions) {
  let generationMin = starting?.generation ?? 0;
  let applied = starting === null ? null : versionOf(starting);
  let known = applied;

  return {
    versions: () => ({ known, applied }),
    /** null when all is well. */
    async take(fetched: Exclude<Fetched, { status: "failed" }>): Promise<string | null> {
      if (fetched.status === "unchanged") {
        if (known === applied) onFresh();
        return null;
      }
      const outcome = unwrap(fetched.text, { keys, namespace, generationMin });
      if (!outcome.good) return outcome.why;
      const { bundle, version } = outcome;
      generationMin = bundle.generation;
      known = version;
      try {
        if (!(await onBundle(bundle, version))) return null;
        applied = version;
        onFresh();
        kept?.keep(outcome.text);
        return null;
      } catch (error) {
        return `bundle ${version} cannot be put in force or kept: ${(error as Error).message}`;
      }
    },
  };
}
