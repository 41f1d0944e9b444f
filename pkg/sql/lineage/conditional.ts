// Expressions that evaluate some parts only on a condition. A masked NULL stays NULL and a failing part fails the statement, so what
// a condition is made of can be read off although the result is masked: it counts as a predicate (rule R9).
import { list, type Node } from "../node.ts";
import { callOperator } from "./calls.ts";
import { steer } from "./collector.ts";
import { evaluate, evaluateAll, joined } from "./expression.ts";
import { noteConversionFailures } from "./failing.ts";
import { deriveAll } from "./label.ts";
import type { Scope } from "./scope.ts";
import { steerUnlessTotal } from "./total.ts";
import { BOOL, commonType } from "./types.ts";
import { computed, type Value } from "./value.ts";
import type { Walk } from "./walk.ts";

export function evaluateConditional(walk: Walk, scope: Scope, kind: string, node: Node): Value {
  switch (kind) {
    case "CaseExpr":
      return evaluateCase(walk, scope, node);
    case "CoalesceExpr":
      return evaluateCoalesce(walk, scope, node);
    default:
      return evaluateLogic(walk, scope, node);
  }
}

function evaluateCase(walk: Walk, scope: Scope, node: Node): Value {
  const operand = node.arg === undefined ? null : evaluate(walk, scope, node.arg);
  const conditions: Value[] = operand === null ? [] : [operand];
  const results: Value[] = [];
  for (const { CaseWhen: branch } of list(node.args)) {
    const condition = evaluate(walk, scope, branch.expr);
    if (operand !== null) callOperator(walk, ["="], operand.type, condition.type);
    conditions.push(condition);
    results.push(evaluate(walk, scope, branch.result));
  }
  if (node.defresult !== undefined) results.push(evaluate(walk, scope, node.defresult));
  const condition = deriveAll(conditions.map((value) => value.lineage));
  steer(walk, condition, "CASE");
  const types = results.map((value) => value.type);
  const type = commonType(walk, types);
  noteConversionFailures(walk, results, type);
  return computed(deriveAll([condition, ...results.map((value) => value.lineage)]), type);
}

function evaluateCoalesce(walk: Walk, scope: Scope, node: Node): Value {
  const values = evaluateAll(walk, scope, node.args);
  const result = joined(walk, values);
  // A later part that cannot fail only takes the place of NULL.
  steerUnlessTotal(walk, scope, result.lineage, list(node.args).slice(1), "COALESCE");
  return result;
}

function evaluateLogic(walk: Walk, scope: Scope, node: Node): Value {
  const values = evaluateAll(walk, scope, node.args);
  const label = deriveAll(values.map((value) => value.lineage));
  if (node.boolop !== "NOT_EXPR") steerUnlessTotal(walk, scope, label, list(node.args), "condition");
  return computed(label, BOOL);
}
