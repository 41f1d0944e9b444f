// Operators of every spelling: infix, prefix, ANY and ALL, IN, LIKE, BETWEEN, IS DISTINCT FROM, NULLIF, row comparisons.
import { kindOf, type Node, texts } from "../node.ts";
import { callOperator, type Operation } from "./calls.ts";
import { steer } from "./collector.ts";
import { evaluate, evaluateAll } from "./expression.ts";
import { noteOperatorFailure } from "./failing.ts";
import { jsonOperator } from "./json-path.ts";
import { deriveAll } from "./label.ts";
import type { Scope, ScopeColumn } from "./scope.ts";
import { steerUnlessTotal } from "./total.ts";
import { BOOL, elementOf } from "./types.ts";
import { computed, type Value } from "./value.ts";
import { NotKnown, type Walk } from "./walk.ts";

export function evaluateOperator(walk: Walk, scope: Scope, node: Node): Value {
  switch (node.kind) {
    case "AEXPR_OP":
      return node.lexpr === undefined ? prefix(walk, scope, node) : infix(walk, scope, node);
    case "AEXPR_OP_ANY":
    case "AEXPR_OP_ALL":
      return withArray(walk, scope, node);
    case "AEXPR_LIKE":
    case "AEXPR_ILIKE":
    case "AEXPR_SIMILAR":
      return compare(walk, scope, node, texts(node.name));
    case "AEXPR_DISTINCT":
    case "AEXPR_NOT_DISTINCT":
      return compare(walk, scope, node, ["="]);
    case "AEXPR_NULLIF":
      return nullIf(walk, scope, node);
    case "AEXPR_IN":
      return withList(walk, scope, node, [texts(node.name)]);
    case "AEXPR_BETWEEN":
    case "AEXPR_NOT_BETWEEN":
    case "AEXPR_BETWEEN_SYM":
    case "AEXPR_NOT_BETWEEN_SYM":
      return withList(walk, scope, node, [[">="], ["<="]]);
    default:
      throw new NotKnown("operator of an unknown kind");
  }
}

function labelOf(values: readonly Value[]) {
  return deriveAll(values.map((value) => value.lineage));
}

function prefix(walk: Walk, scope: Scope, node: Node): Value {
  const operand = evaluate(walk, scope, node.rexpr);
  const name = texts(node.name);
  const operation = callOperator(walk, name, null, operand.type);
  noteOperatorFailure(walk, name.at(-1)!, operation, null, { value: operand, node: node.rexpr });
  const value = computed(labelOf([operand]), operation.result);
  return operand.shape === "constant" ? { ...value, shape: "constant" } : value;
}

function infix(walk: Walk, scope: Scope, node: Node): Value {
  const left = evaluate(walk, scope, node.lexpr);
  const right = evaluate(walk, scope, node.rexpr);
  const name = texts(node.name);
  steerByRows(walk, scope, [left, right], [node.lexpr, node.rexpr]);
  const operation = pairwise(walk, name, [left, right], [node.lexpr, node.rexpr]);
  return jsonOperator(left, node.rexpr, operation) ?? computed(labelOf([left, right]), operation.result);
}

const isRowNode = (node: Node): boolean => kindOf(node) === "RowExpr";

/** A comparison of rows stops at the first pair that decides it. */
function steerByRows(walk: Walk, scope: Scope, values: readonly Value[], nodes: readonly Node[]): void {
  const rows = nodes.filter(isRowNode);
  if (rows.length > 0) steerUnlessTotal(walk, scope, labelOf(values), rows, "row comparison");
}

type Pair<T> = readonly [T, T];

/** Rows compare field by field, as far as both are known. */
function pairwise(walk: Walk, name: readonly string[], [left, right]: Pair<Value>, nodes: Pair<Node>): Operation {
  if (!isRow(left) || !isRow(right) || left.fields.length !== right.fields.length) {
    return applied(walk, name, [left, right], nodes);
  }
  let operation: Operation | null = null;
  for (const [position, field] of left.fields.entries()) {
    const other = right.fields[position]!;
    operation = appliedToColumns(walk, name, field, other);
  }
  return operation ?? applied(walk, name, [left, right], nodes);
}

/** Of columns of rows or queries, which stand nowhere in the statement by themselves. */
export function appliedToColumns(
  walk: Walk,
  name: readonly string[],
  left: Value | ScopeColumn,
  right: ScopeColumn,
): Operation {
  const values = [{ ...left, shape: "computed" } as const, { ...right, shape: "computed" } as const] as const;
  return applied(walk, name, values, [undefined, undefined]);
}

function applied(walk: Walk, name: readonly string[], [left, right]: Pair<Value>, nodes: Pair<Node>): Operation {
  const operation = callOperator(walk, name, left.type, right.type);
  const operands = [
    { value: left, node: nodes[0] },
    { value: right, node: nodes[1] },
  ] as const;
  noteOperatorFailure(walk, name.at(-1)!, operation, ...operands);
  return operation;
}

function isRow(value: Value): value is Value & { fields: NonNullable<Value["fields"]> } {
  return value.fields !== undefined && value.wholeRow === undefined;
}

function compare(walk: Walk, scope: Scope, node: Node, name: readonly string[]): Value {
  const left = evaluate(walk, scope, node.lexpr);
  const right = evaluate(walk, scope, node.rexpr);
  steerByRows(walk, scope, [left, right], [node.lexpr, node.rexpr]);
  pairwise(walk, name, [left, right], [node.lexpr, node.rexpr]);
  return computed(labelOf([left, right]), BOOL);
}

function nullIf(walk: Walk, scope: Scope, node: Node): Value {
  const left = evaluate(walk, scope, node.lexpr);
  const right = evaluate(walk, scope, node.rexpr);
  callOperator(walk, texts(node.name), left.type, right.type);
  const label = labelOf([left, right]);
  steer(walk, label, "NULLIF");
  return computed(label, left.type);
}

function withArray(walk: Walk, scope: Scope, node: Node): Value {
  const left = evaluate(walk, scope, node.lexpr);
  const right = evaluate(walk, scope, node.rexpr);
  const element = { ...right, type: elementOf(walk, right.type) };
  applied(walk, texts(node.name), [left, element], [node.lexpr, node.rexpr]);
  return computed(labelOf([left, right]), BOOL);
}

/** `names`: the operators between the left side and the items of the list. */
function withList(walk: Walk, scope: Scope, node: Node, names: readonly (readonly string[])[]): Value {
  const left = evaluate(walk, scope, node.lexpr);
  const nodes: readonly Node[] = kindOf(node.rexpr) === "List" ? node.rexpr.List.items : [node.rexpr];
  const items = evaluateAll(walk, scope, nodes);
  const rows = isRowNode(node.lexpr) ? [node.lexpr] : [];
  const label = labelOf([left, ...items]);
  steerUnlessTotal(walk, scope, label, [...rows, ...nodes], node.kind.includes("BETWEEN") ? "BETWEEN" : "IN");
  const seen = new Set<number>();
  for (const item of items) {
    if (!isRow(item) && seen.has(item.type)) continue;
    seen.add(item.type);
    for (const name of names) pairwise(walk, name, [left, item], [node.lexpr, undefined]);
  }
  return computed(label, BOOL);
}
