// A query: FROM, select list, conditions, grouping, order, limits; or VALUES; or a set operation. In comes the tree, out come columns
// with their labels; everything else goes to the collector.
import { kindOf, list, type Node } from "../node.ts";
import { noteRelation, steer, steerColumns } from "./collector.ts";
import { analyzeCondition } from "./condition.ts";
import { evaluate } from "./expression.ts";
import { analyzeFrom } from "./from.ts";
import { analyzeGrouping, analyzeOrder } from "./grouping.ts";
import { useOf } from "./relation.ts";
import { newScope, type Scope } from "./scope.ts";
import { analyzeSetOperation } from "./set-operation.ts";
import { analyzeTargets, type Columns } from "./targets.ts";
import { TEXT, UNKNOWN } from "./types.ts";
import { analyzeValues } from "./values.ts";
import { enter, leave, NotKnown, type Walk } from "./walk.ts";
import { evaluateWindow } from "./window.ts";
import { analyzeWith } from "./with.ts";

export type QueryResult = Columns;

/** `top`: the statement itself, whose INTO is allowed and whose WHERE may be a declared look-up. */
export function analyzeSelect(walk: Walk, parent: Scope | null, node: Node, top = false): QueryResult {
  enter(walk);
  if (node.intoClause !== undefined && !top) throw new NotKnown("INTO in a subquery");
  const scope = newScope(parent);
  analyzeWith(walk, scope, node.withClause);
  const result = analyzeBody(walk, scope, node, top);
  leave(walk);
  return result;
}

function analyzeBody(walk: Walk, scope: Scope, node: Node, top: boolean): QueryResult {
  const isOperation = node.op !== undefined && node.op !== "SETOP_NONE";
  if (!isOperation && node.valuesLists === undefined) return analyzePlain(walk, scope, node, top);
  const result = isOperation
    ? analyzeSetOperation(walk, scope, node, top)
    : analyzeValues(walk, scope, node.valuesLists);
  analyzeOrder(walk, scope, list(node.sortClause), result, "ORDER BY");
  analyzeLimits(walk, scope, node);
  return result;
}

function analyzePlain(walk: Walk, scope: Scope, node: Node, top: boolean): QueryResult {
  analyzeFrom(walk, scope, list(node.fromClause));
  for (const { WindowDef: window } of list(node.windowClause)) scope.windows.set(window.name, window);
  const result = analyzeTargets(walk, scope, node.targetList);
  analyzeCondition(walk, scope, node.whereClause, "WHERE", top);
  analyzeGrouping(walk, scope, list(node.groupClause), result);
  analyzeCondition(walk, scope, node.havingClause, "HAVING", false);
  for (const window of scope.windows.values()) evaluateWindow(walk, scope, window);
  analyzeOrder(walk, scope, list(node.sortClause), result, "ORDER BY");
  analyzeDistinct(walk, scope, list(node.distinctClause), result);
  analyzeLimits(walk, scope, node);
  if (node.lockingClause !== undefined) noteLocks(walk, scope);
  return result;
}

/** DISTINCT is a list with an empty element; DISTINCT ON has expressions. */
function analyzeDistinct(walk: Walk, scope: Scope, clause: readonly Node[], result: QueryResult): void {
  if (clause.length === 0) return;
  if (kindOf(clause[0]) === "") steerColumns(walk, result, "DISTINCT");
  else
    analyzeOrder(
      walk,
      scope,
      clause.map((node) => ({ SortBy: { node } })),
      result,
      "DISTINCT ON",
    );
}

function analyzeLimits(walk: Walk, scope: Scope, node: Node): void {
  if (node.limitCount !== undefined) steer(walk, evaluate(walk, scope, node.limitCount).lineage, "LIMIT");
  if (node.limitOffset !== undefined) steer(walk, evaluate(walk, scope, node.limitOffset).lineage, "OFFSET");
}

function noteLocks(walk: Walk, scope: Scope): void {
  walk.found.effects.add("Lock");
  for (const { relation } of scope.items) if (relation !== null) noteRelation(walk.found, useOf(relation, ["Lock"]));
}

/** Literals without a type become text where a query's columns are used by another. */
export function textForUnknown(result: QueryResult): QueryResult {
  if (!result.columns.some((column) => column.type === UNKNOWN)) return result;
  const columns = result.columns.map((column) => (column.type === UNKNOWN ? { ...column, type: TEXT } : column));
  return { columns, open: result.open };
}
