// One element of an ORDER BY inside an aggregate or a window, and the operator of `USING`.
import { type Node, texts } from "../node.ts";
import { callOperator } from "./calls.ts";
import { evaluate } from "./expression.ts";
import type { Scope } from "./scope.ts";
import type { Value } from "./value.ts";
import type { Walk } from "./walk.ts";

export function evaluateSort(walk: Walk, scope: Scope, wrapped: Node): Value {
  const node = wrapped.SortBy;
  const value = evaluate(walk, scope, node.node);
  noteSortOperator(walk, node, value.type);
  return value;
}

export function noteSortOperator(walk: Walk, node: Node, type: number): void {
  if (node.useOp !== undefined) callOperator(walk, texts(node.useOp), type, type);
}
