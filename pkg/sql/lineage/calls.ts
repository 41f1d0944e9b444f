// Where expressions lead to code: functions, operators, casts. What is called is noted with its trust (rule R10), and the type of the
// result told. Operators and casts that are safe are not noted: every comparison has one.
import type { FunctionInfo } from "../../catalog/snapshot.ts";
import type { FunctionUse } from "../facts.ts";
import { type CallForm, resolveCast, resolveFunction, resolveOperator } from "../functions/resolve.ts";
import { remembered } from "../memory.ts";
import { noteFunction } from "./collector.ts";
import { noteCallFailure } from "./failing.ts";
import { derive, deriveAll } from "./label.ts";
import { computed, type Value } from "./value.ts";
import { NotKnown, type Walk } from "./walk.ts";

export interface Called {
  readonly use: FunctionUse;
  readonly returns: number;
  readonly returnsSet: boolean;
  readonly kind: "f" | "a" | "w" | "p";
  readonly info: FunctionInfo | null;
}

/** Resolves a function by the types of its arguments; does not note it. */
export function resolveCall(
  walk: Walk,
  name: readonly string[],
  types: readonly number[],
  form: CallForm = {},
): Called {
  const { named, variadic } = form;
  const plain: CallForm = { ...(named !== undefined && { named }), ...(variadic !== undefined && { variadic }) };
  const key = `${name.join(".")} ${types.join()} ${named === true} ${variadic === true}`;
  const resolve = () => resolveAnew(walk, name, types, plain);
  const called = walk.calls === null ? resolve() : remembered(walk.calls.functions, key, resolve);
  // Constant arguments make some functions safe that are not otherwise.
  const mayBecomeSafe = called.use.trust === "opaque" && (form.constants?.length ?? 0) > 0;
  return mayBecomeSafe ? resolveAnew(walk, name, types, form) : called;
}

function resolveAnew(walk: Walk, name: readonly string[], types: readonly number[], form: CallForm): Called {
  const resolved = resolveFunction(name, types, types.length, walk.context, form);
  const { returns, returnsSet, kind, info, absent, ...use } = resolved;
  if (absent === true) throw new NotKnown("function not in the catalogue");
  return { use, returns, returnsSet, kind, info };
}

/** A plain call, for what the grammar turns into one. */
export function callNamed(walk: Walk, name: readonly string[], args: readonly Value[]): Value {
  const called = resolveCall(
    walk,
    name,
    args.map((arg) => arg.type),
  );
  noteCalled(walk, called.use, called.info);
  noteCallFailure(walk, called, args, []);
  return computed(deriveAll(args.map((arg) => arg.lineage)), called.returns);
}

/** Code that nobody has read may do anything; only DDL is barred from what is not volatile. */
export function noteCalled(walk: Walk, use: FunctionUse, info: FunctionInfo | null = null): void {
  noteFunction(walk.found, use);
  if (use.trust === "safe" || use.effects !== undefined) return;
  walk.found.effects.add("ExecuteCode");
  walk.found.changesCatalog ||= info === null || info.volatility === "v";
  walk.found.changesResolution = true;
}

export interface Operation {
  readonly use: FunctionUse;
  /** Result type, 0 when not known. */
  readonly result: number;
  /** The server's own operator: another may stand for any function. */
  readonly own: boolean;
}

/** `left: null` for a prefix operator. */
export function callOperator(walk: Walk, name: readonly string[], left: number | null, right: number): Operation {
  if (walk.catalog === null)
    return { use: { oid: null, name: name.join("."), trust: "opaque" }, result: 0, own: false };
  const key = `${name.join(".")} ${left} ${right}`;
  const operation = remembered(walk.calls!.operators, key, () => {
    const { result, absent, own, ...use } = resolveOperator(name, left, right, walk.context);
    if (absent === true) throw new NotKnown("operator not in the catalogue");
    return { use, result, own };
  });
  if (operation.use.trust === "opaque") noteCalled(walk, operation.use);
  return operation;
}

/** Code that turns a value of one type into another. */
export function noteConversion(walk: Walk, source: number, target: number): void {
  // A value that has the type already was checked when it was made.
  if (walk.catalog === null || source === target) return;
  const use = remembered(walk.calls!.casts, `${source}>${target}`, () => resolveCast(source, target, walk.context));
  if (use !== null && use.trust === "opaque") noteCalled(walk, use);
}

export function castValue(walk: Walk, value: Value, target: number): Value {
  noteConversion(walk, value.type, target);
  const cast = computed(derive(value.lineage), target);
  return value.shape === "constant" ? { ...cast, shape: "constant" } : cast;
}
