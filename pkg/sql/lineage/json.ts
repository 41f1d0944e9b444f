// The JSON constructors and functions of the SQL standard (PostgreSQL 16 to 18), rule R7.

import type { Lineage } from "../facts.ts";
import { list, type Node } from "../node.ts";
import { castValue } from "./calls.ts";
import { noteFailure, steer } from "./collector.ts";
import { constantText } from "./constant-text.ts";
import { evaluate } from "./expression.ts";
import { atJsonPath } from "./json-path.ts";
import { both, derive, deriveAll } from "./label.ts";
import type { Scope } from "./scope.ts";
import { analyzeSelect } from "./select.ts";
import { evaluateSort } from "./sort.ts";
import { labelOf } from "./sublink.ts";
import { BOOL, BYTEA, JSON_TYPE, JSONB, TEXT, typeNamed } from "./types.ts";
import { computed, type Value } from "./value.ts";
import type { Walk } from "./walk.ts";
import { evaluateWindow } from "./window.ts";

/** null for a node of another sort. */
export function evaluateJson(walk: Walk, scope: Scope, kind: string, node: Node): Value | null {
  switch (kind) {
    case "JsonValueExpr":
      return jsonValue(walk, scope, node);
    case "JsonParseExpr":
    case "JsonSerializeExpr": {
      const document = jsonValue(walk, scope, node.expr);
      const label = document.lineage;
      if (kind === "JsonParseExpr") noteFailure(walk, label);
      else noteUnlessJson(walk, document);
      return returning(walk, node, computed(derive(label), kind === "JsonParseExpr" ? JSON_TYPE : TEXT));
    }
    case "JsonScalarExpr":
      return returning(walk, node, computed(derive(evaluate(walk, scope, node.expr).lineage), JSON_TYPE));
    case "JsonIsPredicate":
      return computed(derive(evaluate(walk, scope, node.expr).lineage), BOOL);
    case "JsonObjectConstructor":
      return returning(
        walk,
        node,
        computed(deriveAll(list(node.exprs).map((pair) => keyValue(walk, scope, pair.JsonKeyValue))), JSON_TYPE),
      );
    case "JsonArrayConstructor":
      return returning(
        walk,
        node,
        computed(deriveAll(list(node.exprs).map((element) => evaluate(walk, scope, element).lineage)), JSON_TYPE),
      );
    case "JsonArrayQueryConstructor":
      return returning(walk, node, ofQuery(walk, scope, node));
    case "JsonObjectAgg":
      return aggregate(walk, scope, node, keyValue(walk, scope, node.arg));
    case "JsonArrayAgg":
      return aggregate(walk, scope, node, jsonValue(walk, scope, node.arg).lineage);
    case "JsonFuncExpr":
      return jsonFunction(walk, scope, node);
    default:
      return null;
  }
}

function ofQuery(walk: Walk, scope: Scope, node: Node): Value {
  const label = labelOf(analyzeSelect(walk, scope, node.query.SelectStmt));
  if (isReadAsJson(node)) noteFailure(walk, label);
  return computed(label, JSON_TYPE);
}

const isReadAsJson = ({ format }: Node): boolean =>
  (format?.format_type ?? "JS_FORMAT_DEFAULT") !== "JS_FORMAT_DEFAULT";

/** A JsonValueExpr in a field that is not wrapped. */
export function jsonValue(walk: Walk, scope: Scope, node: Node): Value {
  const value = evaluate(walk, scope, node.raw_expr);
  if (isReadAsJson(node)) noteUnlessJson(walk, value);
  return value;
}

/** A text is read as a document first, and fails if it is none, whatever ON ERROR says. */
function noteUnlessJson(walk: Walk, { type, lineage }: Value): void {
  if (type !== JSON_TYPE && type !== JSONB) noteFailure(walk, lineage);
}

function keyValue(walk: Walk, scope: Scope, node: Node): Lineage {
  const key = evaluate(walk, scope, node.key).lineage;
  // Of no key the server makes no object, and of a key twice none with unique ones.
  noteFailure(walk, key);
  return both(key, jsonValue(walk, scope, node.value).lineage);
}

function returning(walk: Walk, node: Node, value: Value): Value {
  const typeName = node.output?.typeName;
  if (typeName === undefined) return value;
  const { oid, typmod } = typeNamed(walk, typeName);
  // JSON_VALUE and JSON_QUERY catch what does not fit.
  if (node.context_item === undefined && !(typmod === -1 && isFitting(oid))) noteFailure(walk, value.lineage);
  return castValue(walk, value, oid);
}

const isFitting = (type: number): boolean => type === TEXT || type === JSON_TYPE || type === JSONB || type === BYTEA;

function aggregate(walk: Walk, scope: Scope, node: Node, argument: Lineage): Value {
  // An absent field of this name would be found on Object.prototype.
  const clauses: Node = Object.hasOwn(node, "constructor") ? node.constructor : {};
  const labels = [argument, ...list(clauses.agg_order).map((sort) => evaluateSort(walk, scope, sort).lineage)];
  if (clauses.agg_filter !== undefined) {
    const filter = evaluate(walk, scope, clauses.agg_filter).lineage;
    steer(walk, filter, "FILTER");
    labels.push(filter);
  }
  if (clauses.over !== undefined) labels.push(evaluateWindow(walk, scope, clauses.over));
  return returning(walk, clauses, computed(deriveAll(labels), JSON_TYPE));
}

function jsonFunction(walk: Walk, scope: Scope, node: Node): Value {
  const document = jsonValue(walk, scope, node.context_item);
  noteUnlessJson(walk, document);
  const others = jsonArguments(walk, scope, node);
  const path = constantText(node.pathspec) ?? null;
  if ([node.on_empty, node.on_error].some((behavior) => behavior?.btype === "JSON_BEHAVIOR_ERROR"))
    noteFailure(walk, both(document.lineage, others));
  const form = node.op === "JSON_VALUE_OP" ? "text" : "json";
  const plain = node.wrapper === undefined || node.wrapper === "JSW_UNSPEC" || node.wrapper === "JSW_NONE";
  const reached = atJsonPath(document, path, form, form === "text" ? TEXT : JSONB);
  // Errors are caught unless the statement says otherwise, so what comes back is the part itself or NULL.
  const asStored = plain && (node.quotes ?? "JS_QUOTES_UNSPEC") === "JS_QUOTES_UNSPEC" && !hasDefault(node);
  const isCopy = asStored && node.op !== "JSON_EXISTS_OP";
  if (others.kind === "clean" && isCopy) return returning(walk, node, reached);
  const type = node.op === "JSON_EXISTS_OP" ? BOOL : reached.type;
  return returning(walk, node, computed(both(reached.lineage, others), type));
}

/** Something else may come back in its place. */
function hasDefault(node: Node): boolean {
  return (node.on_empty?.expr ?? node.on_error?.expr) !== undefined;
}

/** PASSING, a path that is no literal, and what stands in for empty or failing: whether it does is a condition. */
export function jsonArguments(walk: Walk, scope: Scope, node: Node): Lineage {
  const labels = list(node.passing).map((argument) => jsonValue(walk, scope, argument.JsonArgument.val).lineage);
  if (node.pathspec !== undefined && constantText(node.pathspec) === undefined)
    labels.push(evaluate(walk, scope, node.pathspec).lineage);
  let conditional = false;
  for (const behavior of [node.on_empty, node.on_error]) {
    if (behavior?.expr === undefined) continue;
    const value = evaluate(walk, scope, behavior.expr);
    labels.push(value.lineage);
    conditional ||= value.shape !== "constant";
  }
  const result = deriveAll(labels);
  if (conditional) steer(walk, both(jsonValue(walk, scope, node.context_item).lineage, result), "ON EMPTY or ON ERROR");
  return result;
}
