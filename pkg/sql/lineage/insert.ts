// INSERT, with ON CONFLICT.
import type { Lineage } from "../facts.ts";
import { kindOf, list, type Node } from "../node.ts";
import { type Assigned, addAssigned } from "./assignment.ts";
import { noteDefaults } from "./defaults.ts";
import { both, CLEAN, either } from "./label.ts";
import { analyzeConflict } from "./on-conflict.ts";
import { analyzeReturning } from "./returning.ts";
import { newScope, type Scope } from "./scope.ts";
import { analyzeSelect, type QueryResult } from "./select.ts";
import { indirectionLabel, noteAssignment, noteWrite, type Target, targetOf } from "./target.ts";
import { expandTarget } from "./targets.ts";
import { NotKnown, type Walk } from "./walk.ts";
import { analyzeWith } from "./with.ts";

export function analyzeInsert(walk: Walk, parent: Scope | null, node: Node): QueryResult {
  const scope = newScope(parent);
  analyzeWith(walk, scope, node.withClause);
  const target = targetOf(walk, node.relation);
  const labels = sourceLabels(walk, scope, node.selectStmt?.SelectStmt);
  noteWrite(walk, target, "Insert", "Other");
  const inserted = assignInserted(walk, scope, target, list(node.cols), labels);
  scope.items.push(target.item);
  const { onConflictClause: conflict } = node;
  const updated = conflict === undefined ? [] : [analyzeConflict(walk, scope, target, conflict, inserted)];
  return analyzeReturning(walk, scope, target, node, [inserted, ...updated]);
}

/** Labels by position; null when their number is not known. */
function sourceLabels(walk: Walk, scope: Scope, select: Node): readonly Lineage[] | null {
  if (select === undefined) return [];
  const rows = select.valuesLists;
  const isPlain =
    rows !== undefined &&
    (select.sortClause ?? select.limitCount ?? select.limitOffset ?? select.withClause) === undefined;
  if (isPlain) return valuesLabels(walk, scope, rows);
  const result = analyzeSelect(walk, scope, select);
  return result.open ? null : result.columns.map((column) => column.lineage);
}

function valuesLabels(walk: Walk, scope: Scope, rows: readonly Node[]): readonly Lineage[] {
  let labels: Lineage[] | null = null;
  for (const row of rows) {
    const own = list(row.List.items).flatMap((item) => itemLabels(walk, scope, item));
    if (labels !== null && labels.length !== own.length) throw new NotKnown("VALUES of different lengths");
    labels = labels === null ? own : labels.map((label, position) => either(label, own[position]!));
  }
  return labels ?? [];
}

/** DEFAULT in a list of values is the column's own. */
function itemLabels(walk: Walk, scope: Scope, item: Node): Lineage[] {
  if (kindOf(item) === "SetToDefault") return [CLEAN];
  return expandTarget(walk, scope, item).map((value) => value.lineage);
}

/** Flows into the columns; returns their labels by name, for EXCLUDED. */
export function assignInserted(
  walk: Walk,
  scope: Scope,
  target: Target,
  columns: readonly Node[],
  labels: readonly Lineage[] | null,
): Assigned {
  const assigned = new Map<string, Lineage>();
  const { relation } = target;
  if (relation === null) return assigned;
  const names: string[] =
    columns.length > 0
      ? columns.map(({ ResTarget: column }) => column.name)
      : relation.columns.map((column) => column.name);
  if (labels === null) throw new NotKnown("INSERT of columns that are not known");
  if (labels.length > names.length) throw new NotKnown("INSERT of more values than columns");
  for (const [position, label] of labels.entries()) {
    const name = names[position]!;
    const steps = list(columns[position]?.ResTarget.indirection);
    const from = steps.length === 0 ? label : both(label, indirectionLabel(walk, scope, steps));
    noteAssignment(walk, target, name, from);
    addAssigned(assigned, name, from);
  }
  noteDefaults(walk, relation, new Set(assigned.keys()));
  return assigned;
}
