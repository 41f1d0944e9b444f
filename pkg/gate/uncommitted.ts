// Writes of the open transaction and the policy they were decided under. When the policy has changed by the time of the commit,
// they are asked again: what is refused now does not become durable.
import type { Judged } from "./model.ts";

/** Beyond this many writes of one transaction, a policy change during it refuses the commit. */
const WRITES_MAX = 4096;

export class Uncommitted {
  #writes: Judged[] = [];
  #versions = new Set<string>();
  #overflow = false;

  add(judged: Judged, policyVersion: string): void {
    const facts = judged.statement.facts;
    if (facts.understood && facts.writes.length === 0 && !facts.effects.some((effect) => effect !== "Read")) return;
    if (this.#writes.length >= WRITES_MAX) this.#overflow = true;
    else this.#writes.push(judged);
    this.#versions.add(policyVersion);
  }

  clear(): void {
    if (this.#versions.size === 0) return;
    this.#writes = [];
    this.#versions.clear();
    this.#overflow = false;
  }

  /** Writes to ask again, "too many", or nothing when all were decided under this version. */
  toAskAgain(policyVersion: string): readonly Judged[] | "too many" {
    if (this.#versions.size === 0 || (this.#versions.size === 1 && this.#versions.has(policyVersion))) return [];
    return this.#overflow ? "too many" : this.#writes;
  }
}
