// What holds for a session for as long as policies and knowledge are the same objects: asked for every frame, worked out once.
import { claimQuery, standingQuery } from "../catalog/claim-query.ts";
import type { CatalogQuery } from "../catalog/queries.ts";
import { type Governed, governs } from "../policy/governs.ts";
import { claimsOf } from "../policy/nothing-protected.ts";
import type { DatabaseName, PolicySet } from "../policy/rules.ts";
import type { Principal } from "../principal/principal.ts";
import type { GateOptions } from "./options.ts";
import type { Who } from "./who.ts";

/** null: it cannot be asked. */
export interface Claims {
  readonly columns: CatalogQuery | null;
  readonly standing: CatalogQuery | null;
}

export class Standing {
  readonly database: DatabaseName;
  readonly #options: GateOptions;
  readonly #who: Who;
  #governedBy: PolicySet | null = null;
  #governedFor: Principal | null = null;
  #governed: Governed = { policies: 0, masks: false, lifting: "Refuse", observed: false, guards: false };
  #claimsOf: PolicySet | null = null;
  #claims: Claims = { columns: null, standing: null };
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

  /** The queries that find what patterns of a set mean. */
  claims(set: PolicySet): Claims {
    if (set !== this.#claimsOf) {
      const claims = claimsOf(set, this.database).map(({ schema, table, column }) => {
        return { schema: schema.name, table: table.name, column: column.name };
      });
      this.#claims = { columns: claimQuery(claims), standing: standingQuery(claims) };
      this.#claimsOf = set;
    }
    return this.#claims;
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
