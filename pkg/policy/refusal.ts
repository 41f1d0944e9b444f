// What the client is told: which rule, why, and what to do (invariant 5). Texts hold names of objects, never literals.
import type { Refusal } from "./decision.ts";
import { compare } from "./strictness.ts";

export const REFUSED = "42501";
export const APPROVAL_NEEDED = "WR001";

/** Rules in the order in which one of several refusals is told; guards, which have names of their own, come first. */
const order: readonly string[] = [
  "token",
  "statement",
  "functions",
  "laundering",
  "predicates",
  "hidden",
  "explain",
  "setting",
  "write-back",
  "not-understood",
  "audit",
];

export function refusal(
  policy: string,
  rule: string,
  text: { message: string; detail: string; hint: string },
  sqlstate = REFUSED,
): Refusal {
  return { rule: { policy, rule }, sqlstate, ...text };
}

/** The one refusal of several that is told, whatever order they were found in: what no approval can lift comes first. */
export function chosen(refusals: readonly Refusal[]): Refusal | undefined {
  return [...refusals].sort(byWeight)[0];
}

function byWeight(left: Refusal, right: Refusal): number {
  return (
    Number(left.sqlstate !== REFUSED) - Number(right.sqlstate !== REFUSED) ||
    order.indexOf(left.rule.rule) - order.indexOf(right.rule.rule) ||
    compare(left.rule.policy, right.rule.policy) ||
    compare(left.rule.rule, right.rule.rule) ||
    compare(left.detail, right.detail)
  );
}

/** `a`, `a and b`, `a, b and c`; at most five, the rest as a number. */
export function listed(names: readonly string[]): string {
  const unique = [...new Set(names)];
  const shown = unique.slice(0, 5);
  if (unique.length > shown.length) return `${shown.join(", ")} and ${unique.length - shown.length} more`;
  return shown.length < 2 ? shown.join("") : `${shown.slice(0, -1).join(", ")} and ${shown.at(-1)}`;
}
