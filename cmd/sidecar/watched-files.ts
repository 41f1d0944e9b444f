// What is made out of files and made anew when they change (cert-manager and the kubelet replace them in place).
import { statSync } from "node:fs";

/** Looks at most this often. */
const LOOK_EVERY_MS = 1000;

export interface Watching {
  readonly nowMs: () => number;
  /** A changed file that is not good; told once for each change. */
  readonly problem: (what: string) => void;
}

/**
 * Calls `read` now, and throws what it throws; afterwards a change that `read` rejects leaves the last good result in place and is
 * told to `problem`.
 */
export function watchedFiles<T>(files: readonly string[], read: () => T, watching: Watching): () => T {
  let state = stateOf(files);
  let current = read();
  let lookedAtMs = watching.nowMs();
  return () => {
    if (watching.nowMs() - lookedAtMs < LOOK_EVERY_MS) return current;
    lookedAtMs = watching.nowMs();
    const now = stateOf(files);
    if (now === state) return current;
    try {
      current = read();
    } catch (error) {
      watching.problem((error as Error).message);
    }
    state = now;
    return current;
  };
}

function stateOf(files: readonly string[]): string {
  return files
    .map((file) => {
      const found = statSync(file, { bigint: true, throwIfNoEntry: false });
      return `${found?.ino}:${found?.size}:${found?.mtimeNs}`;
    })
    .join();
}
