// What a call, operator or cast may run, as facts.
import type { FunctionInfo, Snapshot } from "../../catalog/snapshot.ts";
import type { FunctionUse } from "../facts.ts";
import { functionEffects, isSafe } from "./trust.ts";
import { typeName } from "./type-name.ts";

export interface ResolvedFunction extends FunctionUse {
  /** OID of the result's type when all that may be meant agree; 0 when not known. */
  readonly returns: number;
  readonly returnsSet: boolean;
  /** pg_proc.prokind when all that may be meant agree, else f. */
  readonly kind: "f" | "a" | "w" | "p";
  /** The one function meant, for analysing its body and its sink; null when there are several or none is known. */
  readonly info: FunctionInfo | null;
  /** The catalogue holds nothing that the call could mean. */
  readonly absent?: true;
}

export interface ResolvedOperator extends FunctionUse {
  /** OID of the result's type when all that may be meant agree; 0 when not known. */
  readonly result: number;
  /** Every operator that may be meant is the server's own. */
  readonly own: boolean;
  /** The catalogue holds nothing that takes operands of these types, so the server rejects the statement. */
  readonly absent?: true;
}

export function unresolved(name: string): FunctionUse {
  return { oid: null, name, trust: "opaque" };
}

/** `public.full_name(bigint)`, as policies name a function. */
export function signature(info: FunctionInfo, snapshot: Snapshot): string {
  const types = info.args.map((type) => typeName(type, snapshot));
  return `${info.schema}.${info.name}(${types.join(", ")})`;
}

/** Facts of one function. `safe` overrules the list, for a call whose constant arguments make it so. */
export function useOf(info: FunctionInfo, snapshot: Snapshot, safe: boolean = isSafe(info)): FunctionUse {
  const effects = functionEffects(info);
  const use = { oid: info.oid, name: signature(info, snapshot), trust: safe ? ("safe" as const) : ("opaque" as const) };
  return effects === null ? use : { ...use, effects };
}

/** Facts of a call that may mean any of several: what they have in common, and the worst of the rest. */
export function useOfAny(
  infos: readonly FunctionInfo[],
  written: string,
  snapshot: Snapshot,
  safe = isSafe,
): FunctionUse {
  const single = common(infos);
  if (single !== undefined) return useOf(single, snapshot, safe(single));
  const use = {
    oid: null,
    name: written,
    trust: infos.every((info) => safe(info)) ? ("safe" as const) : ("opaque" as const),
  };
  const effects = infos.map(functionEffects);
  return effects.includes(null) ? use : { ...use, effects: [...new Set(effects.flatMap((some) => some ?? []))] };
}

export function common<T>(values: readonly T[]): T | undefined {
  const [first] = values;
  return values.every((value) => value === first) ? first : undefined;
}
