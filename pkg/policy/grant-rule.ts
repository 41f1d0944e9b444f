// What the token of a principal narrows it to (RFC 9396), beside every policy. A statement runs only when grants cover all of it; what
// is not understood, or runs code that is not, needs one that narrows neither actions nor tables.
import type { Action, Grant } from "../principal/grant.ts";
import type { EffectKind, Facts, RelationUse } from "../sql/facts.ts";
import type { DecisionRequest } from "./decide.ts";
import type { Refusal, RowLimit } from "./decision.ts";
import { matchesGlob } from "./glob.ts";
import { listed, refusal } from "./refusal.ts";

export interface Narrowed {
  readonly refusals: readonly Refusal[];
  readonly limits: readonly RowLimit[];
}

const nothing: Narrowed = { refusals: [], limits: [] };

export function judgeGrants({ principal, database, facts, nowMs }: DecisionRequest): Narrowed {
  const { grants } = principal;
  if (grants === undefined || (facts.understood && facts.own !== undefined)) return nothing;
  const name = `${database.namespace}/${database.name}`;
  const live = grants.filter(
    ({ databases, notAfterMs }) => matches(databases, name) && (notAfterMs === null || nowMs < notAfterMs),
  );
  if (live.length === 0)
    return { refusals: [narrowed({ message: `the token allows nothing on ${name}, or not any more` })], limits: [] };
  const missing = missingIn(live, facts);
  return { refusals: missing === null ? [] : [narrowed(missing)], limits: limitsOf(live, facts) };
}

const actions: Partial<Record<EffectKind, Action>> = {
  Read: "read",
  CopyOut: "read",
  Insert: "insert",
  CopyIn: "insert",
  Update: "update",
  Delete: "delete",
};

/** Not about data: what any session does. */
const free: ReadonlySet<EffectKind> = new Set(["Transaction", "SessionChange", "Lock"]);

/** What no grant covers; null: all is covered. */
function missingIn(live: readonly Grant[], facts: Facts): Text | null {
  if (live.some((grant) => grant.actions === null && grant.tables === null)) return null;
  if (!facts.understood)
    return { message: "what the statement does is not understood, and the token does not allow everything" };
  const opaque = facts.functions.filter(({ trust }) => trust === "opaque").map(({ name }) => name);
  if (opaque.length > 0) return { message: `the token does not allow code that cannot be analysed: ${listed(opaque)}` };
  const other = facts.effects.filter((effect) => actions[effect] === undefined && !free.has(effect));
  if (other.length > 0) return { message: `the token does not allow ${listed(other)}` };
  for (const use of facts.relations) {
    const effect = use.access.find((each) => !covered(live, use, each));
    if (effect !== undefined) return { message: `the token does not allow ${effect} of ${use.schema}.${use.name}` };
  }
  return null;
}

function covered(live: readonly Grant[], use: RelationUse, effect: EffectKind): boolean {
  if (free.has(effect) || use.temporary) return true;
  const action = actions[effect];
  if (action === "read" && (use.schema === "pg_catalog" || use.schema === "information_schema")) return true;
  const name = `${use.schema}.${use.name}`;
  return live.some(
    (grant) =>
      (grant.actions === null || (action !== undefined && grant.actions.includes(action))) &&
      matches(grant.tables, name),
  );
}

function matches(patterns: readonly string[] | null, name: string): boolean {
  return patterns === null || patterns.some((pattern) => matchesGlob(pattern, name));
}

function limitsOf(live: readonly Grant[], facts: Facts): readonly RowLimit[] {
  if (facts.understood && facts.outputs === null) return [];
  const limits = live.flatMap(({ rowsMax }) => (rowsMax === null ? [] : [rowsMax]));
  if (limits.length === 0) return [];
  const rows = Math.min(...limits);
  return [{ rows, refusal: narrowed({ message: `the token allows no more than ${rows} rows` }) }];
}

interface Text {
  readonly message: string;
}

function narrowed({ message }: Text): Refusal {
  return refusal("weir", "token", {
    message,
    detail: "The token carries authorization_details, which narrow what may be done with it.",
    hint: "SHOW weir.policy tells what it allows; get a token that allows more.",
  });
}
