// What a window adds to the label of a function over it: PARTITION BY, ORDER BY and frame ends (rule R4).
import type { Lineage } from "../facts.ts";
import { list, type Node } from "../node.ts";
import { steer } from "./collector.ts";
import { evaluate, evaluateAll } from "./expression.ts";
import { CLEAN, deriveAll } from "./label.ts";
import type { Scope } from "./scope.ts";
import { evaluateSort } from "./sort.ts";
import { enter, leave, NotKnown, type Walk } from "./walk.ts";

export function evaluateWindow(walk: Walk, scope: Scope, node: Node): Lineage {
  enter(walk);
  const isReference = node.name !== undefined && scope.windows.get(node.name) !== node;
  const named = isReference ? namedWindow(walk, scope, node.name) : CLEAN;
  const base = node.refname === undefined ? CLEAN : namedWindow(walk, scope, node.refname);
  const partition = evaluateAll(walk, scope, node.partitionClause);
  const order = list(node.orderClause).map((sort) => evaluateSort(walk, scope, sort));
  const frame = deriveAll(
    [node.startOffset, node.endOffset].map((end) => (end === undefined ? CLEAN : evaluate(walk, scope, end).lineage)),
  );
  steer(walk, frame, "frame");
  // The server sorts by them, and rows come as they were sorted.
  const sorted = deriveAll([...partition, ...order].map((value) => value.lineage));
  steer(walk, sorted, "window");
  leave(walk);
  return deriveAll([named, base, frame, sorted]);
}

function namedWindow(walk: Walk, scope: Scope, name: string): Lineage {
  const node = scope.windows.get(name);
  if (node === undefined) throw new NotKnown("window not in scope");
  return evaluateWindow(walk, scope, node);
}
