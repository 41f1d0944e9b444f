// SET lists: `column = value`, parts of columns, and `(a, b) = (row or subquery)`.
import type { Lineage } from "../facts.ts";
import { kindOf, list, type Node } from "../node.ts";
import { noteDefault, noteGenerated } from "./defaults.ts";
import { evaluate } from "./expression.ts";
import { byDefault, type Given, given } from "./given.ts";
import { both, derive } from "./label.ts";
import type { Scope } from "./scope.ts";
import { analyzeSelect } from "./select.ts";
import { noteAssignment, partOf, type Target, targetColumn } from "./target.ts";
import { expandTarget } from "./targets.ts";
import { NotKnown, type Walk } from "./walk.ts";

/** Returns what was assigned to each column, by name. */
export function assign(walk: Walk, scope: Scope, target: Target, clause: readonly Node[]): Assigned {
  const assigned = new Map<string, Lineage>();
  for (const { ResTarget: assignment } of clause) {
    const value = assignedValue(walk, scope, target, assignment);
    const part = partOf(walk, scope, value, list(assignment.indirection));
    noteAssignment(walk, target, assignment.name, part);
    addAssigned(assigned, assignment.name, part.lineage);
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

function assignedValue(walk: Walk, scope: Scope, target: Target, assignment: Node): Given {
  const part = assignment.val.MultiAssignRef;
  if (part === undefined) return valueOrDefault(walk, scope, target, assignment.name, assignment.val);
  const { source, colno } = part;
  if (kindOf(source) === "SubLink") return subqueryValue(walk, scope, source, colno);
  if (kindOf(source) !== "RowExpr") throw new NotKnown(`assignment of kind ${kindOf(source)}`);
  const args = list(source.RowExpr.args);
  if (args.length === part.ncolumns) return valueOrDefault(walk, scope, target, assignment.name, args[colno - 1]);
  const value = args.flatMap((arg) => expandTarget(walk, scope, arg))[colno - 1];
  if (value === undefined) throw new NotKnown("assignment from columns that are not known");
  return given(value);
}

function valueOrDefault(walk: Walk, scope: Scope, target: Target, name: string, node: Node): Given {
  if (kindOf(node) !== "SetToDefault") return given(evaluate(walk, scope, node));
  if (target.relation !== null) noteDefault(walk, target.relation, targetColumn(target, name));
  return byDefault;
}

function subqueryValue(walk: Walk, scope: Scope, sublink: Node, column: number): Given {
  const result = analyzeSelect(walk, scope, sublink.SubLink.subselect.SelectStmt);
  const assigned = result.columns[column - 1];
  if (assigned === undefined) throw new NotKnown("assignment from columns that are not known");
  return given(result.open ? { ...assigned, lineage: derive(assigned.lineage) } : assigned);
}
