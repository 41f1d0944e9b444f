// `spec` of DataPolicy and ClusterDataPolicy.
import { compileCondition } from "../policy/condition.ts";
import type { Approval, Budget } from "../policy/rules.ts";
import { hint } from "../runtime/closest.ts";
import { classifyEntry } from "./classify.ts";
import {
  checked,
  choice,
  type Decoder,
  duration,
  integer,
  list,
  optional,
  record,
  report,
  required,
  text,
} from "./decode.ts";
import { guard } from "./guard.ts";
import { maskRule } from "./mask.ts";
import { dottedName } from "./metadata.ts";
import type { PolicySpec } from "./resource.ts";
import { labelSelector } from "./selector.ts";
import { subject } from "./subject.ts";

const condition: Decoder<string> = checked(text, (value, context, tree) => {
  const compiled = compileCondition(value);
  if (compiled.ok) return value;
  const near = compiled.word === undefined ? "" : hint(compiled.word, compiled.known ?? []);
  const known =
    compiled.known === undefined || compiled.known.length === 0 ? "" : `; there are ${compiled.known.join(", ")}`;
  const remedy =
    near === "" ? `write a CEL expression over principal, session, statement and now${known}` : near.replace(/^; /, "");
  return report(context, tree.at, compiled.problem, remedy);
});

const safeFunction: Decoder<string> = checked(text, (value, context, tree) =>
  /^[^\s.()]+\.[^\s()]+(\(.*\))?$/.test(value)
    ? value
    : report(
        context,
        tree.at,
        `${JSON.stringify(value)} is not a function`,
        "write schema.name(argument types), such as public.full_name(bigint)",
      ),
);

const budget: Decoder<Budget> = checked(
  record({
    per: required(choice("Principal")),
    window: required(duration),
    rows: optional(integer(0, Number.MAX_SAFE_INTEGER), null),
    protectedCells: optional(integer(0, Number.MAX_SAFE_INTEGER), null),
    action: required(choice("Deny", "RequireApproval", "Warn")),
  }),
  ({ window, ...rest }) => ({ ...rest, windowSeconds: window }),
);

const approval: Decoder<Approval> = checked(
  record({
    groups: required(list(text, { min: 1 })),
    count: optional(integer(1, 10), 1),
    validFor: optional(duration, 900),
    waitUpTo: optional(duration, 60),
  }),
  ({ groups, count, validFor, waitUpTo }) => ({ groups, count, validForSeconds: validFor, waitUpToSeconds: waitUpTo }),
);

const staleRule = checked(
  record({ after: required(duration), action: required(choice("Continue", "DenyWrites", "Deny")) }),
  ({ after, action }) => ({ afterSeconds: after, action }),
);

const defaultAudit: PolicySpec["audit"] = { onFailure: null, durability: "Process" };

const specFields = {
  databases: optional(list(dottedName, { min: 1 }), null),
  mode: optional(choice("Enforce", "Observe"), "Enforce"),
  subjects: optional(list(subject), []),
  when: optional(condition, null),
  classify: optional(list(classifyEntry), []),
  mask: optional(list(maskRule), []),
  exempt: optional(list(subject), []),
  functions: optional(record({ safe: optional(list(safeFunction), [] as readonly string[]) }), {
    safe: [] as readonly string[],
  }),
  predicates: optional(choice("Deny", "AllowEquality", "Allow"), null),
  guard: optional(list(guard), []),
  budgets: optional(list(budget), []),
  approval: optional(approval, null),
  detect: optional(list(choice("Email", "PaymentCard", "Secrets")), []),
  audit: optional(
    record({
      onFailure: optional(choice("Deny", "Allow"), null),
      durability: optional(choice("Process", "Node"), "Process"),
    }),
    defaultAudit,
  ),
  onStale: optional(staleRule, null),
};

export const policySpec: Decoder<PolicySpec> = record(specFields);

export const clusterPolicySpec = record({ ...specFields, namespaceSelector: optional(labelSelector, null) });
