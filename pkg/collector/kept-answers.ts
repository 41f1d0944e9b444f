// Answers about tokens, kept for a while by the token's SHA-256: an API server is not asked about each request. Bounded in number and in
// questions that are open at a time.
import { createHash } from "node:crypto";
import { refused, type Verified } from "./source.ts";

const GOOD_FOR_MS = 60_000;
const BAD_FOR_MS = 5_000;
const KEPT_MAX = 20_000;
const OPEN_MAX = 200;

export class KeptAnswers<T> {
  private readonly monotonicMs: () => number;
  private readonly kept = new Map<string, { readonly verified: Promise<Verified<T>>; endsAtMs: number }>();
  private open = 0;

  constructor(monotonicMs: () => number) {
    this.monotonicMs = monotonicMs;
  }

  of(token: string, ask: () => Promise<Verified<T>>): Promise<Verified<T>> {
    const key = createHash("sha256").update(token).digest("base64");
    const known = this.kept.get(key);
    if (known !== undefined && this.monotonicMs() < known.endsAtMs) return known.verified;
    this.kept.delete(key);
    for (const oldest of this.kept.keys()) {
      if (this.kept.size < KEPT_MAX) break;
      this.kept.delete(oldest);
    }
    const entry = { verified: this.asked(ask), endsAtMs: this.monotonicMs() + GOOD_FOR_MS };
    this.kept.set(key, entry);
    void entry.verified.then((verified) => {
      if (verified.ok) return;
      // Not knowing is not kept; and another question may have taken the place meanwhile.
      if (verified.status !== 503) entry.endsAtMs = this.monotonicMs() + BAD_FOR_MS;
      else if (this.kept.get(key) === entry) this.kept.delete(key);
    });
    return entry.verified;
  }

  private async asked(ask: () => Promise<Verified<T>>): Promise<Verified<T>> {
    if (this.open >= OPEN_MAX) return refused(503, "the collector is busy with other tokens; try again");
    this.open++;
    try {
      return await ask();
    } catch {
      return refused(503, "the API server cannot be asked about the token; try again");
    } finally {
      this.open--;
    }
  }
}
