// Labels that columns have of their own: by the patterns of a set, and carried over from an earlier book of the same rules.
import type { BookEntry, ClassBook, RelationShape } from "./class-book.ts";
import { matchesName } from "./column-pattern.ts";
import { rulesOf } from "./database-rules.ts";
import type { ColumnPattern, DatabaseName, PolicySet } from "./rules.ts";

/** Labels of relations that the catalogue does not show at the moment (a DROP that may be rolled back) and that are kept still. */
const absentEntriesMax = 10_000;
const systemSchemas = ["pg_catalog", "information_schema", "pg_toast"];

export interface OwnLabels {
  readonly entries: readonly BookEntry[];
  readonly unmatched: ClassBook["unmatched"];
}

export function ownLabels(
  set: PolicySet,
  database: DatabaseName,
  shapes: readonly RelationShape[],
  previous: Pick<ClassBook, "entries"> | null,
): OwnLabels {
  const rules = patternsOf(set, database);
  const entries = new Map<string, BookEntry>();
  for (const entry of carried(previous, rules, shapes)) entries.set(entryKey(entry), entry);
  for (const shape of shapes) {
    for (const rule of rules) for (const entry of entriesFor(rule, shape)) entries.set(entryKey(entry), entry);
  }
  const all = [...entries.values()];
  const held = new Set(all.map((entry) => `${entry.policy}\0${entry.pattern}`));
  const unmatched = rules
    .map((rule) => ({ policy: rule.policy, pattern: rule.pattern.text }))
    .filter(({ policy, pattern }) => !held.has(`${policy}\0${pattern}`));
  return { entries: all, unmatched };
}

interface Rule {
  readonly policy: string;
  readonly class: string;
  readonly pattern: ColumnPattern;
  readonly observeOnly: boolean;
}

/** Patterns of every policy for this database. */
export function patternsOf(set: PolicySet, database: DatabaseName): readonly Rule[] {
  return rulesOf(set, database).policies.flatMap(({ policy, observe }) =>
    policy.classify.flatMap((entry) =>
      entry.patterns.map((pattern) => ({ policy: policy.name, class: entry.class, pattern, observeOnly: observe })),
    ),
  );
}

/** Entries of the earlier book whose pattern still stands, whatever the column and its table are called now. */
function carried(
  previous: Pick<ClassBook, "entries"> | null,
  rules: readonly Rule[],
  shapes: readonly RelationShape[],
): BookEntry[] {
  if (previous === null) return [];
  const standing = new Map(rules.map((rule) => [ruleKey(rule.policy, rule.class, rule.pattern.text), rule]));
  const present = new Set(shapes.map((shape) => shape.oid));
  let absent = 0;
  return previous.entries.flatMap((entry) => {
    const rule = standing.get(ruleKey(entry.policy, entry.class, entry.pattern));
    if (rule === undefined) return [];
    if (!present.has(entry.relation) && ++absent > absentEntriesMax) return [];
    return [{ ...entry, observeOnly: rule.observeOnly }];
  });
}

function entriesFor(rule: Rule, shape: RelationShape): readonly BookEntry[] {
  const { pattern } = rule;
  if (!matchesName(pattern.table, shape.name) || !matchesSchema(pattern, shape.schema)) return [];
  return shape.columns
    .filter((column) => matchesName(pattern.column, column.name))
    .map(({ attnum }) => ({
      relation: shape.oid,
      attnum,
      class: rule.class,
      path: pattern.path,
      policy: rule.policy,
      pattern: pattern.text,
      observeOnly: rule.observeOnly,
    }));
}

/** A wildcard never means the server's own schemas: `*.*.name` would mask the catalogue and break every client. */
function matchesSchema(pattern: ColumnPattern, schema: string): boolean {
  return matchesName(pattern.schema, schema) && !(pattern.schema.name.includes("*") && systemSchemas.includes(schema));
}

function ruleKey(policy: string, name: string, pattern: string): string {
  return `${policy}\0${name}\0${pattern}`;
}

function entryKey(entry: BookEntry): string {
  return `${entry.relation}.${entry.attnum}\0${ruleKey(entry.policy, entry.class, entry.pattern)}`;
}
