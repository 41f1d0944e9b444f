// Whose the session's temp tables are. They carry no class, so what one identity loads into them in clear would be read in clear by the
// next one of the same session: who is masked reads those alone that nobody else can have put anything into. Where the database is told who
// asks, its row-level security has decided for the other one, too; then that holds for everyone (for cursors: opened-by.ts).
import type { Refusal } from "../policy/decision.ts";
import { runsUnreadCode } from "../policy/unread-code.ts";
import type { Principal } from "../principal/principal.ts";
import type { Facts, RelationUse, Understood } from "../sql/facts.ts";
import type { Core } from "./core.ts";

export class Temporary {
  /** Everything that policies ask of the principal who filled them; null: nobody has, or nobody knows how many. */
  #owner: string | null = null;
  #last: Principal | null = null;
  #isShared = false;
  #discards = false;

  /** A statement runs as `principal`. */
  ran(facts: Facts, principal: Principal): void {
    if (this.#isShared || this.#last === principal || !mayFill(facts)) return;
    this.#last = principal;
    const key = JSON.stringify(principal);
    if (this.#owner !== null && this.#owner !== key) this.#isShared = true;
    this.#owner = key;
  }

  isOf(principal: Principal): boolean {
    if (this.#owner === null) return true;
    return !this.#isShared && this.#owner === JSON.stringify(principal);
  }

  /** A statement has ended; `inTransaction`: in one that the client began. */
  completed(facts: Facts, inTransaction: boolean): void {
    if (!facts.understood) return;
    if (facts.transaction !== undefined) this.#discards = false;
    else if (facts.kind === "DISCARD" && facts.changesResolution) this.#discards = !inTransaction;
  }

  failed(): void {
    this.#discards = false;
  }

  /** Between transactions: what was discarded in the last one is gone for good. */
  settled(): void {
    if (this.#discards) {
      this.#owner = this.#last = null;
      this.#isShared = false;
    }
    this.#discards = false;
  }
}

function mayFill(facts: Facts): boolean {
  if (!facts.understood) return true;
  const makes = facts.changesResolution && facts.effects.includes("Create");
  return makes || facts.writes.some(({ relation }) => relation.temporary) || runsUnreadCode(facts);
}

/** null: it uses no temp table, or one of its own. */
export function refusedTemporary(core: Core, facts: Facts): Refusal | null {
  if (!facts.understood || !usesTemporary(facts)) return null;
  const { who, standing, policies, temporary } = core;
  const isBound = standing.governed(policies).masks || core.session?.pinned.identity === true;
  return !isBound || temporary.isOf(who.principal) ? null : ofAnother;
}

function usesTemporary({ relations }: Understood): boolean {
  return relations.some((use) => use.temporary && holdsRows(use) && !use.access.every((access) => access === "Drop"));
}

const holdsRows = ({ kind }: RelationUse): boolean => kind === "table" || kind === "partitioned";

const ofAnother: Refusal = {
  rule: { policy: "weir", rule: "identity" },
  sqlstate: "42501",
  message: "weir: another identity of this session may have filled its temp tables",
  detail:
    "It may hold what you may not see: it carries no class, and row-level security let through what the other one may see.",
  hint: "Send DISCARD TEMP, outside a transaction, and make the table anew.",
};
