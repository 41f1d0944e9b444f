// Pinning for a whole string: before it, in the transaction that it runs in. A part that runs in another transaction, or whose
// transaction must not have taken a snapshot yet, cannot be pinned from there.
import type { Refusal } from "../policy/decision.ts";
import type { Facts } from "../sql/facts.ts";
import type { Core } from "./core.ts";
import type { Judged } from "./model.ts";
import { toPin } from "./pin.ts";

/** OIDs, or null when some part cannot be pinned. */
export function toPinOfString(core: Core, judged: readonly Judged[]): readonly number[] | null {
  const oids = new Set<number>();
  let mayPin = true;
  for (const one of judged) {
    const needed = toPin(core, one);
    if (needed.length > 0 && !mayPin) return null;
    for (const oid of needed) oids.add(oid);
    mayPin &&= !leavesPins(one.statement.facts);
  }
  return [...oids];
}

const ends: readonly (string | undefined)[] = ["commit", "rollback", "prepare"];
const snapshotSettings = /^transaction_(isolation|deferrable|snapshot)$/;

function leavesPins(facts: Facts): boolean {
  if (!facts.understood) return true;
  return ends.includes(facts.transaction?.do) || facts.settings.some(({ name }) => snapshotSettings.test(name));
}

export const cannotPin: Refusal = {
  rule: { policy: "weir", rule: "witness" },
  sqlstate: "42501",
  message:
    "weir: a statement of this string reads protected columns beside other relations, behind what ends a transaction or sets its isolation",
  detail: "What it was decided on cannot be held until it runs.",
  hint: "Send it alone, not in one string with those.",
};
