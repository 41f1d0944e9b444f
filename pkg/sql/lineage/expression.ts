// An expression's value: its label, type and origin. Every kind of node is named here, or the statement is not understood.
import { kindOf, list, type Node } from "../node.ts";
import { evaluateCast } from "./cast.ts";
import { noteFailure } from "./collector.ts";
import { evaluateColumnRef } from "./column-ref.ts";
import { evaluateConditional } from "./conditional.ts";
import { isComposite, noteConversionFailures } from "./failing.ts";
import { evaluateCall } from "./function-call.ts";
import { evaluateIndirection } from "./indirection.ts";
import { evaluateJson } from "./json.ts";
import { deriveAll } from "./label.ts";
import { NUMBER_TYPE, numberType } from "./number-type.ts";
import { evaluateOperator } from "./operator.ts";
import type { Scope } from "./scope.ts";
import { evaluateSublink } from "./sublink.ts";
import { expandTarget } from "./targets.ts";
import { arrayOf, BIT, BOOL, commonType, INT4, RECORD, TEXT, UNKNOWN } from "./types.ts";
import { computed, constant, type Value } from "./value.ts";
import { enter, leave, NotKnown, type Walk } from "./walk.ts";
import { evaluateXml } from "./xml.ts";

export function evaluate(walk: Walk, scope: Scope, node: Node): Value {
  enter(walk);
  const value = dispatch(walk, scope, node);
  leave(walk);
  return value;
}

export function evaluateAll(walk: Walk, scope: Scope, nodes: Node): Value[] {
  return list(nodes).map((node) => evaluate(walk, scope, node));
}

function dispatch(walk: Walk, scope: Scope, wrapped: Node): Value {
  const kind = kindOf(wrapped);
  const node = wrapped[kind];
  switch (kind) {
    case "A_Const":
      return constant(literalType(node));
    case "ParamRef":
      return constant(parameterType(walk, node.number ?? 0));
    case "ColumnRef":
      return evaluateColumnRef(walk, scope, node);
    case "A_Expr":
      return evaluateOperator(walk, scope, node);
    case "BoolExpr":
    case "CaseExpr":
    case "CoalesceExpr":
      return evaluateConditional(walk, scope, kind, node);
    case "FuncCall":
      return evaluateCall(walk, scope, node);
    case "TypeCast":
      return evaluateCast(walk, scope, node);
    case "A_Indirection":
      return evaluateIndirection(walk, scope, node);
    case "SubLink":
      return evaluateSublink(walk, scope, node);
    case "CollateClause":
      return collated(evaluate(walk, scope, node.arg));
    case "NullTest":
    case "BooleanTest":
      return computed(deriveAll([evaluate(walk, scope, node.arg).lineage]), BOOL);
    case "MinMaxExpr":
      return greatest(walk, evaluateAll(walk, scope, node.args));
    case "A_ArrayExpr":
      return array(walk, evaluateAll(walk, scope, node.elements));
    case "RowExpr":
      return row(list(node.args).flatMap((arg) => expandTarget(walk, scope, arg)));
    case "SQLValueFunction":
      return computed(deriveAll([]), valueFunctionType(node.op));
    case "GroupingFunc":
      // Which of the grouping expressions a row is grouped by: the same for every data.
      return computed(deriveAll([]), INT4);
    case "CurrentOfExpr":
      return computed(deriveAll([]), BOOL);
    case "MergeSupportFunc":
      return computed(deriveAll([]), TEXT);
    default:
      return evaluateJson(walk, scope, kind, node) ?? evaluateXml(walk, scope, kind, node) ?? refuse(kind);
  }
}

function refuse(kind: string): never {
  throw new NotKnown(`expression of kind ${kind}`);
}

function literalType(node: Node): number {
  const value = node.val ?? node; // PostgreSQL 14 wraps the value
  if (value.ival !== undefined || value.Integer !== undefined) return INT4;
  if (value.sval !== undefined || value.String !== undefined) return UNKNOWN;
  if (value.boolval !== undefined) return BOOL;
  if (value.isnull === true || value.Null !== undefined) return UNKNOWN;
  const float = value.fval ?? value.Float;
  if (float !== undefined) return float[NUMBER_TYPE] ?? numberType(float.fval ?? float.str ?? "");
  if (value.bsval !== undefined || value.BitString !== undefined) return BIT;
  throw new NotKnown("literal of an unknown kind");
}

function parameterType(walk: Walk, number: number): number {
  const types = walk.context.parameterTypes;
  if (types === undefined) return 0;
  return types[number - 1] || UNKNOWN;
}

/** A collation changes how a value compares, not the value; the server no longer reports an origin. */
function collated(value: Value): Value {
  return {
    ...computed(deriveAll([value.lineage]), value.type),
    shape: value.shape === "constant" ? "constant" : "computed",
  };
}

export function joined(walk: Walk, values: readonly Value[]): Value {
  const type = commonType(
    walk,
    values.map((value) => value.type),
  );
  noteConversionFailures(walk, values, type);
  return computed(deriveAll(values.map((value) => value.lineage)), type);
}

/** Rows compare only as far as they have to, and some fields do not compare at all. */
function greatest(walk: Walk, values: readonly Value[]): Value {
  const result = joined(walk, values);
  if (isComposite(walk, result.type)) noteFailure(walk, result.lineage);
  return result;
}

function array(walk: Walk, elements: readonly Value[]): Value {
  const value = joined(walk, elements);
  const element = walk.catalog?.type(value.type);
  const type =
    elements.length === 0 || element === undefined
      ? 0
      : element.element !== 0 && element.category === "A"
        ? value.type
        : arrayOf(walk, value.type);
  if (element !== undefined && element.category === "A") for (const { lineage } of elements) noteFailure(walk, lineage);
  const constants = elements.every((item) => item.shape === "constant");
  return { ...computed(value.lineage, type), shape: constants ? "constant" : "computed" };
}

/** ROW(...): fields f1, f2, ... */
export function row(values: readonly Value[]): Value {
  const fields = values.map(({ lineage, type, typmod }, position) => ({
    name: `f${position + 1}`,
    lineage: deriveAll([lineage]),
    type,
    typmod,
    origin: { table: 0, column: 0 },
  }));
  return computed(deriveAll(values.map((value) => value.lineage)), RECORD, fields);
}

function valueFunctionType(op: string): number {
  switch (op) {
    case "SVFOP_CURRENT_DATE":
      return 1082;
    case "SVFOP_CURRENT_TIME":
    case "SVFOP_CURRENT_TIME_N":
      return 1266;
    case "SVFOP_CURRENT_TIMESTAMP":
    case "SVFOP_CURRENT_TIMESTAMP_N":
      return 1184;
    case "SVFOP_LOCALTIME":
    case "SVFOP_LOCALTIME_N":
      return 1083;
    case "SVFOP_LOCALTIMESTAMP":
    case "SVFOP_LOCALTIMESTAMP_N":
      return 1114;
    case "SVFOP_CURRENT_ROLE":
    case "SVFOP_CURRENT_USER":
    case "SVFOP_USER":
    case "SVFOP_SESSION_USER":
    case "SVFOP_CURRENT_CATALOG":
    case "SVFOP_CURRENT_SCHEMA":
      return 19;
    default:
      throw new NotKnown("value function of an unknown kind");
  }
}
