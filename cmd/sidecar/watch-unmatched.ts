// Patterns of `classify` that match no column, most often misspelt: what they were to protect goes out in the clear, so it is said aloud.
import type { UnmatchedPattern } from "../../pkg/proxy/shared-knowledge.ts";
import type { Logger } from "../../pkg/runtime/logger.ts";

const EVERY_MS = 2_000;

/** In words, for readiness. */
export function unmatchedNote({ database, policy, pattern }: UnmatchedPattern): string {
  return `policy ${policy}: "${pattern}" in classify matches no column of ${database}, so it protects nothing`;
}

/** Logs each once, when it is first seen and again after it had matched. Ends with the returned function. */
export function watchUnmatched(unmatched: () => readonly UnmatchedPattern[], logger: Logger): () => void {
  let told = new Set<string>();
  const look = () => {
    const now = new Map(unmatched().map((one) => [unmatchedNote(one), one]));
    for (const [note, { database, policy, pattern }] of now)
      if (!told.has(note)) logger.log("warn", "classify.unmatched", { database, policy, pattern });
    told = new Set(now.keys());
  };
  const timer = setInterval(look, EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}
