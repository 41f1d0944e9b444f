// Guards: what a statement does at any depth against what a guard forbids. What is not known is taken as the worst.
import type { EffectKind, Facts, RelationUse, Understood, Write } from "../sql/facts.ts";
import type { BoundGuard } from "./binding.ts";
import type { Refusal, RowLimit, WriteLimit } from "./decision.ts";
import { APPROVAL_NEEDED, listed, REFUSED, refusal } from "./refusal.ts";
import { unreadCode, unreadHint } from "./unread-code.ts";

/** Estimated rows of a relation (`reltuples`), or null when not known. */
export type Estimate = (relation: RelationUse) => number | null;

export interface GuardContext {
  readonly facts: Facts;
  readonly alone: boolean;
  readonly estimate: Estimate;
}

/** What one guard says of one statement; null: it does not match. */
export type GuardFinding =
  | { readonly says: "refuse"; readonly refusal: Refusal }
  | { readonly says: "warn"; readonly message: string }
  | { readonly says: "limit"; readonly limit: RowLimit }
  | { readonly says: "count"; readonly limit: WriteLimit }
  | null;

/** PostgreSQL's FirstNormalObjectId: smaller OIDs are the server's own objects. */
const FIRST_NORMAL_OID = 16_384;

const writeEffects: ReadonlySet<EffectKind> = new Set(["Insert", "Update", "Delete", "Truncate"]);

export function judgeGuard(bound: BoundGuard, context: GuardContext): GuardFinding {
  const { facts } = context;
  if (!facts.understood)
    return verdict(
      bound,
      `what the statement does is not known: ${facts.why}`,
      "Write the statement in a plainer form.",
      true,
    );
  const match = matchOf(bound, facts);
  if (match.effects.length === 0) return null;
  if (bound.guard.filter !== null && !filterMatches(bound, facts, match)) return null;
  const why = reasonOf(match, facts);
  if (match.unread.length > 0) return unreadVerdict(bound, match, facts, why);
  if (bound.guard.rowsOver === null) return verdict(bound, why, hintOf(bound, match, facts));
  if (match.effects.some((effect) => writeEffects.has(effect)))
    return writeLimit(bound, { facts, match, alone: context.alone, why });
  return readLimit(bound, facts, context, why);
}

/** The guard's own message would speak of what it is about, and nobody knows whether this is. */
function unreadVerdict(bound: BoundGuard, { unread }: Match, facts: Understood, why: string): GuardFinding {
  const counted = bound.guard.rowsOver !== null;
  if (counted && (facts.name?.do === "prepare" || facts.name?.do === "declare")) return null;
  const reason = counted ? `rows changed by ${listed(unread)} cannot be counted; ${why}` : why;
  return verdict(bound, reason, unreadHint(facts, bound.policy), true);
}

interface Match {
  readonly effects: readonly EffectKind[];
  /** Code that may do anything, by name. */
  readonly unread: readonly string[];
}

function matchOf({ guard, policy }: BoundGuard, facts: Understood): Match {
  const unread = unreadCode(facts, policy);
  if (unread.length > 0) return { effects: guard.effects, unread };
  const known = new Set<EffectKind>([...facts.effects, ...facts.writes.map((write) => write.effect)]);
  for (const use of facts.functions) for (const effect of use.effects ?? []) known.add(effect);
  const told = (effect: EffectKind) => known.has(effect) && !isVouched(effect, facts) && !isOfTemporary(effect, facts);
  return { effects: guard.effects.filter(told), unread };
}

const schemaChanges: ReadonlySet<EffectKind> = new Set(["Create", "Alter", "Drop", "Truncate"]);

/** Temp tables are the session's own working space and no part of the schema. */
function isOfTemporary(effect: EffectKind, { relations, effects, functions }: Understood): boolean {
  if (!schemaChanges.has(effect) || effects.includes("Grant")) return false;
  if (functions.some((use) => use.effects?.includes(effect))) return false;
  const changed = relations.filter(({ access }) => access.includes(effect));
  return changed.length > 0 && changed.every(({ temporary }) => temporary);
}

/** Here all code that could be meant is vouched for. */
function isVouched(effect: EffectKind, facts: Understood): boolean {
  return effect === "ExecuteCode" && facts.functions.length > 0;
}

/** Some write of the guard's kind lacks the filter, or a write is told of whose filter is not known. */
function filterMatches({ guard }: BoundGuard, facts: Understood, match: Match): boolean {
  if (match.unread.length > 0) return true;
  return match.effects.some((effect) => {
    const writes = facts.writes.filter((write) => write.effect === effect);
    return writes.length === 0 || writes.some((write) => lacksFilter(guard.filter, write));
  });
}

function lacksFilter(wanted: "Missing" | "NotByKey" | null, { filter }: Write): boolean {
  return wanted === "Missing" ? filter === "Missing" : filter !== "Key";
}

interface Counted {
  readonly facts: Understood;
  readonly match: Match;
  readonly alone: boolean;
  readonly why: string;
}

/** Statements that run inside a transaction of the client's and whose rows the server's counters show. */
const countedKinds = new Set(["INSERT", "UPDATE", "DELETE", "MERGE", "SELECT", "EXPLAIN", "EXECUTE"]);

/** Changed rows are counted by the server itself, in the statement's own transaction. */
function writeLimit(bound: BoundGuard, { facts, match, alone, why }: Counted): GuardFinding {
  if (facts.name?.do === "prepare" || facts.name?.do === "declare") return null;
  const uncounted = whyUncounted(facts, match);
  if (uncounted !== null)
    return verdict(bound, `${uncounted}; ${why}`, "Change the rows by a plain statement of its own.");
  if (!alone)
    return verdict(
      bound,
      `its rows are counted, which needs a string of its own; ${why}`,
      "Send this statement alone.",
    );
  const over = bound.guard.rowsOver!;
  const tables = facts.writes
    .filter(({ effect }) => match.effects.includes(effect))
    .map(({ relation }) => relation.oid);
  const rows = "rows" in over ? over.rows : { share: over.share, tables };
  const most = "rows" in over ? `${over.rows} rows` : `${over.share * 100}% of the table's rows`;
  const exceeded = refusalOf(
    bound,
    `it changes more than ${most}, and was rolled back; ${why}`,
    "Change fewer rows at a time.",
  );
  const counts = {
    inserted: match.effects.includes("Insert"),
    changed: match.effects.includes("Update") || match.effects.includes("Delete"),
  };
  return { says: "count", limit: { rows, counts, refusal: exceeded } };
}

function whyUncounted(facts: Understood, { effects }: Match): string | null {
  if (!countedKinds.has(facts.kind)) return `rows changed by ${facts.kind} cannot be counted`;
  if (effects.includes("Truncate")) return "TRUNCATE does not count its rows";
  if (facts.writes.some(({ relation }) => relation.kind === "foreign"))
    return "rows of a foreign table cannot be counted";
  return null;
}

/** Rows that leave are counted while they stream; a statement that reads no relation has none to count. */
function readLimit(bound: BoundGuard, facts: Understood, context: GuardContext, why: string): GuardFinding {
  if (facts.name?.do === "prepare" || facts.name?.do === "declare") return null;
  if (facts.relations.every(tellsSchemaOnly)) return null;
  const rows = limitOf(bound, facts, context.estimate);
  if (rows === null) {
    return verdict(
      bound,
      `how many rows the table has is not known, which counts as exceeded; ${why}`,
      `Ask the owners of policy ${bound.policy.policy.name} to write rowsOver as a number; a share is for writes.`,
    );
  }
  if (!context.alone)
    return verdict(
      bound,
      `its rows are counted, which needs a string of its own; ${why}`,
      "Send this statement alone.",
    );
  const exceeded = refusalOf(
    bound,
    `the result has more than ${rows} rows; ${why}`,
    "Fetch fewer rows: narrow the condition or add a LIMIT.",
  );
  return { says: "limit", limit: { rows, refusal: exceeded } };
}

/** They hold rows, or parts of some, of tables of users. */
const holdUserData = new Set([
  "pg_statistic",
  "pg_statistic_ext_data",
  "pg_stats",
  "pg_stats_ext",
  "pg_stats_ext_exprs",
  "pg_largeobject",
]);

/** The server's own catalogues, which every driver and tool reads at its start, hold no rows of users. */
function tellsSchemaOnly({ oid, schema, name }: RelationUse): boolean {
  const isSystem = oid > 0 && oid < FIRST_NORMAL_OID && (schema === "pg_catalog" || schema === "information_schema");
  return isSystem && !holdUserData.has(name);
}

/** null: not known. A share is of the smallest table read; the server's own catalogues do not count. */
function limitOf({ guard }: BoundGuard, facts: Understood, estimate: Estimate): number | null {
  const over = guard.rowsOver!;
  if ("rows" in over) return over.rows;
  const stored = facts.relations.filter(
    ({ schema, kind }) => schema !== "pg_catalog" && schema !== "information_schema" && kind !== "view",
  );
  const tables = stored.length > 0 ? stored : facts.relations.filter(({ kind }) => kind === "view");
  if (tables.length === 0) return Number.MAX_SAFE_INTEGER;
  const estimates = tables.map((table) => (table.kind === "view" ? null : estimate(table)));
  if (estimates.some((rows) => rows === null || rows < 0)) return null;
  return Math.floor(over.share * Math.min(...(estimates as number[])));
}

/** `effects` of the guard that the statement has. */
function reasonOf({ effects, unread }: Match, facts: Understood): string {
  if (unread.length > 0) return `it runs ${listed(unread)}, which may do anything`;
  const used = facts.relations.filter(({ access }) => access.some((effect) => effects.includes(effect)));
  const names = [
    ...used,
    ...facts.writes.filter(({ effect }) => effects.includes(effect)).map(({ relation }) => relation),
  ];
  const by = facts.functions.filter((use) => use.effects?.some((effect) => effects.includes(effect)));
  if (names.length === 0 && by.length > 0)
    return `${facts.kind} does ${listed(effects)} by ${listed(by.map(({ name }) => name))}`;
  const where = names.length === 0 ? "" : ` on ${listed(names.map(({ schema, name }) => `${schema}.${name}`))}`;
  return `${facts.kind} does ${listed(effects)}${where}`;
}

function hintOf({ guard, policy }: BoundGuard, { effects }: Match, { writes }: Understood): string {
  const isWrite = writes.some(({ effect }) => effects.includes(effect));
  if (isWrite && guard.filter === "Missing") return "Add a WHERE clause that names the rows you mean.";
  if (isWrite && guard.filter === "NotByKey")
    return "Name the rows by every column of a unique key in WHERE, such as the primary key.";
  return `If this should be possible, ask the owners of policy ${policy.policy.name}.`;
}

/** `unknown`: what the statement does is not known, so what the guard is about may not be what it does. */
function verdict(bound: BoundGuard, why: string, hint: string, unknown = false): GuardFinding {
  const told = refusalOf(bound, why, hint, unknown);
  return bound.guard.action === "Warn"
    ? { says: "warn", message: `${told.message} (${told.detail})` }
    : { says: "refuse", refusal: told };
}

function refusalOf({ guard, policy }: BoundGuard, why: string, hint: string, unknown = false): Refusal {
  const name = policy.policy.name;
  const own = unknown
    ? `what this statement does is not understood, so guard ${guard.name} cannot let it pass`
    : guard.message;
  const detail = `Guard ${guard.name} of policy ${name}: ${why}.`;
  if (guard.action !== "RequireApproval") {
    return refusal(
      name,
      guard.name,
      { message: own ?? `guard ${guard.name} does not allow this statement`, detail, hint },
      REFUSED,
    );
  }
  const message = own ?? `guard ${guard.name} requires an approval for this statement`;
  const unreachable = "An approval is needed, and no approver is reachable from here.";
  return refusal(name, guard.name, { message, detail: `${detail} ${unreachable}`, hint }, APPROVAL_NEEDED);
}
