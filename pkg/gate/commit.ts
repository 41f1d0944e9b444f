// The commit asks again what the transaction wrote, when the policy has changed since (a refused one ends as a failed COMMIT does).
import type { Refusal } from "../policy/decision.ts";
import type { Statement } from "../sql/facts.ts";
import type { Core } from "./core.ts";
import { judge } from "./judge.ts";

/** null: nothing forbids the commit. */
export function refusedAtCommit(core: Core): Refusal | null {
  const writes = core.uncommitted.toAskAgain(core.policies.version);
  if (writes === "too many") return changed("the transaction holds more writes than can be asked again");
  for (const write of writes) {
    const { decision } = judge(core, write.statement, true);
    if (decision.verdict === "refuse")
      return changed(`a statement of this transaction is refused now: ${decision.refusal.message}`, decision.refusal);
  }
  return null;
}

/** For a statement that would commit: COMMIT, END, PREPARE TRANSACTION. */
export function commitRefusal(core: Core, statement: Statement): Refusal | null {
  const control = statement.facts.understood ? statement.facts.transaction : undefined;
  if (control?.do !== "commit" && control?.do !== "prepare") return null;
  return core.transaction === "E" ? null : refusedAtCommit(core);
}

function changed(detail: string, refusal?: Refusal): Refusal {
  return {
    rule: refusal?.rule ?? { policy: "weir", rule: "commit" },
    sqlstate: "42501",
    message: "weir: the transaction was rolled back, because the policy changed before it was committed",
    detail: `${detail}.`,
    hint: refusal?.hint || "Run the transaction again under the policy that is in force now.",
  };
}
