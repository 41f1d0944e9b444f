// DELETE.
import { list, type Node } from "../node.ts";
import { analyzeCondition } from "./condition.ts";
import { analyzeReturning } from "./returning.ts";
import { newScope, type Scope } from "./scope.ts";
import type { QueryResult } from "./select.ts";
import { filterOf, noteWrite, targetOf } from "./target.ts";
import { addTargetAndFrom } from "./update.ts";
import type { Walk } from "./walk.ts";
import { analyzeWith } from "./with.ts";

export function analyzeDelete(walk: Walk, parent: Scope | null, node: Node, top: boolean): QueryResult {
  const scope = newScope(parent);
  analyzeWith(walk, scope, node.withClause);
  const target = targetOf(walk, node.relation);
  addTargetAndFrom(walk, scope, target, list(node.usingClause));
  const equal = analyzeCondition(walk, scope, node.whereClause, "WHERE", top);
  noteWrite(walk, target, "Delete", filterOf(walk, target, node.whereClause !== undefined, equal));
  return analyzeReturning(walk, scope, target, node, []);
}
