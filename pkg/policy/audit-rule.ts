// What happens to a statement whose record cannot be written (invariant 2): the strictest `audit.onFailure` decides.
import type { Binding } from "./binding.ts";
import type { DatabaseRules } from "./database-rules.ts";

export interface AuditRule {
  readonly onFailure: "Deny" | "Allow";
  /** The policy that says so, by name; null when none does. */
  readonly policy: string | null;
  /** `Node` when any policy that binds asks for it. */
  readonly durability: "Process" | "Node";
}

/** A policy that does not say means Deny for statements that touch a class; so do those that give the class to everyone's data. */
export function auditRule(rules: DatabaseRules, binding: Binding, touchesClass: boolean): AuditRule {
  const durability = binding.policies.some(({ policy }) => policy.audit.durability === "Node") ? "Node" : "Process";
  for (const { policy, observe } of rules.policies) {
    if (observe) continue;
    const { onFailure } = policy.audit;
    const binds = binding.policies.some((each) => each.policy === policy);
    if (!binds && policy.classify.length === 0) continue;
    if (onFailure === "Allow") continue;
    if (touchesClass || (binds && onFailure === "Deny")) return { onFailure: "Deny", policy: policy.name, durability };
  }
  return { onFailure: "Allow", policy: null, durability };
}
