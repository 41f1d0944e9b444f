// Whether an expression fails is told, whatever becomes of its value: `1 / (score - 5)` says whether somebody's score is five. An
// expression that fails by a value counts as a predicate on it (rule R9). A view's definition and a function's body are their owners', so
// the columns in them do not count; what a caller hands to a function does.

import {
  keyed,
  patternOperators,
  textTypes,
  totalCasts,
  totalFunctions,
  totalInOne,
  totalOperators,
} from "../functions/total-builtins.ts";
import { isBuiltin } from "../functions/trust.ts";
import { kindOf, list, type Node } from "../node.ts";
import type { Called, Operation } from "./calls.ts";
import { noteFailure } from "./collector.ts";
import { isPlainText, isSmallNumber, PLAIN_TEXT, SMALL_NUMBER } from "./small-literal.ts";
import { isTotal } from "./total.ts";
import { baseType, FLOAT4, FLOAT8, INT8, JSONB, NUMERIC } from "./types.ts";
import type { Value } from "./value.ts";
import type { Walk } from "./walk.ts";

/** An argument or operand, with what it is written as. */
interface Part {
  readonly value: Value;
  readonly node: Node;
}

const none: readonly Part[] = [];

function note(walk: Walk, parts: readonly Part[]): void {
  for (const { value } of parts) noteFailure(walk, value.lineage);
}

/** Nothing is known of the values, so nobody can learn anything; a function's body is judged for every argument. */
function needsNoLook(walk: Walk, values: readonly Value[]): boolean {
  if (walk.catalog === null || walk.inside === "view") return true;
  return walk.inside === null && values.every(({ lineage }) => lineage.kind === "clean");
}

/** Notes what a call may fail by. `nodes`: its arguments as written, in the order of `values`. */
export function noteCallFailure(walk: Walk, called: Called, values: readonly Value[], nodes: readonly Node[]): void {
  if (needsNoLook(walk, values)) return;
  const parts = values.map((value, position) => ({ value, node: nodes[position] }));
  note(walk, failingArguments(walk, called, parts));
}

function failingArguments(walk: Walk, { info }: Called, parts: readonly Part[]): readonly Part[] {
  if (info === null || !isBuiltin(info)) return parts;
  const { name } = info;
  if (keyed.has(name)) {
    return parts.filter(({ node }, position) => position % 2 === 0 && !isConstantKey(node));
  }
  if (name === "array_agg" && isArray(walk, parts[0]!.value.type)) return parts;
  if (name === "length" && parts.length > 1) return parts;
  if (name === "age" && parts.length > 1) return parts.some(({ node }) => isClock(node)) ? none : parts;
  if (name === "array_agg" || totalFunctions.has(name)) return isBuiltUp(parts) ? parts : none;
  const place = totalInOne.get(name);
  if (place === undefined) return parts;
  return parts.every((part, position) => position === place || isFixed(walk, part)) ? none : parts;
}

/** In a function's body a parameter is what a caller hands in. */
function isFixed(walk: Walk, { value, node }: Part): boolean {
  return value.shape === "constant" && (walk.inside === null || kindOf(node?.TypeCast?.arg ?? node) === "A_Const");
}

/** Something is in it that is neither stored nor written in the statement, which may be as long as somebody likes. */
function isBuiltUp(parts: readonly Part[]): boolean {
  return parts.some(({ value, node }) => {
    if (value.lineage.kind !== "clean" || value.shape === "constant" || node === undefined) return false;
    return kindOf(node) === "ColumnRef" || !isTotal(node);
  });
}

const isConstantKey = (node: Node): boolean => node?.A_Const !== undefined && node.A_Const.isnull !== true;

function isArray(walk: Walk, type: number): boolean {
  const info = walk.catalog?.type(baseType(walk.catalog, type));
  return info === undefined || info.category === "A" || info.kind === "p";
}

/** Notes what an operator may fail by; `left` null for a prefix operator. */
export function noteOperatorFailure(
  walk: Walk,
  name: string,
  operation: Operation,
  left: Part | null,
  right: Part,
): void {
  const parts = left === null ? [right] : [left, right];
  if (
    needsNoLook(
      walk,
      parts.map(({ value }) => value),
    )
  )
    return;
  if (operation.use.trust === "opaque") note(walk, parts);
  else if (left === null) note(walk, "+-~@".includes(name) ? none : parts);
  else note(walk, failingOperands(walk, name, operation, left, right));
}

function failingOperands(walk: Walk, name: string, operation: Operation, left: Part, right: Part): readonly Part[] {
  const both = [left, right];
  switch (name) {
    case "+":
    case "-":
      return movesLittle(left, right) || movesLittle(right, left) ? none : both;
    case "&":
    case "|":
    case "#":
      return isInteger(walk, operation.result) ? none : both;
    case "*":
      return isWide(operation.result) && (movesLittle(left, right) || movesLittle(right, left)) ? none : both;
    case "/":
    case "%":
      if (isSmall(right)) return none;
      return isInteger(walk, operation.result) ? [right] : both;
    case "||":
      return isText(walk, operation.result) && !isBuiltUp(both) ? none : both;
    default:
      if (!totalOperators.has(name)) return both;
      if (!patternOperators.has(name)) return none;
      return isHarmlessPattern(right) ? none : both;
  }
}

/** A stored value and a small number of the statement, or the span from a stored date to today. */
function movesLittle(stored: Part, by: Part): boolean {
  if (stored.value.shape !== "column" || stored.value.lineage.kind !== "copy") return false;
  return isSmall(by) || isClock(by.node);
}

const isClock = (node: Node): boolean =>
  kindOf(node) === "SQLValueFunction" ||
  (kindOf(node) === "FuncCall" && list(node.FuncCall.args).length === 0 && isTotal(node));

function isSmall({ node, value }: Part): boolean {
  const inner = value.shape === "constant" ? literalOf(node) : null;
  return inner !== null && (inner[SMALL_NUMBER] ?? isSmallNumber(inner)) === true;
}

function isHarmlessPattern({ node, value }: Part): boolean {
  if (value.shape !== "constant") return false;
  const inner = literalOf(node);
  return inner !== null && (inner[PLAIN_TEXT] ?? isPlainText(inner)) === true;
}

/** What an A_Const holds; PostgreSQL 14 wraps it. */
function literalOf(node: Node): Node | null {
  const literal = node?.A_Const;
  if (literal === undefined) return null;
  const { val } = literal;
  return literal.ival ?? literal.fval ?? literal.sval ?? val?.Integer ?? val?.Float ?? val?.String ?? null;
}

const isWide = (type: number): boolean => type === NUMERIC || type === FLOAT8 || type === FLOAT4 || type === INT8;

const isInteger = (walk: Walk, type: number): boolean =>
  ["int2", "int4", "int8"].includes(walk.catalog?.type(type)?.name ?? "");

const isText = (walk: Walk, type: number): boolean =>
  type !== JSONB && ["text", "bytea", "varbit", "bit", "tsvector"].includes(walk.catalog?.type(type)?.name ?? "");

/** Notes that a conversion may fail by the value. */
export function noteCastFailure(walk: Walk, value: Value, target: number, hasModifier: boolean): void {
  if (needsNoLook(walk, [value]) || castsAlways(walk, value.type, target, hasModifier)) return;
  noteFailure(walk, value.lineage);
}

function castsAlways(walk: Walk, source: number, target: number, hasModifier: boolean): boolean {
  const { catalog } = walk;
  const from = catalog?.type(source === 0 ? 0 : baseType(catalog, source));
  const to = catalog?.type(target);
  if (from === undefined || to === undefined || to.kind === "d") return source === target && source !== 0;
  if (to.schema === "pg_catalog" && textTypes.has(to.name)) return from.kind !== "p" || from.oid === target;
  if (from.oid === to.oid) return !hasModifier || to.name !== "numeric";
  if (from.element !== 0 && to.element !== 0) return castsAlways(walk, from.element, to.element, hasModifier);
  if (to.schema !== "pg_catalog" || from.schema !== "pg_catalog") return false;
  return totalCasts.get(from.name)?.has(to.name) === true && !(hasModifier && to.name === "numeric");
}
