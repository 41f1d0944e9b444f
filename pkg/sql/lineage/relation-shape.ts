// The columns of a stored relation with their labels, worked out once per catalogue snapshot (rule R6): a table's are copies, a
// generated column is derived, a view's are what its definition makes of them, a foreign table's are unknown.
import type { Column, Relation } from "../../catalog/snapshot.ts";
import type { ColumnRef, Lineage, Understood } from "../facts.ts";
import { leakyColumns } from "../functions/leaky-relation.ts";
import { callsUnder } from "../memory.ts";
import { newCollector } from "./collector.ts";
import { evaluateText } from "./evaluate-text.ts";
import { CLEAN, copyOf, derive, deriveAll, through, unknown } from "./label.ts";
import { newScope, type RangeItem, rangeItem, type ScopeColumn } from "./scope.ts";
import { expandView } from "./view.ts";
import { NotKnown, type Walk } from "./walk.ts";

export interface RelationShape {
  readonly relation: Relation;
  readonly columns: readonly ScopeColumn[];
  /** What reading it does besides: for a view, what its definition does. */
  readonly facts: Understood | null;
  /** The one relation that changes of a simple view go to. */
  readonly base: Relation | null;
}

export function shapeOf(walk: Walk, relation: Relation): RelationShape {
  const known = walk.memory!.relations.get(relation.oid);
  if (known !== undefined) return known;
  if (walk.expanding.includes(relation.oid)) throw new NotKnown("view defined by itself");
  const shape = buildShape(walk, relation);
  walk.memory!.relations.set(relation.oid, shape);
  return shape;
}

function buildShape(walk: Walk, relation: Relation): RelationShape {
  const { kind } = relation;
  if ((kind === "v" || kind === "m") && !isSystem(relation)) return viewShape(walk, relation);
  const columns = relation.columns.map((column) => scopeColumn(relation, column, labelOf(walk, relation, column)));
  return { relation, columns, facts: null, base: null };
}

export function refOf(relation: Relation, column: Column): ColumnRef {
  const { oid, schema, name } = relation;
  return { relation: oid, attnum: column.attnum, schema, table: name, column: column.name };
}

function scopeColumn(relation: Relation, column: Column, lineage: Lineage): ScopeColumn {
  const { name, type, typmod, attnum } = column;
  return { name, lineage, type, typmod, origin: { table: relation.oid, column: attnum } };
}

function labelOf(walk: Walk, relation: Relation, column: Column): Lineage {
  const own = refOf(relation, column);
  if (isSystem(relation)) return systemLabel(relation, column);
  if (relation.kind === "f") return unknown("foreign table", [own]);
  if (column.generated === null) return copyOf(own);
  return through(generatedLabel(walk, relation, column.generated), own);
}

/** The columns that a generated one may be made of. */
export function plainColumns(relation: Relation): ScopeColumn[] {
  const plain = relation.columns.filter((column) => column.generated === null);
  return plain.map((column) => scopeColumn(relation, column, copyOf(refOf(relation, column))));
}

function generatedLabel(walk: Walk, relation: Relation, expression: string): Lineage {
  const columns = plainColumns(relation);
  const scope = newScope(null);
  scope.items.push(rangeItem(relation.name, columns, { relation, aliased: false }));
  try {
    const label = derive(evaluateText(definitionWalk(walk, relation), scope, expression).lineage);
    return label.kind === "clean" ? { kind: "derived", columns: [] } : label;
  } catch (error) {
    if (error instanceof NotKnown) return unknown("generated column not understood", columns.flatMap(ownSource));
    throw error;
  }
}

function ownSource(column: ScopeColumn): ColumnRef[] {
  return column.lineage.kind === "copy" ? [column.lineage.column] : [];
}

/** Made by initdb: these tell of the schema only, but for the columns that are known to show more. */
function isSystem(relation: Relation): boolean {
  return relation.oid < 16384 && (relation.schema === "pg_catalog" || relation.schema === "information_schema");
}

function systemLabel(relation: Relation, column: Column): Lineage {
  const leaky = leakyColumns(relation.schema, relation.name);
  return leaky !== null && (leaky === "*" || leaky.includes(column.name)) ? copyOf(refOf(relation, column)) : CLEAN;
}

function viewShape(walk: Walk, relation: Relation): RelationShape {
  const refs = relation.columns.map((column) => refOf(relation, column));
  try {
    const { facts, base } = expandView(definitionWalk(walk, relation), relation);
    const columns = relation.columns.map((column, position) =>
      scopeColumn(relation, column, through(facts.outputs![position]!.lineage, refs[position]!)),
    );
    return { relation, columns, facts: relation.kind === "m" ? storedFacts(facts) : facts, base };
  } catch (error) {
    if (!(error instanceof NotKnown)) throw error;
    const why = `view not understood: ${error.message}`;
    const columns = relation.columns.map((column, position) =>
      scopeColumn(relation, column, unknown(why, [refs[position]!])),
    );
    return { relation, columns, facts: opaqueView, base: null };
  }
}

/** Reading a materialised view reads what was stored: its tables and functions are not touched, its conditions have steered it. */
function storedFacts(facts: Understood): Understood {
  return { ...facts, relations: [], functions: [], effects: [], reads: [] };
}

/** A view whose definition is not understood may run any code. */
const opaqueView: Understood = {
  understood: true,
  kind: "SELECT",
  effects: ["Read"],
  relations: [],
  functions: [{ oid: null, name: "view not understood", trust: "opaque" }],
  writes: [],
  outputs: null,
  predicates: [],
  flows: [],
  settings: [],
  takesSnapshot: true,
  changesCatalog: false,
  changesResolution: false,
};

/** Names of a stored definition resolve by the path under which it was printed. */
export function definitionWalk(walk: Walk, relation: Relation): Walk {
  const tempSchema = relation.temporary ? relation.schema : null;
  const searchPath = relation.printedUnder ?? ["pg_catalog"];
  const resolution = {
    ...walk.context.resolution!,
    searchPath,
    tempSchema,
    key: JSON.stringify([searchPath, tempSchema]),
  };
  return {
    ...walk,
    context: { ...walk.context, resolution },
    calls: callsUnder(walk.memory!, resolution.key),
    found: newCollector(true),
    parameters: null,
    inside: "view",
    expanding: [...walk.expanding, relation.oid],
    work: 0,
  };
}

const systemColumns: readonly (readonly [name: string, attnum: number, type: number])[] = [
  ["ctid", -1, 27],
  ["xmin", -2, 28],
  ["cmin", -3, 29],
  ["xmax", -4, 28],
  ["cmax", -5, 29],
  ["tableoid", -6, 26],
];

/** Where a row lies and who made it, not what it holds; but in which partition it lies depends on what it holds. */
function systemLabelOf(relation: Relation, item: RangeItem, name: string): Lineage {
  if (relation.kind === "f") return unknown("foreign table");
  const tellsKey = relation.kind === "p" && name === "tableoid";
  return tellsKey ? deriveAll(item.columns.map((column) => column.lineage)) : CLEAN;
}

export function systemColumn(item: RangeItem, name: string): ScopeColumn | null {
  const { relation } = item;
  if (relation === null || relation.kind === "v" || relation.kind === "c") return null;
  for (const [known, attnum, type] of systemColumns) {
    if (known !== name) continue;
    const lineage = systemLabelOf(relation, item, name);
    return { name, lineage, type, typmod: -1, origin: { table: relation.oid, column: attnum } };
  }
  return null;
}
