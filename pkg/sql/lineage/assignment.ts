// SET lists: `column = value`, parts of columns, and `(a, b) = (row or subquery)`.
import type { Lineage } from "../facts.ts";
import { kindOf, list, type Node } from "../node.ts";
import { noteDefault, noteGenerated } from "./defaults.ts";
import { evaluate } from "./expression.ts";
import { both, CLEAN, derive } from "./label.ts";
import type { Scope } from "./scope.ts";
import { analyzeSelect } from "./select.ts";
import { indirectionLabel, noteAssignment, type Target, targetColumn } from "./target.ts";
import { NotKnown, type Walk } from "./walk.ts";

/** Returns what was assigned to each column, by name. */
export function assign(walk: Walk, scope: Scope, target: Target, clause: readonly Node[]): Assigned {
  const assigned = new Map<string, Lineage>();
  for (const { ResTarget: assignment } of clause) {
    const value = assignedNode(assignment.val);
    const label =
      value.column === null
        ? labelOf(walk, scope, target, assignment.name, value.node)
        : subqueryLabel(walk, scope, value.node, value.column);
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

/** `column`: the value is that column of a subquery. */
function assignedNode(node: Node): { readonly node: Node; readonly column: number | null } {
  const part = node.MultiAssignRef;
  if (part === undefined) return { node, column: null };
  const { source, colno } = part;
  if (kindOf(source) === "RowExpr") return { node: list(source.RowExpr.args)[colno - 1], column: null };
  if (kindOf(source) === "SubLink") return { node: source, column: colno };
  throw new NotKnown(`assignment of kind ${kindOf(source)}`);
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
