// Which class a stored column has. Comes in: the patterns of a set and the relations of a catalogue; goes out: classes by OID and
// column number. A label sticks to its column: what an earlier book of the same rules held stays after a rename.
import type { Facts, Lineage, RelationUse, Understood } from "../sql/facts.ts";
import { matchesName } from "./column-pattern.ts";
import { rulesOf } from "./database-rules.ts";
import { familiesOf } from "./inheritance.ts";
import { relatePaths } from "./json-path.ts";
import type { ColumnPattern, DatabaseName, PolicySet } from "./rules.ts";
import { compare } from "./strictness.ts";
import { WriteReach } from "./write-reach.ts";

export interface ColumnClass {
  readonly class: string;
  /** A path inside json or jsonb; absent for the whole column. */
  readonly path?: readonly string[];
  /** The policy that says so, the first by name of several. */
  readonly policy: string;
  /** All that say so; only those in Enforce mode when there is one. */
  readonly policies: readonly string[];
  /** Only policies in Observe mode say so. */
  readonly observeOnly: boolean;
}

export interface StoredColumn {
  readonly relation: number;
  readonly attnum: number;
}

/** What the book needs of a relation; `Relation` of a catalogue snapshot fits. */
export interface RelationShape {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly parents: readonly number[];
  readonly columns: readonly { readonly attnum: number; readonly name: string }[];
  /** Absent: not known, so a write may reach anything. */
  readonly foreignKeys?: readonly { readonly target: number }[];
  readonly hasTriggers?: boolean;
}

/** A label that a pattern gave to a column itself, plain data to keep over a restart. */
export interface BookEntry extends StoredColumn {
  readonly class: string;
  readonly path: readonly string[];
  readonly policy: string;
  /** The pattern's text: the label lives as long as its policy holds this pattern for this class. */
  readonly pattern: string;
  readonly observeOnly: boolean;
}

export interface ClassBook {
  readonly entries: readonly BookEntry[];
  /** Patterns that matched no column; likely a slip in the policy. */
  readonly unmatched: readonly { readonly policy: string; readonly pattern: string }[];
  /** False for a relation that the catalogue did not show when the book was made: its classes are not known. */
  knows(relation: number): boolean;
  /** Number 0 stands for the whole row. Never holds two entries of the same class and path. */
  classesOf(column: StoredColumn): readonly ColumnClass[];
  classesIn(relation: number): readonly ColumnClass[];
  /** Whether values of a class may be read, written, compared or told by this statement. Observe policies do not count. */
  touchesClass(facts: Facts): boolean;
}

/** Labels of relations that the catalogue does not show at the moment (a DROP that may be rolled back) and that are kept still. */
const absentEntriesMax = 10_000;
/** PostgreSQL's FirstNormalObjectId: smaller OIDs are the server's own objects. */
const firstNormalOid = 16_384;
const systemSchemas = ["pg_catalog", "information_schema", "pg_toast"];
const none: readonly ColumnClass[] = [];

export function buildClassBook(
  set: PolicySet,
  database: DatabaseName,
  relations: Iterable<RelationShape>,
  previous: Pick<ClassBook, "entries"> | null,
): ClassBook {
  const shapes = [...relations];
  const rules = patternsOf(set, database);
  const matched = new Set<Rule>();
  const entries = new Map<string, BookEntry>();
  for (const entry of carried(previous, rules, shapes)) entries.set(entryKey(entry), entry);
  for (const shape of shapes) {
    for (const rule of rules) {
      for (const entry of entriesFor(rule, shape)) {
        entries.set(entryKey(entry), entry);
        matched.add(rule);
      }
    }
  }
  const all = [...entries.values()];
  const held = new Set(all.map((entry) => `${entry.policy}\0${entry.pattern}`));
  const unmatched = rules
    .filter((rule) => !matched.has(rule) && !held.has(`${rule.policy}\0${rule.pattern.text}`))
    .map((rule) => ({ policy: rule.policy, pattern: rule.pattern.text }));
  return new Book(all, unmatched, shapes);
}

interface Rule {
  readonly policy: string;
  readonly class: string;
  readonly pattern: ColumnPattern;
  readonly observeOnly: boolean;
}

function patternsOf(set: PolicySet, database: DatabaseName): readonly Rule[] {
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

class Book implements ClassBook {
  readonly entries: readonly BookEntry[];
  readonly unmatched: ClassBook["unmatched"];
  readonly #classes: ReadonlyMap<number, ReadonlyMap<number, readonly ColumnClass[]>>;
  readonly #whole: ReadonlyMap<number, readonly ColumnClass[]>;
  readonly #known: ReadonlySet<number>;
  readonly #reach: WriteReach;
  readonly #holdsClass: boolean;

  constructor(entries: readonly BookEntry[], unmatched: ClassBook["unmatched"], shapes: readonly RelationShape[]) {
    this.entries = entries;
    this.unmatched = unmatched;
    this.#classes = joinFamilies(entries, shapes);
    this.#whole = new Map([...this.#classes].map(([oid, columns]) => [oid, wholeRow([...columns.values()].flat())]));
    this.#known = new Set(shapes.map((shape) => shape.oid));
    this.#holdsClass = entries.some((entry) => !entry.observeOnly);
    this.#reach = new WriteReach(shapes, (oid) => this.#enforcedIn(oid));
  }

  knows(relation: number): boolean {
    return relation < firstNormalOid || this.#known.has(relation);
  }

  classesOf(column: StoredColumn): readonly ColumnClass[] {
    if (column.attnum === 0) return this.classesIn(column.relation);
    return this.#classes.get(column.relation)?.get(column.attnum) ?? none;
  }

  classesIn(relation: number): readonly ColumnClass[] {
    return this.#whole.get(relation) ?? none;
  }

  touchesClass(facts: Facts): boolean {
    if (!this.#holdsClass) return false;
    return !facts.understood || this.#understoodTouches(facts);
  }

  #understoodTouches(facts: Understood): boolean {
    const wholeRelations = facts.explain?.analyze === true || facts.explain?.verbose === true;
    return (
      (facts.outputs ?? []).some((output) => this.#carries(output.lineage)) ||
      facts.predicates.some((use) => this.#holds(use.column, use.path)) ||
      facts.flows.some(({ from, to }) => this.#carries(from) || (typeof to !== "string" && this.#holds(to))) ||
      facts.writes.some((write) => this.#writeTouches(write.relation)) ||
      facts.functions.some((use) => use.trust === "opaque") ||
      facts.relations.some((use) => (wholeRelations || changes(use)) && this.#enforcedIn(use.oid)) ||
      (facts.name?.do === "prepare" || facts.name?.do === "declare" ? this.touchesClass(facts.name.statement) : false)
    );
  }

  #writeTouches(relation: RelationUse): boolean {
    return this.#reach.touches(relation.oid, relation.temporary);
  }

  #carries(lineage: Lineage): boolean {
    switch (lineage.kind) {
      case "clean":
        return false;
      case "copy":
        return (
          this.#holds(lineage.column, lineage.path) || (lineage.via ?? []).some((each) => this.#holds(each, each.path))
        );
      case "derived":
        return lineage.columns.some((each) => this.#holds(each, each.path));
      case "unknown":
        return true;
    }
    return lineage satisfies never;
  }

  #holds(column: StoredColumn, path: readonly string[] = []): boolean {
    if (!this.knows(column.relation)) return true;
    return this.classesOf(column).some(
      (each) => !each.observeOnly && relatePaths(each.path ?? [], path).relation !== "apart",
    );
  }

  #enforcedIn(relation: number): boolean {
    return this.classesIn(relation).some((each) => !each.observeOnly);
  }
}

function changes(use: RelationUse): boolean {
  return use.access.some((effect) => effect !== "Read" && effect !== "Lock");
}

/** Classes by relation and column, joined over each family of parents and children by column name. */
function joinFamilies(
  entries: readonly BookEntry[],
  shapes: readonly RelationShape[],
): ReadonlyMap<number, ReadonlyMap<number, readonly ColumnClass[]>> {
  const own = new Map<number, Map<number, BookEntry[]>>();
  for (const entry of entries) {
    const columns = own.get(entry.relation) ?? new Map<number, BookEntry[]>();
    own.set(entry.relation, columns.set(entry.attnum, [...(columns.get(entry.attnum) ?? []), entry]));
  }
  const joined = new Map<number, Map<number, readonly ColumnClass[]>>();
  for (const family of familiesOf(shapes)) {
    const byName = new Map<string, BookEntry[]>();
    for (const { oid, columns } of family) {
      const mine = own.get(oid);
      if (mine === undefined) continue;
      for (const { attnum, name } of columns) {
        const found = mine.get(attnum);
        if (found !== undefined) byName.set(name, [...(byName.get(name) ?? []), ...found]);
      }
    }
    if (byName.size === 0) continue;
    const classes = new Map([...byName].map(([name, found]) => [name, classesFrom(found)]));
    for (const { oid, columns } of family) {
      const known = columns.flatMap(({ attnum, name }) =>
        classes.has(name) ? [[attnum, classes.get(name)!] as const] : [],
      );
      if (known.length > 0) joined.set(oid, new Map(known));
    }
  }
  return joined;
}

/** One entry per class and path; enforced when any policy enforces it. */
function classesFrom(entries: readonly BookEntry[]): readonly ColumnClass[] {
  const groups = groupBy(entries, (entry) => `${entry.class}\0${JSON.stringify(entry.path)}`);
  return groups.map((group) => {
    const { path } = group[0]!;
    return { ...merged(group), ...(path.length === 0 ? {} : { path }) };
  });
}

/** A row holds whole documents, so paths are dropped. */
function wholeRow(classes: readonly ColumnClass[]): readonly ColumnClass[] {
  const flat = classes.flatMap((each) => each.policies.map((policy) => ({ ...each, policy })));
  return groupBy(flat, (each) => each.class).map(merged);
}

/** Groups in the order of their keys. */
function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): readonly (readonly T[])[] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    groups.set(key, [...(groups.get(key) ?? []), item]);
  }
  return [...groups].sort(([left], [right]) => compare(left, right)).map(([, group]) => group);
}

interface Given {
  readonly class: string;
  readonly policy: string;
  readonly observeOnly: boolean;
}

function merged(group: readonly Given[]): ColumnClass {
  const observeOnly = group.every((each) => each.observeOnly);
  const names = group.filter((each) => each.observeOnly === observeOnly).map((each) => each.policy);
  const policies = [...new Set(names)].sort(compare);
  return { class: group[0]!.class, policy: policies[0]!, policies, observeOnly };
}
