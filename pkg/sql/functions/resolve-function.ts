// The function behind a call, chosen as PostgreSQL does (FuncnameGetCandidates, namespace.c; func_get_detail, parse_func.c).
import type { FunctionInfo, Snapshot } from "../../catalog/snapshot.ts";
import type { AnalysisContext } from "../analyze.ts";
import type { FunctionUse } from "../facts.ts";
import { accepting } from "./accepting.ts";
import { constantsMakeSafe } from "./constant-call.ts";
import { resultType } from "./polymorphism.ts";
import { resolveCast } from "./resolve-cast.ts";
import { common, type ResolvedFunction, unresolved, useOfAny } from "./resolved.ts";
import { isSafe } from "./trust.ts";
import { type Placed, visibleFunctions, visibleType } from "./visible.ts";

export interface CallForm {
  /** An argument is written as name => value: the order of types means nothing then. False: none is. */
  readonly named?: boolean;
  /** The last argument is written VARIADIC. */
  readonly variadic?: boolean;
  /** Values of arguments that are constants (null for NULL), undefined for others: some functions are safe only with them. */
  readonly constants?: readonly (string | null | undefined)[];
}

interface Candidate {
  readonly info: FunctionInfo;
  readonly place: number;
  readonly types: readonly number[];
}

/**
 * `argTypes`: as many as `argCount`; 0: not known, 705: an untyped literal or parameter. Several may be left when types are not known:
 * safe only if every one is. For a user's function in SQL the trust is "opaque" here; its body is `info`'s.
 */
export function resolveFunction(
  name: readonly string[],
  argTypes: readonly number[],
  argCount: number,
  context: AnalysisContext,
  form: CallForm = {},
): ResolvedFunction {
  const { snapshot } = context;
  const visible = visibleFunctions(name, context);
  const written = name.join(".");
  if (snapshot === null || visible === null) return castOrNothing(undefined, written);
  const given = Array.from({ length: argCount }, (_, position) =>
    form.named === true ? 0 : (argTypes[position] ?? 0),
  );
  const candidates = taking(visible, argCount, form);
  const meant = accepting(candidates, given, snapshot);
  const asCast = isExact(meant, given) ? undefined : castByName(name, given, form, context);
  return resolved(written, meant, given, asCast, snapshot, form);
}

/**
 * Candidates that take so many arguments, with the types that they have then; hidden ones left out. What argument names could
 * single out is hidden only where the call is known to use none.
 */
function taking(visible: readonly Placed<FunctionInfo>[], argCount: number, form: CallForm): readonly Candidate[] {
  const fitting = visible.flatMap(({ object, place }) => {
    const types = typesFor(object, argCount, form.variadic === true);
    return types === null ? [] : [{ info: object, place, types }];
  });
  const hidden = (candidate: Candidate) =>
    (form.named === false || candidate.info.argNames.length === 0) &&
    fitting.some((other) => other.place < candidate.place && sameTypes(other.types, candidate.types));
  return fitting.filter((candidate) => !hidden(candidate));
}

function typesFor(info: FunctionInfo, argCount: number, variadicWritten: boolean): readonly number[] | null {
  const { args, defaults, variadic } = info;
  if (variadic !== 0 && !variadicWritten && argCount >= args.length) {
    const fixed = args.slice(0, -1);
    return [...fixed, ...Array.from({ length: argCount - fixed.length }, () => variadic)];
  }
  return argCount <= args.length && args.length - argCount <= defaults ? args.slice(0, argCount) : null;
}

function sameTypes(one: readonly number[], other: readonly number[]): boolean {
  return one.length === other.length && one.every((type, position) => type === other[position]);
}

function isExact(meant: readonly Candidate[], given: readonly number[]): boolean {
  return meant.length === 1 && !given.includes(0) && sameTypes(meant[0]!.types, given);
}

interface ByCast {
  readonly type: number;
  readonly use: FunctionUse | null;
}

/** `typename(x)` may be a cast; undefined when the name is no type's, or one of a table's rows. */
function castByName(
  name: readonly string[],
  given: readonly number[],
  form: CallForm,
  context: AnalysisContext,
): ByCast | undefined {
  if (given.length !== 1 || form.named === true || form.variadic === true) return undefined;
  const type = visibleType(name, context);
  if (type === undefined || type.relation !== 0) return undefined;
  return { type: type.oid, use: resolveCast(given[0]!, type.oid, context) };
}

function resolved(
  written: string,
  meant: readonly Candidate[],
  given: readonly number[],
  asCast: ByCast | undefined,
  snapshot: Snapshot,
  form: CallForm,
): ResolvedFunction {
  const infos = meant.map(({ info }) => info);
  if (infos.length === 0 && asCast === undefined) return { ...castOrNothing(asCast, written), absent: true };
  if (infos.length === 0) return castOrNothing(asCast, written);
  const safe = (info: FunctionInfo) => isSafe(info) || constantsMakeSafe(info, form.constants ?? []);
  const results = meant.map(({ info, types }) => resultType(info.returns, types, given, snapshot));
  const castUse = asCast?.use ?? null;
  const opaqueCast = castUse?.trust === "opaque" && castUse.oid !== infos[0]!.oid;
  return {
    ...(opaqueCast ? unresolved(written) : useOfAny(infos, written, snapshot, safe)),
    returns: common(asCast === undefined ? results : [...results, asCast.type]) ?? 0,
    returnsSet: infos.some((info) => info.returnsSet),
    kind: (common(infos.map((info) => info.kind)) ?? "f") as ResolvedFunction["kind"],
    info: opaqueCast ? null : (common(infos) ?? null),
  };
}

function castOrNothing(asCast: ByCast | undefined, written: string): ResolvedFunction {
  const safe: FunctionUse = { oid: null, name: written, trust: "safe", effects: [] };
  const use = asCast === undefined ? unresolved(written) : (asCast.use ?? safe);
  return { ...use, returns: asCast?.type ?? 0, returnsSet: false, kind: "f", info: null };
}
