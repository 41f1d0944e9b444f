// Masks where nothing is protected. A principal under a mask is not given code that nobody has read, files, definitions of new code and
// the like, because they might show protected values. Where no column of the database has a class there are none, and where every policy
// whose masks bind him says so (`whereNothingMatches`), they are lifted for the statement in front of which the server has said that it
// is so (lifting.ts). In doubt they are in force.
import type { Binding, Bindings } from "./binding.ts";
import type { ClassBook } from "./class-book.ts";
import type { Decision, MasksWere } from "./decision.ts";
import { type Case, judge } from "./judge.ts";
import { ownLabels, patternsOf } from "./own-labels.ts";
import type { ColumnPattern, DatabaseName, PolicySet } from "./rules.ts";

/** Patterns by which a column of this database has a class. */
export function claimsOf(set: PolicySet, database: DatabaseName): readonly ColumnPattern[] {
  return patternsOf(set, database).map(({ pattern }) => pattern);
}

/** A column as the server names it. */
export interface NamedColumn {
  readonly oid: number;
  readonly schema: string;
  readonly table: string;
  readonly attnum: number;
  readonly column: string;
}

/** Whether some pattern means one of these columns. */
export function isClaimed(set: PolicySet, database: DatabaseName, columns: readonly NamedColumn[]): boolean {
  const shapes = columns.map(({ oid, schema, table, attnum, column }) => {
    return { oid, schema, name: table, parents: [], columns: [{ attnum, name: column }] };
  });
  return ownLabels(set, database, shapes, null).entries.length > 0;
}

/** The rules that bind where nothing is protected. */
export function withoutMasks({ enforce, observe }: Bindings): Bindings {
  return { enforce: { ...enforce, masks: null }, observe: observe === null ? null : { ...observe, masks: null } };
}

/** Whether a decision under masks would be looser without them, and nothing is known to be protected. */
export function wereMasks(decision: Decision, enforce: Binding, which: Case): MasksWere {
  if (enforce.masks === null || enforce.masks.lifting === "Refuse" || holdsClass(which.book)) return "in force";
  const matters =
    decision.verdict === "allow"
      ? decision.masks.columns !== null || (which.book === null ? decision.scrub : which.book.runsUnseen(which.facts))
      : judge({ ...enforce, masks: null }, which).refusals.length === 0;
  return matters ? "unconfirmed" : "in force";
}

function holdsClass(book: ClassBook | null): boolean {
  return book !== null && !book.isEmpty;
}
