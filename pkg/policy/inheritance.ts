// Families of relations: a parent's rows hold its children's, so parents, children and partitions share labels.

interface Member {
  readonly oid: number;
  readonly parents: readonly number[];
}

/** Groups of relations that are joined by parent links; a relation on its own is a group of one. */
export function familiesOf<T extends Member>(relations: readonly T[]): readonly (readonly T[])[] {
  const leaders = new Map<number, number>(relations.map(({ oid }) => [oid, oid]));
  for (const { oid, parents } of relations) {
    for (const parent of parents) {
      if (leaders.has(parent)) leaders.set(leaderOf(leaders, parent), leaderOf(leaders, oid));
    }
  }
  const families = new Map<number, T[]>();
  for (const relation of relations) {
    const leader = leaderOf(leaders, relation.oid);
    const family = families.get(leader);
    if (family === undefined) families.set(leader, [relation]);
    else family.push(relation);
  }
  return [...families.values()];
}

/** Follows links to the end and shortens them on the way (union-find). */
function leaderOf(leaders: Map<number, number>, oid: number): number {
  let at = oid;
  for (let next = leaders.get(at)!; next !== at; next = leaders.get(at)!) {
    const after = leaders.get(next)!;
    leaders.set(at, after);
    at = after;
  }
  return at;
}
