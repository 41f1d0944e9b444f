// ON CONFLICT: whether a key is there already can be seen from outside, and DO UPDATE is an update with EXCLUDED in scope.
import type { Relation } from "../../catalog/snapshot.ts";
import type { Lineage } from "../facts.ts";
import { list, type Node } from "../node.ts";
import { type Assigned, assign } from "./assignment.ts";
import { steer } from "./collector.ts";
import { analyzeCondition } from "./condition.ts";
import { evaluate } from "./expression.ts";
import { CLEAN, copyOf, deriveAll } from "./label.ts";
import { refOf } from "./relation-shape.ts";
import { rangeItem, type Scope } from "./scope.ts";
import { noteWrite, type Target, targetColumn } from "./target.ts";
import { COMPUTED } from "./value.ts";
import type { Walk } from "./walk.ts";

export function analyzeConflict(walk: Walk, scope: Scope, target: Target, node: Node, inserted: Assigned): Assigned {
  steer(walk, conflictLabel(walk, scope, target, node.infer), "ON CONFLICT");
  if (node.action !== "ONCONFLICT_UPDATE") return new Map();
  noteWrite(walk, target, "Update", "Other");
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

/** The columns of the unique keys that are looked at. */
function conflictLabel(walk: Walk, scope: Scope, target: Target, infer: Node): Lineage {
  const { relation } = target;
  if (relation === null) return CLEAN;
  if (infer?.indexElems === undefined) return keyLabel(relation);
  const elements: Lineage[] = list(infer.indexElems).map(({ IndexElem: element }) =>
    element.expr !== undefined
      ? evaluate(walk, scope, element.expr).lineage
      : copyOf(refOf(relation, targetColumn(target, element.name))),
  );
  if (infer.whereClause !== undefined) elements.push(evaluate(walk, scope, infer.whereClause).lineage);
  return deriveAll(elements);
}

function keyLabel(relation: Relation): Lineage {
  const attnums = new Set(relation.uniqueKeys.flat());
  const columns = relation.columns.filter((column) => attnums.has(column.attnum));
  return deriveAll(columns.map((column) => copyOf(refOf(relation, column))));
}
