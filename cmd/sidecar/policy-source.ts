// Where the policies in force come from: a watched folder, or the bundles of an operator.
import type { Logger } from "../../pkg/runtime/logger.ts";
import type { Policies } from "./compile-policies.ts";

export interface PolicySource {
  /** The last good ones; null while there were none. */
  current(): Policies | null;
  /** What is wrong with what is there now, or why there is nothing newer. */
  problems(): readonly string[];
  /** Times that something else was looked at, good or not. */
  reloads(): number;
  /** Calls `told` whenever other policies have come into force, and now when there are any. */
  follow(told: (version: string, reason: string) => void): void;
  /** null: there are no bundles. */
  bundle(): BundleState | null;
  /** The pod's ServiceAccount, `namespace/name`, while the operator has taken its token; null, or absent: it has not. */
  attested?(): string | null;
  close(): void;
}

export interface BundleState {
  /** `sha256:...`; null while there is none. */
  readonly version: string | null;
  /** Since the operator last said that there is none newer, or since the start where it has not yet. */
  readonly ageSeconds: number;
  readonly refusedTotal: number;
}

/** Whoever follows is told in a way that never keeps a policy from its effect: a spool that is full says so at the next statement. */
export class Follower {
  readonly #logger: Logger;
  #told: ((version: string, reason: string) => void) | null = null;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  follow(told: (version: string, reason: string) => void): void {
    this.#told = told;
  }

  tell(version: string, reason: string): void {
    try {
      this.#told?.(version, reason);
    } catch (error) {
      this.#logger.log("error", "audit.unavailable", { reason: (error as Error).message });
    }
  }
}
