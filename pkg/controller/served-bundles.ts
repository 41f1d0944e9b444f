// The bundles that are served: what the controller has put into the namespaces' ConfigMaps, so that all replicas serve the same. A
// ConfigMap that somebody changed is not served; the last good one stays.
import type { PublicKey } from "../bundle/keys.ts";
import { unwrap } from "../bundle/wrap.ts";

export interface ServedBundle {
  readonly version: string;
  readonly generation: number;
  /** Wrapped. */
  readonly text: string;
}

export interface ServedBundles {
  /** What is in the ConfigMap now; undefined when it is gone. A text says why it is not served. */
  offer(namespace: string, text: string | undefined, keys: readonly PublicKey[]): string | null;
  /** The bundle, once it is another than `known` or when `signal` ends the wait; null when there is none. */
  next(namespace: string, known: string | null, signal: AbortSignal): Promise<ServedBundle | null>;
  /** Whether `known` is what would be served, so that there is nothing to do but wait; also while there is none. */
  has(namespace: string, known: string | null): boolean;
  /** How many wait. */
  waiting(): number;
}

export function servedBundles(): ServedBundles {
  const bundles = new Map<string, ServedBundle>();
  /** Of what was served, also after its ConfigMap was deleted. */
  const generations = new Map<string, number>();
  const waiters = new Map<string, Set<() => void>>();
  let waiting = 0;

  function set(namespace: string, bundle: ServedBundle): void {
    bundles.set(namespace, bundle);
    generations.set(namespace, bundle.generation);
    for (const wake of waiters.get(namespace) ?? []) wake();
  }

  return {
    offer(namespace, text, keys) {
      if (text === undefined) {
        bundles.delete(namespace);
        return null;
      }
      const outcome = unwrap(text, { keys, namespace, generationMin: generations.get(namespace) ?? 0 });
      if (!outcome.good) return outcome.why;
      const { version, bundle } = outcome;
      if (bundles.get(namespace)?.text !== text) set(namespace, { version, generation: bundle.generation, text });
      return null;
    },
    next(namespace, known, signal) {
      const look = () => bundles.get(namespace) ?? null;
      const now = look();
      if (signal.aborted || (now !== null && now.version !== known)) return Promise.resolve(now);
      return new Promise((resolve) => {
        const here = waiters.get(namespace) ?? new Set();
        waiters.set(namespace, here);
        waiting += 1;
        const done = () => {
          here.delete(done);
          if (here.size === 0 && waiters.get(namespace) === here) waiters.delete(namespace);
          waiting -= 1;
          signal.removeEventListener("abort", done);
          resolve(look());
        };
        here.add(done);
        signal.addEventListener("abort", done);
      });
    },
    has: (namespace, known) => (bundles.get(namespace)?.version ?? known) === known,
    waiting: () => waiting,
  };
}
