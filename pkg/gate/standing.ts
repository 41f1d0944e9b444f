// What holds for a session for as long as policies and knowledge are the same objects: asked for every frame, worked out once.
import { type Governed, governs } from "../policy/governs.ts";
import type { DatabaseName, PolicySet } from "../policy/rules.ts";
import type { Principal } from "../principal/principal.ts";
import type { GateOptions } from "./options.ts";
import type { Who } from "./who.ts";

export class Standing {
  readonly database: DatabaseName;
  readonly #options: GateOptions;
  readonly #who: Who;
  #governedBy: PolicySet | null = null;
  #governedFor: Principal | null = null;
  #governed: Governed = { policies: 0, masks: false, guards: false };
  #basisOf: PolicySet | null = null;
  #basisFor = 0;
  #basisUnder = "";
  #basis = "";

  constructor(options: GateOptions, who: Who) {
    const [namespace = "", name = ""] = options.database.split("/");
    this.database = { namespace, name };
    this.#options = options;
    this.#who = who;
  }

  /** What only a statement or the time can tell counts as matching, so it stays the same for the life of a set. */
  governed(set: PolicySet): Governed {
    const { principal } = this.#who;
    if (set !== this.#governedBy || principal !== this.#governedFor) {
      this.#governed = governs(set, this.database, principal, this.#options.context);
      this.#governedBy = set;
      this.#governedFor = principal;
    }
    return this.#governed;
  }

  /** Whether a basis is one under this set and for the same principal, whatever was known. */
  isUnder(set: PolicySet, basis: string): boolean {
    return basis.startsWith(`${set.version}|${this.#who.epoch}|`);
  }

  /** The policy version, the principal and the knowledge that a decision stands on. */
  basis(set: PolicySet, viewKey: string): string {
    const { epoch } = this.#who;
    if (set !== this.#basisOf || epoch !== this.#basisFor || viewKey !== this.#basisUnder) {
      this.#basis = `${set.version}|${epoch}|${viewKey}`;
      this.#basisFor = epoch;
      this.#basisOf = set;
      this.#basisUnder = viewKey;
    }
    return this.#basis;
  }
}
