// UPDATE.
import { list, type Node } from "../node.ts";
import { assign } from "./assignment.ts";
import { analyzeCondition } from "./condition.ts";
import { analyzeFrom } from "./from.ts";
import { analyzeReturning } from "./returning.ts";
import { newScope, type Scope, setLateral } from "./scope.ts";
import type { QueryResult } from "./select.ts";
import { filterOf, noteWrite, type Target, targetOf } from "./target.ts";
import type { Walk } from "./walk.ts";
import { analyzeWith } from "./with.ts";

export function analyzeUpdate(walk: Walk, parent: Scope | null, node: Node, top: boolean): QueryResult {
  const scope = newScope(parent);
  analyzeWith(walk, scope, node.withClause);
  const target = targetOf(walk, node.relation);
  addTargetAndFrom(walk, scope, target, list(node.fromClause));
  const equal = analyzeCondition(walk, scope, node.whereClause, "WHERE", top);
  const filter = filterOf(walk, target, node.whereClause !== undefined, equal);
  noteWrite(walk, target, "Update", filter, list(node.targetList));
  const assigned = assign(walk, scope, target, list(node.targetList));
  return analyzeReturning(walk, scope, target, node, [assigned]);
}

/** Subqueries of FROM and USING must not refer to what is changed. */
export function addTargetAndFrom(walk: Walk, scope: Scope, target: Target, clause: readonly Node[]): void {
  setLateral([target.item], true, false);
  scope.items.push(target.item);
  analyzeFrom(walk, scope, clause);
}
