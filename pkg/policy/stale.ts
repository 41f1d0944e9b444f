// Policies whose bundle could not be renewed for longer than they allow (`onStale`): each gets a guard of its own, so that whoever it
// concerns is held to it, and nobody else.
import type { EffectKind } from "../sql/facts.ts";
import type { Guard, Policy, PolicySet } from "./rules.ts";

const writes: readonly EffectKind[] = [
  "Insert",
  "Update",
  "Delete",
  "Truncate",
  "Create",
  "Alter",
  "Drop",
  "Grant",
  "CopyIn",
  "File",
  "Network",
  "ExecuteCode",
  "Maintenance",
];
/** What neither reads nor changes data stays possible: a session must be able to end its transaction. */
const everything: readonly EffectKind[] = [...writes, "Read", "CopyOut", "Lock", "Notify"];

/** What counts after `staleSeconds` without renewal; the very same set while no policy minds. */
export function whenStale(set: PolicySet, staleSeconds: number): PolicySet {
  const policies = set.policies.map((policy) => guarded(policy, staleSeconds));
  const stale = policies.filter((policy, index) => policy !== set.policies[index]).length;
  return stale === 0 ? set : { ...set, version: `${set.version}+stale${stale}`, policies };
}

function guarded(policy: Policy, staleSeconds: number): Policy {
  const { onStale } = policy;
  if (onStale === null || onStale.action === "Continue" || staleSeconds <= onStale.afterSeconds) return policy;
  const [effects, what] =
    onStale.action === "Deny" ? [everything, "nothing may be read or written"] : [writes, "nothing may be written"];
  const guard: Guard = {
    name: "on-stale",
    effects,
    filter: null,
    rowsOver: null,
    action: "Deny",
    message: `policies could not be renewed for longer than ${policy.name} allows, so ${what} until they are`,
    approval: null,
  };
  return { ...policy, guards: [...policy.guards, guard] };
}
