// Ids of tokens that count once, remembered until they would have expired anyway. Bounded: when there is no room, nothing new counts.

/** More than a sidecar sees in the life of such tokens; some 20 MB. */
const IDS_MAX = 100_000;

export class OnceOnly {
  readonly #max: number;
  readonly #seen = new Map<string, number>();

  constructor(max = IDS_MAX) {
    this.#max = max;
  }

  /** True the first time. `untilMs`: when the token expires, clocks' difference included. */
  use(id: string, untilMs: number, nowMs: number): "first" | "again" | "full" {
    const known = this.#seen.get(id);
    if (known !== undefined && known >= nowMs) return "again";
    if (this.#seen.size >= this.#max) this.#forget(nowMs);
    if (this.#seen.size >= this.#max) return "full";
    this.#seen.set(id, untilMs);
    return "first";
  }

  #forget(nowMs: number): void {
    for (const [id, untilMs] of this.#seen) if (untilMs < nowMs) this.#seen.delete(id);
  }
}
