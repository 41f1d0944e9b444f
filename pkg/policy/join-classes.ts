// Classes of whole families of relations: a column's own labels joined with those of its parents, children and siblings.
import type { BookEntry, ColumnClass, RelationShape } from "./class-book.ts";
import { familiesOf } from "./inheritance.ts";
import { compare } from "./strictness.ts";

/** Classes by relation and column, joined over each family of parents and children by column name. */
export function joinFamilies(
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
export function wholeRow(classes: readonly ColumnClass[]): readonly ColumnClass[] {
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
