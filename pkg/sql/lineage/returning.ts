// RETURNING, with OLD and NEW of PostgreSQL 18.
import { list, type Node } from "../node.ts";
import { findItem, type RangeItem, type Scope } from "./scope.ts";
import type { QueryResult } from "./select.ts";
import type { Target } from "./target.ts";
import { analyzeTargets } from "./targets.ts";
import type { Walk } from "./walk.ts";

/** No columns without RETURNING. */
export function analyzeReturning(walk: Walk, scope: Scope, target: Target, node: Node): QueryResult {
  const clause = node.returningClause;
  const expressions = list(clause?.exprs ?? node.returningList);
  if (expressions.length === 0) return { columns: [], open: false };
  const inner = { ...scope, items: [...scope.items] };
  if (walk.grammar.major >= 18) addOldAndNew(inner, target, list(clause.options));
  return analyzeTargets(walk, inner, expressions);
}

function addOldAndNew(scope: Scope, target: Target, options: readonly Node[]): void {
  for (const [option, usual] of [
    ["RETURNING_OPTION_OLD", "old"],
    ["RETURNING_OPTION_NEW", "new"],
  ] as const) {
    const given = options.find(({ ReturningOption: named }) => named.option === option)?.ReturningOption.value;
    // The usual names give way to tables that have them.
    if (given === undefined && findItem(scope, usual, null).found !== null) continue;
    scope.items.push(version(target.item, given ?? usual));
  }
}

function version(item: RangeItem, name: string): RangeItem {
  return { ...item, name, aliased: true, nameVisible: true, columnsVisible: false };
}
