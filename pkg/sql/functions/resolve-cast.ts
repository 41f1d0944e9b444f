// The function behind a cast. Binary coercible casts and conversions by text run none but the types' own input and output
// functions: built-in, or C code that only a superuser can add and that every display of such a value runs anyway.
import type { CastInfo, Snapshot, TypeInfo } from "../../catalog/snapshot.ts";
import type { AnalysisContext } from "../analyze.ts";
import type { FunctionUse } from "../facts.ts";
import { baseType, castBetween, UNKNOWN } from "./coercible.ts";
import { opaqueDomainIn } from "./opaque-type.ts";
import { useOf } from "./resolved.ts";

const opaque = (name: string): FunctionUse => ({ oid: null, name, trust: "opaque" });

/**
 * `sourceType` 0: not known; 705: an untyped literal or parameter. Returns null when no function runs. Of several that run (a
 * conversion, then one that fits the length) the one that is opaque, if any. A domain whose constraint calls users' code is opaque.
 */
export function resolveCast(sourceType: number, targetType: number, context: AnalysisContext): FunctionUse | null {
  const { snapshot } = context;
  if (snapshot === null) return opaque("cast");
  const target = snapshot.type(targetType);
  if (target === undefined) return opaque("cast to a type that is not known");
  const domain = opaqueDomainIn(targetType, snapshot);
  if (domain !== null) return opaque(`constraint of ${domain}`);
  if (target.kind === "d") return intoDomain(sourceType, targetType, context, snapshot);
  const length = castBetween(target.oid, target.oid, snapshot);
  const lengthUse = length === undefined ? null : castFunction(length, snapshot);
  if (lengthUse?.trust === "opaque") return lengthUse;
  return conversion(sourceType, target, context, snapshot);
}

function conversion(
  sourceType: number,
  target: TypeInfo,
  context: AnalysisContext,
  snapshot: Snapshot,
): FunctionUse | null {
  if (sourceType === UNKNOWN) return null;
  const source = sourceType === 0 ? undefined : snapshot.type(baseType(sourceType, snapshot));
  if (source === undefined) return fromAnything(target.oid, snapshot);
  if (source.oid === target.oid) return null;
  const cast = castBetween(source.oid, target.oid, snapshot);
  if (cast !== undefined) return castFunction(cast, snapshot);
  if (source.element !== 0 && target.element !== 0) return resolveCast(source.element, target.element, context);
  return null;
}

function intoDomain(source: number, domain: number, context: AnalysisContext, snapshot: Snapshot): FunctionUse | null {
  const base = baseType(domain, snapshot);
  return snapshot.type(base)?.kind === "d" ? opaque("cast to a domain") : resolveCast(source, base, context);
}

function castFunction(cast: CastInfo, snapshot: Snapshot): FunctionUse | null {
  if (cast.func === 0) return null;
  const info = snapshot.function(cast.func);
  return info === undefined ? opaque("cast") : useOf(info, snapshot);
}

/** Any cast to the type, or to its element, may be meant: null only when every one is safe. */
function fromAnything(target: number, snapshot: Snapshot): FunctionUse | null {
  const element = snapshot.type(target)?.element ?? 0;
  const possible = snapshot
    .casts()
    .filter((cast) => cast.target === target || (element !== 0 && cast.target === element));
  const uses = possible.map((cast) => castFunction(cast, snapshot));
  return uses.find((use) => use?.trust === "opaque") ?? null;
}
