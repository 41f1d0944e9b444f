// A name in an expression: a column, a whole row, a field of a row, a function called in the notation of a column (rule R2).
import { list, type Node, text } from "../node.ts";
import { noteReading, noteRelation } from "./collector.ts";
import { deriveAll, unknown } from "./label.ts";
import { projectOrCall } from "./projection.ts";
import { schemaName, useOf } from "./relation.ts";
import { systemColumn } from "./relation-shape.ts";
import { columnNamed, findColumn, findItem, type RangeItem, type Scope, type ScopeColumn } from "./scope.ts";
import { RECORD, rowTypeOf } from "./types.ts";
import { computed, type Value } from "./value.ts";
import { NotKnown, type Walk } from "./walk.ts";

export function evaluateColumnRef(walk: Walk, scope: Scope, node: Node): Value {
  const fields = list(node.fields);
  const names: string[] = [];
  for (const field of fields) {
    const name = text(field);
    if (name !== null) names.push(name);
  }
  if (names.length < fields.length) return wholeRow(walk, itemOf(walk, scope, names));
  if (names.length === 1) return unqualified(walk, scope, names[0]!);
  const column = names.pop()!;
  const item = qualifier(walk, scope, names);
  if (item !== null) return columnOf(walk, item, column) ?? projectOrCall(walk, wholeRow(walk, item), column);
  return parameter(walk, [...names, column]);
}

function unqualified(walk: Walk, scope: Scope, name: string): Value {
  const column = findColumn(scope, name, systemColumn);
  if (column.found !== null) return columnValue(walk, column.found.item, column.found.column);
  if (column.why !== null) throw new NotKnown(column.why);
  const item = findItem(scope, name, null);
  if (item.found !== null) return wholeRow(walk, item.found);
  if (item.why !== null) throw new NotKnown(item.why);
  return parameter(walk, [name]);
}

/** The names in front of a `*`: an item of FROM. */
export function itemOf(walk: Walk, scope: Scope, names: readonly string[]): RangeItem {
  const item = names.length === 0 ? null : qualifier(walk, scope, names);
  if (item === null) throw new NotKnown("table not in FROM");
  return item;
}

function qualifier(walk: Walk, scope: Scope, names: readonly string[]): RangeItem | null {
  if (names.length > 3) throw new NotKnown("name of too many parts");
  const table = names.at(-1)!;
  const result = findItem(scope, table, relationOf(walk, names));
  if (result.found === null && result.why !== null) throw new NotKnown(result.why);
  return result.found;
}

/** OID of the relation that `schema.table` or `database.schema.table` names; null when only a table is named. */
function relationOf(walk: Walk, names: readonly string[]): number | null {
  const { catalog } = walk;
  if (names.length === 1 || catalog === null) return null;
  if (names.length === 3 && names[0] !== catalog.database) throw new NotKnown("column of another database");
  const schema = schemaName(walk, names.at(-2)!);
  return (schema === null ? undefined : catalog.relationNamed(schema, names.at(-1)!))?.oid ?? -1;
}

/** A column of an item, system columns included; null when it has none of that name. */
export function columnOf(walk: Walk, item: RangeItem, name: string): Value | null {
  const column = columnNamed(item, name) ?? systemColumn(item, name);
  if (column === "ambiguous") throw new NotKnown("ambiguous column name");
  if (column === null && !item.open) return null;
  return columnValue(walk, item, column);
}

export function columnValue(walk: Walk, item: RangeItem, column: ScopeColumn | null): Value {
  noteRead(walk, item);
  noteReading(walk, column === null ? openColumn.lineage : column.lineage);
  if (column === null) return openColumn;
  const { lineage, type, typmod, origin, fields } = column;
  const value: Value = { lineage, type, typmod, origin, shape: "column", item };
  return fields === undefined ? value : { ...value, fields };
}

const openColumn: Value = {
  lineage: unknown("columns not known"),
  type: 0,
  typmod: -1,
  origin: null,
  shape: "column",
};

/** What a statement changes counts as read when a column of it is used. */
export function noteRead(walk: Walk, item: RangeItem): void {
  if (item.target && item.relation !== null) noteRelation(walk.found, useOf(item.relation, ["Read"]));
}

export function wholeRow(walk: Walk, item: RangeItem): Value {
  noteRead(walk, item);
  if (item.open) return { ...openColumn, shape: "computed", wholeRow: item };
  if (item.scalar) return columnValue(walk, item, item.columns[0]!);
  const lineage = deriveAll(item.columns.map((column) => column.lineage));
  noteReading(walk, lineage);
  const { relation } = item;
  if (relation === null) return { ...computed(lineage, RECORD, item.columns), wholeRow: item };
  const origin = { table: relation.oid, column: 0 };
  return { ...computed(lineage, rowTypeOf(walk, relation), item.columns), origin, wholeRow: item };
}

/** A parameter of the SQL function whose body this is, a field of one, or either behind the function's own name. */
function parameter(walk: Walk, names: readonly string[]): Value {
  const { parameters } = walk;
  if (parameters === null) throw new NotKnown("column not in scope");
  const rest =
    names.length > 1 && names[0] === parameters.functionName && !parameters.byName.has(names[0])
      ? names.slice(1)
      : names;
  const value = parameters.byName.get(rest[0]!);
  if (value === undefined || rest.length > 2) throw new NotKnown("column not in scope");
  return rest.length === 1 ? value : projectOrCall(walk, value, rest[1]!);
}
