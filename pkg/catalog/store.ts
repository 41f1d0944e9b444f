// What the sessions of one database share of its catalogue. Whoever loads puts; everyone reads.
import type { Snapshot } from "./snapshot.ts";

export class CatalogStore {
  #current: Snapshot | null = null;
  #stale = true;
  #probedAtMs = Number.NEGATIVE_INFINITY;
  #changes = 0;

  /** The last good snapshot, or null before the first. */
  get current(): Snapshot | null {
    return this.#current;
  }

  /** True before the first load, and while something is known to have changed since `current`. */
  get stale(): boolean {
    return this.#stale;
  }

  /** Clock reading of the last probe or load; minus infinity before the first. */
  get probedAtMs(): number {
    return this.#probedAtMs;
  }

  /** Grows with every `invalidate`; taken before loading and handed to `put`. */
  get changes(): number {
    return this.#changes;
  }

  /** A change was seen: `current` no longer holds. */
  invalidate(): void {
    this.#changes += 1;
    this.#stale = true;
  }

  /** `changesBefore`: `changes` when the load began. What was invalidated since stays stale. */
  put(snapshot: Snapshot, nowMs: number, changesBefore: number = this.#changes): void {
    this.#current = snapshot;
    this.#probedAtMs = nowMs;
    this.#stale = changesBefore !== this.#changes;
  }

  /** The probe's answer equals that of `current`. */
  confirm(nowMs: number, changesBefore: number = this.#changes): void {
    this.#probedAtMs = nowMs;
    if (this.#current !== null) this.#stale = changesBefore !== this.#changes;
  }
}
