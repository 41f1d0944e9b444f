// Which bundle each sidecar said it runs, as one bundle server hears it. A sidecar that does not ask any more drops out.
import type { AppliedCounts } from "./applied-counts.ts";
import type { PodIdentity } from "./pod-tokens.ts";

export interface AppliedBook {
  /** `version` as the sidecar said; null when it runs none. */
  note(pod: PodIdentity, version: string | null): void;
  counts(): AppliedCounts;
}

/** Longer than a long poll with its pause after a failure. */
const FORGET_MS = 180_000;
const PODS_MAX = 100_000;
const versionForm = /^sha256:[0-9a-f]{64}$/;

export function appliedBook(monotonicMs: () => number): AppliedBook {
  const pods = new Map<string, { readonly namespace: string; readonly version: string; readonly atMs: number }>();
  return {
    note({ namespace, uid }, version) {
      pods.delete(uid);
      if (version === null || !versionForm.test(version) || pods.size >= PODS_MAX) return;
      pods.set(uid, { namespace, version, atMs: monotonicMs() });
    },
    counts() {
      const counts: Record<string, Record<string, number>> = {};
      for (const [uid, { namespace, version, atMs }] of pods) {
        if (monotonicMs() - atMs > FORGET_MS) {
          pods.delete(uid);
          continue;
        }
        counts[namespace] ??= {};
        counts[namespace][version] = (counts[namespace][version] ?? 0) + 1;
      }
      return counts;
    },
  };
}
