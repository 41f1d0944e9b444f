// What holds for a session for as long as policies and knowledge are the same objects: asked for every frame, worked out once.
import { claimQuery, standingQuery } from "../catalog/claim-query.ts";
import type { CatalogQuery } from "../catalog/queries.ts";
import { type Governed, governs } from "../policy/governs.ts";
import { claimsOf } from "../policy/nothing-protected.ts";
import type { DatabaseName, PolicySet } from "../policy/rules.ts";
import type { GateOptions } from "./options.ts";

/** null: it cannot be asked. */
export interface Claims {
  readonly columns: CatalogQuery | null;
  readonly standing: CatalogQuery | null;
}

export class Standing {
  readonly database: DatabaseName;
  readonly #options: GateOptions;
  #governedBy: PolicySet | null = null;
  #governed: Governed = { policies: 0, masks: false, lifting: "Refuse", observed: false, guards: false };
  #claimsOf: PolicySet | null = null;
  #claims: Claims = { columns: null, standing: null };
  #basisOf: PolicySet | null = null;
  #basisUnder = "";
  #basis = "";

  constructor(options: GateOptions) {
    const [namespace = "", name = ""] = options.database.split("/");
    this.database = { namespace, name };
    this.#options = options;
  }

  /** What only a statement or the time can tell counts as matching, so it stays the same for the life of a set. */
  governed(set: PolicySet): Governed {
    if (set !== this.#governedBy) {
      const { principal, context } = this.#options;
      this.#governed = governs(set, this.database, principal, context);
      this.#governedBy = set;
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

  /** Whether a basis is one under this set, whatever was known. */
  isUnder(set: PolicySet, basis: string): boolean {
    return basis.startsWith(`${set.version}|`);
  }

  /** The policy version and the knowledge that a decision stands on. */
  basis(set: PolicySet, viewKey: string): string {
    if (set !== this.#basisOf || viewKey !== this.#basisUnder) {
      this.#basis = `${set.version}|${viewKey}`;
      this.#basisOf = set;
      this.#basisUnder = viewKey;
    }
    return this.#basis;
  }
}
