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
import { isPlainText, PLAIN_TEXT, SMALL_NUMBER, smallNumber } from "./small-literal.ts";
import { isStored, isTotalForm, tells } from "./total.ts";
import { BOOL, baseType, FLOAT4, FLOAT8, JSONB, NUMERIC, RECORD, UNKNOWN } from "./types.ts";
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
function needsNoLook(walk: Walk, parts: readonly Pick<Part, "value">[]): boolean {
  return walk.catalog === null || walk.inside === "view" || !parts.some(({ value }) => tells(walk, value.lineage));
}

/** Notes what a call may fail by. `nodes`: its arguments as written, in the order of `values`. */
export function noteCallFailure(walk: Walk, called: Called, values: readonly Value[], nodes: readonly Node[]): void {
  const parts = values.map((value, position) => ({ value, node: nodes[position] }));
  if (needsNoLook(walk, parts)) return;
  note(walk, failingArguments(walk, called, parts));
}

function failingArguments(walk: Walk, called: Called, parts: readonly Part[]): readonly Part[] {
  const { info } = called;
  if (info === null || !isBuiltin(info)) return parts;
  const unfit = parts.filter(({ value }, position) => !convertsAlways(walk, value.type, info.args[position] ?? 0));
  return unfit.length > 0 ? unfit : failingBuiltin(walk, info.name, parts);
}

function failingBuiltin(walk: Walk, name: string, parts: readonly Part[]): readonly Part[] {
  if (keyed.has(name)) return parts.filter(({ node }, position) => position % 2 === 0 && !isConstantKey(node));
  if (name === "array_agg") return isArray(walk, parts[0]!.value.type) ? parts : none;
  if (ofOneArgument.has(name) && parts.length > 1) return parts;
  if (name === "age" && parts.length > 1) return parts.some(({ node }) => isClock(node)) ? none : parts;
  if (name === "abs") return parts.every((part) => isStored(part.value) || isFloating(part.value.type)) ? none : parts;
  if (comparing.has(name) && parts.some(({ value }) => isComposite(walk, value.type))) return parts;
  if (totalFunctions.has(name)) return isBuiltUp(parts) ? parts : none;
  const place = totalInOne.get(name);
  if (place === undefined) return parts;
  // Constants that fail with every value but NULL tell which values a computed one is NULL for.
  return parts.every((part, position) => (position === place ? isStored(part.value) : isFixed(walk, part)))
    ? none
    : parts;
}

/** Other overloads take an encoding, or a length that must fit. */
const ofOneArgument: ReadonlySet<string> = new Set(["length", "varchar", "text", "name", "date"]);
const comparing: ReadonlySet<string> = new Set(["max", "min", "mode", "count", "rank", "dense_rank"]);

/** In a function's body a parameter is what a caller hands in. */
function isFixed(walk: Walk, { value, node }: Part): boolean {
  return value.shape === "constant" && (walk.inside === null || kindOf(node?.TypeCast?.arg ?? node) === "A_Const");
}

/** Something is in it that is neither stored nor written in the statement, which may be as long as somebody likes. */
function isBuiltUp(parts: readonly Part[]): boolean {
  return parts.some(({ value, node }) => {
    if (value.lineage.kind !== "clean" || value.shape === "constant" || node === undefined) return false;
    return !isClock(node);
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
  if (needsNoLook(walk, parts)) return;
  if (operation.use.trust === "opaque" || !operation.own) note(walk, parts);
  else if (left === null) note(walk, isTotalPrefix(name, operation, right) ? none : parts);
  else note(walk, failingOperands(walk, name, operation, left, right));
}

function isTotalPrefix(name: string, operation: Operation, operand: Part): boolean {
  if (name === "+") return true;
  return (name === "-" || name === "@") && (isStored(operand.value) || isFloating(operation.result));
}

function failingOperands(walk: Walk, name: string, operation: Operation, left: Part, right: Part): readonly Part[] {
  const both = [left, right];
  const declared = walk.catalog?.function(operation.use.oid ?? 0)?.args ?? [];
  const unfit = both.filter(({ value }, position) => !convertsAlways(walk, value.type, declared[position] ?? 0));
  if (unfit.length > 0) return unfit;
  switch (name) {
    case "+":
    case "-":
      return movesLittle(walk, operation, left, right) || movesLittle(walk, operation, right, left) ? none : both;
    case "<<":
    case ">>":
      // Of numbers they move a value to the edge of its type, as & | # and ~ do, where the next operation fails by it.
      return operation.result === BOOL ? none : both;
    case "*":
      return isFloating(operation.result) && (isStoredBy(left, right) || isStoredBy(right, left)) ? none : both;
    case "/":
    case "%":
      return smallness(right) > 0 || (smallness(right) < 0 && isStored(left.value)) ? none : both;
    case "||":
      return isText(walk, operation.result) && !isBuiltUp(both) ? none : both;
    default:
      return totalOperators.has(name) ? failingComparison(walk, name, left, right) : both;
  }
}

function failingComparison(walk: Walk, name: string, left: Part, right: Part): readonly Part[] {
  const both = [left, right];
  if (both.some(({ value }) => isComposite(walk, value.type))) return both;
  if (name.startsWith("@") && both.some(({ value }) => isText(walk, value.type))) return both;
  if (!patternOperators.has(name)) return none;
  if (!isPlainPattern(right)) return both;
  return name.includes("~~") || isStored(left.value) ? none : both;
}

/** A stored value and a small number of the statement, or the span from a stored date to today. */
function movesLittle(walk: Walk, operation: Operation, stored: Part, by: Part): boolean {
  if (!isStored(stored.value)) return false;
  const type = walk.catalog?.type(operation.result)?.name ?? "";
  if (smallness(by) !== 0) return movable.has(type);
  return isClock(by.node) && isDated(walk, stored.value.type);
}

const movable: ReadonlySet<string> = new Set(["int2", "int4", "int8", "float4", "float8", "numeric", "date"]);

const isDated = (walk: Walk, type: number): boolean =>
  ["date", "timestamp", "timestamptz"].includes(walk.catalog?.type(type)?.name ?? "");

const isStoredBy = (stored: Part, by: Part): boolean => isStored(stored.value) && smallness(by) !== 0;

const isClock = (node: Node): boolean =>
  kindOf(node) === "SQLValueFunction" ||
  (kindOf(node) === "FuncCall" && list(node.FuncCall.args).length === 0 && isTotalForm(node));

/** 1 or -1 for a small number of the statement by its sign, else 0. */
function smallness({ node, value }: Part): number {
  const inner = value.shape === "constant" ? literalOf(node, numbers) : null;
  return inner === null ? 0 : (inner[SMALL_NUMBER] ?? smallNumber(inner));
}

function isPlainPattern({ node, value }: Part): boolean {
  const inner = value.shape === "constant" ? literalOf(node, texts) : null;
  return inner !== null && (inner[PLAIN_TEXT] ?? isPlainText(inner)) === true;
}

const numbers = ["ival", "fval", "Integer", "Float"] as const;
const texts = ["sval", "String"] as const;

/** What an A_Const holds, if it is of these kinds; PostgreSQL 14 wraps it. */
function literalOf(node: Node, kinds: readonly string[]): Node | null {
  const literal = node?.A_Const;
  if (literal === undefined) return null;
  const wrapper = literal.val ?? literal;
  const kind = kinds.find((each) => wrapper[each] !== undefined);
  return kind === undefined ? null : wrapper[kind];
}

const isFloating = (type: number): boolean => type === NUMERIC || type === FLOAT8 || type === FLOAT4;

/** A row, or what may be one: some of its fields may not compare. */
export function isComposite(walk: Walk, type: number): boolean {
  const info = type === 0 ? undefined : walk.catalog?.type(baseType(walk.catalog, type));
  if (type === RECORD || info?.kind === "c") return true;
  return info !== undefined && info.element !== 0 && info.category === "A" && isComposite(walk, info.element);
}

const isText = (walk: Walk, type: number): boolean =>
  type !== JSONB && ["text", "bytea", "varbit", "bit", "tsvector"].includes(walk.catalog?.type(type)?.name ?? "");

/** Notes that a conversion may fail by the value. */
export function noteCastFailure(walk: Walk, value: Value, target: number, hasModifier: boolean): void {
  if (needsNoLook(walk, [{ value }]) || castsAlways(walk, value.type, target, hasModifier)) return;
  noteFailure(walk, value.lineage);
}

/** Notes what is turned into a common type unasked: a bigint into an oid may fail. */
export function noteConversionFailures(
  walk: Walk,
  values: readonly Pick<Value, "lineage" | "type">[],
  target: number,
): void {
  if (walk.catalog === null || walk.inside === "view" || target === 0) return;
  for (const { lineage, type } of values) if (!convertsAlways(walk, type, target)) noteFailure(walk, lineage);
}

/** Unasked conversions widen, but for those into object identifiers; what is not known is left to the server. */
function convertsAlways(walk: Walk, source: number, target: number): boolean {
  if (source === target || source === 0 || target === 0 || source === UNKNOWN) return true;
  const { catalog } = walk;
  const to = catalog?.type(target);
  if (to === undefined || to.kind === "p") return true;
  const from = catalog?.type(baseType(catalog, source));
  if (to.kind === "d") return false;
  if (to.name !== "oid" && !to.name.startsWith("reg")) return true;
  return from !== undefined && (from.name === "oid" || from.name === "int4" || from.name.startsWith("reg"));
}

function castsAlways(walk: Walk, source: number, target: number, hasModifier: boolean): boolean {
  const { catalog } = walk;
  if (source === UNKNOWN) return true;
  const from = catalog?.type(source === 0 ? 0 : baseType(catalog, source));
  const to = catalog?.type(target);
  if (from === undefined || to === undefined || to.kind === "d") return source === target && source !== 0;
  if (to.schema === "pg_catalog" && textTypes.has(to.name)) return from.kind !== "p" || from.oid === target;
  if (from.oid === to.oid) return !hasModifier || to.name !== "numeric";
  if (from.element !== 0 && to.element !== 0) return castsAlways(walk, from.element, to.element, hasModifier);
  if (to.schema !== "pg_catalog" || from.schema !== "pg_catalog") return false;
  return totalCasts.get(from.name)?.has(to.name) === true && !(hasModifier && to.name === "numeric");
}
