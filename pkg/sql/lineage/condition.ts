// Conditions, one AND-ed part after the other: what steers the result (rule R9), and which columns are held equal to a constant.
import type { FunctionUse } from "../facts.ts";
import { kindOf, list, type Node, texts } from "../node.ts";
import { callOperator } from "./calls.ts";
import { steer } from "./collector.ts";
import { isNullLiteral } from "./constant-text.ts";
import { evaluate } from "./expression.ts";
import type { Scope } from "./scope.ts";
import { FLOAT4, FLOAT8 } from "./types.ts";
import type { Value } from "./value.ts";
import type { Walk } from "./walk.ts";

/**
 * Notes what the condition uses; returns the columns that it holds equal to a literal or parameter. `lookUp`: such an equality may be
 * a declared look-up.
 */
export function analyzeCondition(walk: Walk, scope: Scope, condition: Node, where: string, lookUp: boolean): Value[] {
  const equal: Value[] = [];
  if (condition === undefined) return equal;
  for (const part of conjuncts(condition)) {
    const column = equality(walk, scope, part);
    if (column === null) steer(walk, evaluate(walk, scope, part).lineage, where);
    else {
      equal.push(column);
      const { lineage } = column;
      const isStored = lineage.kind === "copy" && lineage.path === undefined;
      steer(walk, lineage, where, lookUp && isStored ? "equality" : "other");
    }
  }
  return equal;
}

/** The parts of a condition that all must hold. */
function conjuncts(condition: Node): readonly Node[] {
  const parts: Node[] = [];
  const waiting = [condition];
  while (waiting.length > 0) {
    const node = waiting.pop();
    if (node.BoolExpr?.boolop === "AND_EXPR") waiting.push(...list(node.BoolExpr.args));
    else parts.push(node);
  }
  return parts.reverse();
}

/** The column of `column = constant`, in either order, by the server's own operator; null for any other condition. */
function equality(walk: Walk, scope: Scope, node: Node): Value | null {
  const expression = node.A_Expr;
  if (expression?.kind !== "AEXPR_OP" || expression.lexpr === undefined) return null;
  const name = texts(expression.name);
  if (name.at(-1) !== "=") return null;
  const { lexpr, rexpr } = expression;
  // Under transform_null_equals it is IS NULL, which a unique key does not keep to one row.
  if (isNullLiteral(lexpr) || isNullLiteral(rexpr)) return null;
  const isLeft = kindOf(lexpr) === "ColumnRef" && isConstant(rexpr);
  if (!isLeft && !(kindOf(rexpr) === "ColumnRef" && isConstant(lexpr))) return null;
  const left = evaluate(walk, scope, lexpr);
  const right = evaluate(walk, scope, rexpr);
  const { use } = callOperator(walk, name, left.type, right.type);
  const [column, constant] = isLeft ? [left, right] : [right, left];
  const isPlain = column.shape === "column" && constant.shape === "constant";
  return isPlain && comparesWhole(walk, use, isLeft ? 0 : 1, column.type) ? column : null;
}

/** Whether the operator is one of the server's own that does not round the column first, as a bigint compared with a float. */
function comparesWhole(walk: Walk, use: FunctionUse, side: number, columnType: number): boolean {
  const declared = use.oid === null || use.trust !== "safe" ? undefined : walk.catalog?.function(use.oid)?.args[side];
  if (declared === undefined) return false;
  const isFloat = (type: number) => type === FLOAT4 || type === FLOAT8;
  return !isFloat(declared) || isFloat(columnType);
}

function isConstant(node: Node): boolean {
  const kind = kindOf(node);
  return kind === "A_Const" || kind === "ParamRef" || (kind === "TypeCast" && isConstant(node.TypeCast.arg));
}
