// What foreign keys do after a change: rows that refer to those deleted, or to keys that changed, are deleted or changed with them.
import type { ForeignKey, Relation, Snapshot } from "../../catalog/snapshot.ts";

export interface Change {
  readonly effect: "Update" | "Delete";
  readonly relation: Relation;
  /** Attribute numbers of the columns assigned; null: any. */
  readonly columns: readonly number[] | null;
}

interface Reference {
  readonly relation: Relation;
  readonly key: ForeignKey;
}

const references = new WeakMap<Snapshot, ReadonlyMap<number, readonly Reference[]>>();

/** Every change that follows from this one, each once; not the change itself. */
export function cascadesOf(snapshot: Snapshot, change: Change): readonly Change[] {
  const found: Change[] = [];
  const seen = new Set<string>();
  const waiting = [change];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    for (const follows of following(snapshot, next)) {
      const name = `${follows.relation.oid} ${follows.effect} ${follows.columns?.join()}`;
      if (seen.has(name)) continue;
      seen.add(name);
      found.push(follows);
      waiting.push(follows);
    }
  }
  return found;
}

function following(snapshot: Snapshot, { effect, relation, columns }: Change): readonly Change[] {
  return family(snapshot, relation).flatMap((oid) =>
    (referencesOf(snapshot).get(oid) ?? []).flatMap(({ relation: referring, key }): Change[] => {
      if (effect === "Update" && columns !== null && !key.targetColumns.some((each) => columns.includes(each)))
        return [];
      const action = effect === "Delete" ? key.onDelete : key.onUpdate;
      if (!"cnd".includes(action)) return [];
      const deletes = effect === "Delete" && action === "c";
      return [{ effect: deletes ? "Delete" : "Update", relation: referring, columns: deletes ? null : key.columns }];
    }),
  );
}

/** A change of a table goes to its children, too. */
function family(snapshot: Snapshot, relation: Relation): readonly number[] {
  const oids = new Set([relation.oid]);
  for (const oid of oids) for (const child of snapshot.children(oid)) oids.add(child.oid);
  return [...oids];
}

function referencesOf(snapshot: Snapshot): ReadonlyMap<number, readonly Reference[]> {
  const known = references.get(snapshot);
  if (known !== undefined) return known;
  const byTarget = new Map<number, Reference[]>();
  for (const relation of snapshot.relations()) {
    for (const key of relation.foreignKeys) {
      const list = byTarget.get(key.target);
      if (list === undefined) byTarget.set(key.target, [{ relation, key }]);
      else list.push({ relation, key });
    }
  }
  references.set(snapshot, byTarget);
  return byTarget;
}
