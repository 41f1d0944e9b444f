// GROUP BY, ORDER BY and DISTINCT ON: an output's position or name, or an expression (findTargetlistEntrySQL92, parse_clause.c).
import type { Lineage } from "../facts.ts";
import { kindOf, list, type Node, text } from "../node.ts";
import { steer } from "./collector.ts";
import { evaluate } from "./expression.ts";
import { deriveAll } from "./label.ts";
import { systemColumn } from "./relation-shape.ts";
import { findColumn, type Scope } from "./scope.ts";
import { noteSortOperator } from "./sort.ts";
import type { Columns } from "./targets.ts";
import { enter, leave, NotKnown, type Walk } from "./walk.ts";

export function analyzeGrouping(walk: Walk, scope: Scope, clause: readonly Node[], outputs: Columns): void {
  for (const node of clause) {
    enter(walk);
    if (kindOf(node) === "GroupingSet") analyzeGrouping(walk, scope, list(node.GroupingSet.content), outputs);
    else if (kindOf(node) === "RowExpr") analyzeGrouping(walk, scope, list(node.RowExpr.args), outputs);
    else steer(walk, groupingLabel(walk, scope, node, outputs), "GROUP BY");
    leave(walk);
  }
}

/** GROUP BY prefers a column of FROM to an output of the same name. */
function groupingLabel(walk: Walk, scope: Scope, node: Node, outputs: Columns): Lineage {
  const name = singleName(node);
  const isColumn = name !== null && findColumn({ ...scope, parent: null }, name, systemColumn).found !== null;
  return (isColumn ? null : outputLabel(node, outputs)) ?? evaluate(walk, scope, node).lineage;
}

export function analyzeOrder(walk: Walk, scope: Scope, clause: readonly Node[], outputs: Columns, where: string): void {
  for (const { SortBy: sort } of clause) {
    const label = outputLabel(sort.node, outputs) ?? evaluate(walk, scope, sort.node).lineage;
    noteSortOperator(walk, sort, 0);
    steer(walk, label, where);
  }
}

/** The label of an output that is meant by its position or name; null when the node is an expression. */
function outputLabel(node: Node, outputs: Columns): Lineage | null {
  const position = node.A_Const?.ival ?? node.A_Const?.val?.Integer;
  if (position !== undefined) return labelAt(position.ival ?? 0, outputs);
  const name = singleName(node);
  if (name === null) return null;
  // Several of one name must be the same expression, which the server checks; their labels are joined in any case.
  const named = outputs.columns.filter((column) => column.name === name);
  return named.length === 0 ? null : deriveOrKeep(named.map((column) => column.lineage));
}

function deriveOrKeep(labels: readonly Lineage[]): Lineage {
  return labels.length === 1 ? labels[0]! : deriveAll(labels);
}

function labelAt(position: number, outputs: Columns): Lineage {
  const column = outputs.columns[position - 1];
  if (column === undefined || outputs.open) throw new NotKnown("position that is not in the select list");
  return column.lineage;
}

function singleName(node: Node): string | null {
  const fields = node.ColumnRef?.fields;
  return fields?.length === 1 ? text(fields[0]) : null;
}
