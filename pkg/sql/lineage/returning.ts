// RETURNING, with OLD and NEW of PostgreSQL 18.
import { list, type Node } from "../node.ts";
import type { Assigned } from "./assignment.ts";
import { equalBoth } from "./label.ts";
import { findItem, type RangeItem, type Scope } from "./scope.ts";
import type { QueryResult } from "./select.ts";
import type { Target } from "./target.ts";
import { analyzeTargets } from "./targets.ts";
import type { Walk } from "./walk.ts";

/** `assigned`: by each action, what has become of the columns. No columns without RETURNING. */
export function analyzeReturning(
  walk: Walk,
  scope: Scope,
  target: Target,
  node: Node,
  assigned: readonly Assigned[],
): QueryResult {
  const clause = node.returningClause;
  const expressions = list(clause?.exprs ?? node.returningList);
  if (expressions.length === 0) return { columns: [], open: false };
  const after = changed(target.item, assigned);
  const inner = { ...scope, items: scope.items.map((item) => (item === target.item ? after : item)) };
  if (walk.grammar.major >= 18) addOldAndNew(inner, target.item, after, list(clause.options));
  return analyzeTargets(walk, inner, expressions);
}

/** The row as it is afterwards: an assigned column holds its own value and, unless a trigger has changed it, the assigned one. */
function changed(item: RangeItem, actions: readonly Assigned[]): RangeItem {
  const columns = item.columns.map((column) => {
    let { lineage } = column;
    for (const assigned of actions) {
      const from = assigned.get(column.name ?? "");
      if (from !== undefined && from.kind !== "clean") lineage = equalBoth(lineage, from);
    }
    return lineage === column.lineage ? column : { ...column, lineage };
  });
  return { ...item, columns };
}

function addOldAndNew(scope: Scope, before: RangeItem, after: RangeItem, options: readonly Node[]): void {
  for (const [option, usual] of [
    ["RETURNING_OPTION_OLD", "old"],
    ["RETURNING_OPTION_NEW", "new"],
  ] as const) {
    const given = options.find(({ ReturningOption: named }) => named.option === option)?.ReturningOption.value;
    // The usual names give way to tables that have them.
    if (given === undefined && findItem(scope, usual, null).found !== null) continue;
    scope.items.push(version(usual === "old" ? before : after, given ?? usual));
  }
}

function version(item: RangeItem, name: string): RangeItem {
  return { ...item, name, aliased: true, nameVisible: true, columnsVisible: false };
}
