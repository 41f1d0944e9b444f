// ON CONFLICT: whether a key is there already can be seen from outside, and DO UPDATE is an update with EXCLUDED in scope.
import { list, type Node } from "../node.ts";
import { type Assigned, assign } from "./assignment.ts";
import { steer, steerColumns } from "./collector.ts";
import { analyzeCondition } from "./condition.ts";
import { evaluate } from "./expression.ts";
import { CLEAN } from "./label.ts";
import { rangeItem, type Scope } from "./scope.ts";
import { noteWrite, type Target } from "./target.ts";
import { COMPUTED } from "./value.ts";
import { NotKnown, type Walk } from "./walk.ts";

export function analyzeConflict(walk: Walk, scope: Scope, target: Target, node: Node, inserted: Assigned): Assigned {
  steerByKey(walk, scope, target, node.infer);
  if (node.action !== "ONCONFLICT_UPDATE") return new Map();
  noteWrite(walk, target, "Update", "Other", list(node.targetList));
  const columns = target.item.columns.map((column) => ({
    ...column,
    lineage: inserted.get(column.name ?? "") ?? CLEAN,
    origin: COMPUTED,
  }));
  const excluded = rangeItem("excluded", columns, { open: target.item.open });
  const inner = { ...scope, items: [...scope.items, excluded] };
  const assigned = assign(walk, inner, target, list(node.targetList));
  analyzeCondition(walk, inner, node.whereClause, "ON CONFLICT", false);
  return assigned;
}

/** The columns that are looked at. Where they are not named any may be: unique indexes over expressions are not told. */
function steerByKey(walk: Walk, scope: Scope, target: Target, infer: Node): void {
  const { columns, open } = target.item;
  if (infer?.indexElems === undefined) return steerColumns(walk, { columns, open }, "ON CONFLICT");
  for (const { IndexElem: element } of list(infer.indexElems)) {
    const column = columns.find((candidate) => candidate.name === element.name);
    if (element.expr !== undefined) steer(walk, evaluate(walk, scope, element.expr).lineage, "ON CONFLICT");
    else if (column !== undefined) steer(walk, column.lineage, "ON CONFLICT");
    else if (!open) throw new NotKnown("column of ON CONFLICT not found");
  }
  if (infer.whereClause !== undefined) steer(walk, evaluate(walk, scope, infer.whereClause).lineage, "ON CONFLICT");
}
