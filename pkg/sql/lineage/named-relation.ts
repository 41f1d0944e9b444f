// Relations that a statement's own text names, and those that such a name would mean if another session dropped, renamed or moved the
// one it means now: names resolve again when the statement runs. What a stored definition names is kept by OID.
import type { Relation, TypeInfo } from "../../catalog/snapshot.ts";
import type { HiddenRelation, Lineage } from "../facts.ts";
import type { Node } from "../node.ts";
import { unknown } from "./label.ts";
import { useOf } from "./relation.ts";
import { type RelationShape, shapeOf } from "./relation-shape.ts";
import type { Walk } from "./walk.ts";

/** Smaller OIDs are the server's own objects. */
const FIRST_USER_OID = 16_384;

export function noteNamed(walk: Walk, rangeVar: Node, relation: Relation): void {
  if (walk.inside === "view" || !mayChange(relation)) return;
  const { found, catalog, context } = walk;
  found.named.add(relation.oid);
  if (rangeVar.schemaname !== undefined) return;
  const path = context.resolution!.searchPath;
  for (const schema of path.slice(path.indexOf(relation.schema) + 1)) {
    const hidden = catalog!.relationNamed(schema, rangeVar.relname);
    if (hidden !== undefined && mayChange(hidden)) found.hidden.set(hidden.oid, hiddenBy(walk, relation, hidden));
  }
}

/** The row type of a relation is named like it, and has its columns. Other composite types no masked principal may alter. */
export function noteNamedType(walk: Walk, names: readonly string[], type: TypeInfo): void {
  const relation = type.relation === 0 ? undefined : walk.catalog?.relation(type.relation);
  if (relation === undefined || relation.kind === "c") return;
  noteNamed(walk, { relname: names.at(-1), ...(names.length > 1 && { schemaname: names.at(-2) }) }, relation);
}

/** Temp relations are this session's own to change. */
function mayChange({ oid, temporary }: Relation): boolean {
  return oid >= FIRST_USER_OID && !temporary;
}

function hiddenBy(walk: Walk, shown: Relation, hidden: Relation): HiddenRelation {
  const shape = shapeOf(walk, hidden);
  const alike = columnNames(shown) === columnNames(hidden) ? shapeOf(walk, shown).columns : null;
  const columns = shape.columns.map(({ lineage }, at) => ({ holds: lineage, shown: alike?.[at]?.lineage ?? null }));
  const besides = besidesColumns(shape).map((holds) => ({ holds, shown: null }));
  return { relation: useOf(hidden, []), columns: [...columns, ...besides] };
}

function columnNames({ columns }: Relation): string {
  return JSON.stringify(columns.map(({ name }) => name));
}

/** What reading a view tells without being in a column of it. */
function besidesColumns({ facts }: RelationShape): Lineage[] {
  if (facts === null) return [];
  const steering = facts.predicates.map(({ column, path }): Lineage => {
    return { kind: "derived", columns: [path === undefined ? column : { ...column, path }] };
  });
  const isOpaque = facts.functions.some(({ trust }) => trust === "opaque");
  return isOpaque ? [...steering, unknown("code that cannot be analysed")] : steering;
}
