// INSERT, with ON CONFLICT.
import type { Lineage } from "../facts.ts";
import { kindOf, list, type Node } from "../node.ts";
import { type Assigned, addAssigned } from "./assignment.ts";
import { noteDefaults } from "./defaults.ts";
import { byDefault, eitherGiven, type Given, given, unknownValue } from "./given.ts";
import { analyzeConflict } from "./on-conflict.ts";
import { analyzeReturning } from "./returning.ts";
import { newScope, type Scope } from "./scope.ts";
import { analyzeSelect, type QueryResult } from "./select.ts";
import { basesOf, noteAssignment, noteWrite, partOf, type Target, targetOf } from "./target.ts";
import { expandTarget } from "./targets.ts";
import { NotKnown, type Walk } from "./walk.ts";
import { analyzeWith } from "./with.ts";

export function analyzeInsert(walk: Walk, parent: Scope | null, node: Node): QueryResult {
  const scope = newScope(parent);
  analyzeWith(walk, scope, node.withClause);
  const target = targetOf(walk, node.relation);
  const values = sourceValues(walk, scope, node.selectStmt?.SelectStmt);
  noteWrite(walk, target, "Insert", "Other");
  const inserted = assignInserted(walk, scope, target, list(node.cols), values);
  scope.items.push(target.item);
  const { onConflictClause: conflict } = node;
  const updated = conflict === undefined ? [] : [analyzeConflict(walk, scope, target, conflict, inserted)];
  return analyzeReturning(walk, scope, target, node, [inserted, ...updated]);
}

/** Values by position; null when their number is not known. */
function sourceValues(walk: Walk, scope: Scope, select: Node): readonly Given[] | null {
  if (select === undefined) return [];
  const rows = select.valuesLists;
  const isPlain =
    rows !== undefined &&
    (select.sortClause ?? select.limitCount ?? select.limitOffset ?? select.withClause) === undefined;
  if (isPlain) return valuesOf(walk, scope, rows);
  const result = analyzeSelect(walk, scope, select);
  return result.open ? null : result.columns.map(given);
}

function valuesOf(walk: Walk, scope: Scope, rows: readonly Node[]): readonly Given[] {
  let values: Given[] | null = null;
  for (const row of rows) {
    const own = list(row.List.items).flatMap((item) => itemValues(walk, scope, item));
    if (values !== null && values.length !== own.length) throw new NotKnown("VALUES of different lengths");
    values = values === null ? own : values.map((value, position) => eitherGiven(value, own[position]!));
  }
  return values ?? [];
}

function itemValues(walk: Walk, scope: Scope, item: Node): Given[] {
  return kindOf(item) === "SetToDefault" ? [byDefault] : expandTarget(walk, scope, item).map(given);
}

/** Flows into the columns; returns their labels by name, for EXCLUDED. */
export function assignInserted(
  walk: Walk,
  scope: Scope,
  target: Target,
  columns: readonly Node[],
  values: readonly Given[] | null,
): Assigned {
  const assigned = new Map<string, Lineage>();
  const { relation } = target;
  if (relation === null) {
    for (const value of values ?? [unknownValue]) noteAssignment(walk, target, "", value);
    return assigned;
  }
  const names: string[] =
    columns.length > 0
      ? columns.map(({ ResTarget: column }) => column.name)
      : relation.columns.map((column) => column.name);
  if (values === null) throw new NotKnown("INSERT of columns that are not known");
  if (values.length > names.length) throw new NotKnown("INSERT of more values than columns");
  for (const [position, value] of values.entries()) {
    const name = names[position]!;
    const part = partOf(walk, scope, value, list(columns[position]?.ResTarget.indirection));
    noteAssignment(walk, target, name, part);
    addAssigned(assigned, name, part.lineage);
  }
  noteDefaults(walk, relation, new Set(assigned.keys()));
  // Which columns of the tables under a view are given is not followed: all their defaults count.
  for (const base of basesOf(walk, relation)) noteDefaults(walk, base, new Set());
  return assigned;
}
