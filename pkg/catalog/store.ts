// What the sessions of one database share of its catalogue. Whoever loads puts; everyone reads.
import type { Snapshot } from "./snapshot.ts";

/** A load is not repeated sooner than this many times what it took, where there is another way. */
const BUSY_TIMES = 10;

export class CatalogStore {
  #current: Snapshot | null = null;
  #stale = true;
  #probedAtMs = Number.NEGATIVE_INFINITY;
  #changes = 0;
  #loadedAtMs = Number.NEGATIVE_INFINITY;
  #loadMs = 0;

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

  /** A load ended, of the whole or of what one transaction sees. */
  loaded(nowMs: number, tookMs: number): void {
    this.#loadedAtMs = nowMs;
    this.#loadMs = tookMs;
  }

  /** Loading again now would take more than a tenth of the time: what can do without should. */
  isBusy(nowMs: number): boolean {
    return nowMs - this.#loadedAtMs < BUSY_TIMES * this.#loadMs;
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
