// Code that a statement runs and that nobody has read: it may do anything, unless a policy vouches for it.
import type { FunctionUse, Understood } from "../sql/facts.ts";
import type { PreparedPolicy } from "./database-rules.ts";
import { functionKey } from "./function-key.ts";

/** Whether calling it may do anything at all. */
function isUnread(use: FunctionUse): boolean {
  return use.effects === undefined ? use.trust === "opaque" : use.effects.includes("ExecuteCode");
}

/** Whether the statement runs code that is not that of a function in its list: DO, CALL of what was not found. */
export function runsOtherCode(facts: Understood): boolean {
  return facts.effects.includes("ExecuteCode") && (facts.kind === "DO" || !facts.functions.some(isUnread));
}

/** Whether any code in it may do anything, vouched for or not. */
export function runsUnreadCode(facts: Understood): boolean {
  return (
    facts.effects.includes("ExecuteCode") || facts.functions.some((use) => use.trust === "opaque" || isUnread(use))
  );
}

/** What in a statement may do anything, in words, as far as `policy` does not vouch for it; empty when nothing does. */
export function unreadCode(facts: Understood, policy: Pick<PreparedPolicy, "safeFunctions">): readonly string[] {
  const names = facts.functions
    .filter((use) => isUnread(use) && !policy.safeFunctions.has(functionKey(use.name)))
    .map((use) => use.name);
  return runsOtherCode(facts) ? [...names, `the code of ${facts.kind}`] : names;
}

/** Only functions have names to vouch for; a DO block or an extension's script has none. */
export function unreadHint(facts: Understood, policy: PreparedPolicy): string {
  const owners = `the owners of policy ${policy.policy.name}`;
  if (runsOtherCode(facts)) return `Write plain SQL statements instead, or ask ${owners} to have it run.`;
  const names = unreadCode(facts, policy)
    .slice(0, 5)
    .map((name) => `"${name}"`);
  return `Leave the code out, or ask ${owners} to list ${names.join(", ")} under functions.safe.`;
}
