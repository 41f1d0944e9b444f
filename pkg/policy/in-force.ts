// What is in force for one principal, in words that the person or the program behind it can read: SHOW weir.policy.
import { type Asker, bindingsOf } from "./binding.ts";

export interface InForce {
  readonly version: string;
  readonly database: string;
  readonly policies: readonly { readonly name: string; readonly mode: "Enforce" | "Observe" }[];
  readonly masks: readonly { readonly classes: readonly string[]; readonly method: string; readonly policy: string }[];
  readonly guards: readonly {
    readonly name: string;
    readonly effects: readonly string[];
    readonly action: string;
    readonly policy: string;
  }[];
}

/** What a statement itself decides (`when`) counts as matching. */
export function inForce(asker: Asker, nowMs: number): InForce {
  const { enforce, observe } = bindingsOf(asker, { nowMs });
  const masking = enforce.masks?.masking ?? [];
  return {
    version: asker.set.version,
    database: `${asker.database.namespace}/${asker.database.name}`,
    policies: [...enforce.policies, ...(observe?.policies ?? [])].map(({ policy }) => ({
      name: policy.name,
      mode: policy.mode,
    })),
    masks: masking.flatMap(({ policy }) =>
      policy.mask.map(({ classes, method }) => ({ classes, method, policy: policy.name })),
    ),
    guards: enforce.guards.map(({ guard, policy }) => ({
      name: guard.name,
      effects: guard.effects,
      action: guard.action,
      policy: policy.policy.name,
    })),
  };
}
