// SET lists: `column = value`, parts of columns, and `(a, b) = (row or subquery)`.
import type { Lineage } from "../facts.ts";
import { kindOf, list, type Node } from "../node.ts";
import { noteDefault, noteGenerated } from "./defaults.ts";
import { evaluate } from "./expression.ts";
import { both, CLEAN, derive } from "./label.ts";
import type { Scope } from "./scope.ts";
import { analyzeSelect } from "./select.ts";
import { indirectionLabel, noteAssignment, type Target, targetColumn } from "./target.ts";
import { expandTarget } from "./targets.ts";
import { NotKnown, type Walk } from "./walk.ts";

/** Returns what was assigned to each column, by name. */
export function assign(walk: Walk, scope: Scope, target: Target, clause: readonly Node[]): Assigned {
  const assigned = new Map<string, Lineage>();
  for (const { ResTarget: assignment } of clause) {
    const label = assignedLabel(walk, scope, target, assignment);
    const steps = list(assignment.indirection);
    const from = steps.length === 0 ? label : both(label, indirectionLabel(walk, scope, steps));
    noteAssignment(walk, target, assignment.name, from);
    addAssigned(assigned, assignment.name, from);
  }
  noteGenerated(walk, target.relation);
  return assigned;
}

export type Assigned = ReadonlyMap<string, Lineage>;

/** Several values may go to parts of one column, or to it in several actions. */
export function addAssigned(assigned: Map<string, Lineage>, name: string, from: Lineage): void {
  const before = assigned.get(name);
  assigned.set(name, before === undefined ? from : both(before, from));
}

function assignedLabel(walk: Walk, scope: Scope, target: Target, assignment: Node): Lineage {
  const part = assignment.val.MultiAssignRef;
  if (part === undefined) return labelOf(walk, scope, target, assignment.name, assignment.val);
  const { source, colno } = part;
  if (kindOf(source) === "SubLink") return subqueryLabel(walk, scope, source, colno);
  if (kindOf(source) !== "RowExpr") throw new NotKnown(`assignment of kind ${kindOf(source)}`);
  const args = list(source.RowExpr.args);
  if (args.length === part.ncolumns) return labelOf(walk, scope, target, assignment.name, args[colno - 1]);
  const value = args.flatMap((arg) => expandTarget(walk, scope, arg))[colno - 1];
  if (value === undefined) throw new NotKnown("assignment from columns that are not known");
  return value.lineage;
}

function labelOf(walk: Walk, scope: Scope, target: Target, name: string, node: Node): Lineage {
  if (kindOf(node) !== "SetToDefault") return evaluate(walk, scope, node).lineage;
  if (target.relation !== null) noteDefault(walk, target.relation, targetColumn(target, name));
  return CLEAN;
}

function subqueryLabel(walk: Walk, scope: Scope, sublink: Node, column: number): Lineage {
  const result = analyzeSelect(walk, scope, sublink.SubLink.subselect.SelectStmt);
  const assigned = result.columns[column - 1];
  if (assigned === undefined) throw new NotKnown("assignment from columns that are not known");
  return result.open ? derive(assigned.lineage) : assigned.lineage;
}
