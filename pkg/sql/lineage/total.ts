// Expressions whose evaluation can neither fail nor do anything, so that nobody can tell whether they were evaluated: literals, columns,
// comparisons, and built-in functions that accept every value. A user's function of the same name is opaque and refused as such.
import { kindOf, list, type Node, texts } from "../node.ts";

const comparisons = new Set(["=", "<>", "!=", "<", ">", "<=", ">="]);
const functions = new Set([
  "lower",
  "upper",
  "length",
  "char_length",
  "character_length",
  "octet_length",
  "btrim",
  "ltrim",
  "rtrim",
  "concat",
  "concat_ws",
  "md5",
  "now",
]);

export function isTotal(wrapped: Node): boolean {
  const kind = kindOf(wrapped);
  const node = wrapped[kind];
  switch (kind) {
    case "A_Const":
    case "ParamRef":
    case "ColumnRef":
    case "SQLValueFunction":
      return true;
    case "NullTest":
    case "BooleanTest":
      return isTotal(node.arg);
    case "TypeCast":
      return kindOf(node.arg) === "A_Const";
    case "BoolExpr":
    case "CoalesceExpr":
    case "MinMaxExpr":
      return list(node.args).every(isTotal);
    case "List":
      return list(node.items).every(isTotal);
    case "RowExpr":
      return list(node.args).every(isTotal);
    case "FuncCall":
      return isTotalCall(node);
    case "A_Expr":
      return isTotalOperator(node);
    default:
      return false;
  }
}

/** A query of stored tables that computes nothing but total expressions. */
export function isTotalQuery(select: Node): boolean {
  const { op, withClause, fromClause, targetList, whereClause, groupClause, havingClause, windowClause } = select;
  const { sortClause, limitCount, limitOffset, valuesLists } = select;
  const other = withClause ?? groupClause ?? havingClause ?? windowClause ?? sortClause ?? limitCount ?? limitOffset;
  if (other !== undefined || (op !== undefined && op !== "SETOP_NONE")) return false;
  if (valuesLists !== undefined) return list(valuesLists).every(isTotal);
  const isPlain = list(fromClause).every((from) => kindOf(from) === "RangeVar");
  return isPlain && isTotalOrAbsent(whereClause) && list(targetList).every(({ ResTarget }) => isTotal(ResTarget.val));
}

const isTotalOrAbsent = (node: Node): boolean => node === undefined || isTotal(node);

function isTotalCall(node: Node): boolean {
  const { agg_order, agg_filter, over } = node;
  const isPlain = (agg_order ?? agg_filter ?? over) === undefined;
  return isPlain && functions.has(texts(node.funcname).at(-1) ?? "") && list(node.args).every(isTotal);
}

function isTotalOperator(node: Node): boolean {
  if (node.lexpr === undefined || !isTotal(node.lexpr) || !isTotal(node.rexpr)) return false;
  switch (node.kind) {
    case "AEXPR_OP":
    case "AEXPR_IN":
      return node.name.length === 1 && comparisons.has(texts(node.name)[0] ?? "");
    case "AEXPR_DISTINCT":
    case "AEXPR_NOT_DISTINCT":
    case "AEXPR_BETWEEN":
    case "AEXPR_NOT_BETWEEN":
    case "AEXPR_BETWEEN_SYM":
    case "AEXPR_NOT_BETWEEN_SYM":
      return true;
    default:
      return false;
  }
}
