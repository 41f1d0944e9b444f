// The function behind an operator, chosen as PostgreSQL does (parse_oper.c).
import type { OperatorInfo, Snapshot } from "../../catalog/snapshot.ts";
import type { AnalysisContext } from "../analyze.ts";
import { accepting } from "./accepting.ts";
import { baseType, UNKNOWN } from "./coercible.ts";
import { resultType } from "./polymorphism.ts";
import { common, type ResolvedOperator, unresolved, useOfAny } from "./resolved.ts";
import { FIRST_USER_OID } from "./trust.ts";
import { type Placed, visibleOperators } from "./visible.ts";

interface Candidate {
  readonly operator: OperatorInfo;
  readonly types: readonly number[];
}

/**
 * `left` null: a prefix operator. 0: type not known; 705: an untyped literal or parameter. Several may be left when types are not
 * known: safe only if every one is.
 */
export function resolveOperator(
  name: readonly string[],
  left: number | null,
  right: number,
  context: AnalysisContext,
): ResolvedOperator {
  const { snapshot } = context;
  const visible = visibleOperators(name, context);
  const written = name.join(".");
  if (snapshot === null || visible === null) return { ...unresolved(written), result: 0, own: false };
  const given = left === null ? [right] : [left, right];
  const candidates = unhidden(visible)
    .filter((operator) => (operator.left === 0) === (left === null))
    .map((operator) => ({ operator, types: left === null ? [operator.right] : [operator.left, operator.right] }));
  const exact = exactMatch(candidates, given, snapshot);
  const meant = exact === undefined ? accepting(candidates, given, snapshot) : [exact];
  return resolved(written, meant, given, snapshot);
}

/** Of two with the same operands, the one of the earlier schema. */
function unhidden(visible: readonly Placed<OperatorInfo>[]): readonly OperatorInfo[] {
  const first = new Map<string, Placed<OperatorInfo>>();
  for (const placed of visible) {
    const key = `${placed.object.left},${placed.object.right}`;
    const other = first.get(key);
    if (other === undefined || placed.place < other.place) first.set(key, placed);
  }
  return [...first.values()].map(({ object }) => object);
}

/** binary_oper_exact: an untyped operand is taken to be of the other's type, or of what its domain stands for. */
function exactMatch(
  candidates: readonly Candidate[],
  given: readonly number[],
  snapshot: Snapshot,
): Candidate | undefined {
  if (given.includes(0)) return undefined;
  const [one, other] = given as [number, number | undefined];
  const find = (types: readonly number[]) =>
    candidates.find((candidate) => candidate.types.every((type, position) => type === types[position]));
  if (other === undefined) return find(given);
  if (one !== UNKNOWN && other !== UNKNOWN) return find(given);
  const type = one === UNKNOWN ? other : one;
  const base = baseType(type, snapshot);
  return find([type, type]) ?? (base === type ? undefined : find([base, base]));
}

function resolved(
  written: string,
  meant: readonly Candidate[],
  given: readonly number[],
  snapshot: Snapshot,
): ResolvedOperator {
  if (meant.length === 0 && !given.includes(0)) return { ...unresolved(written), result: 0, own: false, absent: true };
  const infos = meant.map(({ operator }) => snapshot.function(operator.func)).filter((info) => info !== undefined);
  if (infos.length === 0 || infos.length < meant.length) return { ...unresolved(written), result: 0, own: false };
  const results = meant.map(({ operator, types }) => resultType(operator.result, types, given, snapshot));
  const own = meant.every(({ operator }) => operator.oid < FIRST_USER_OID);
  return { ...useOfAny(infos, written, snapshot), result: common(results) ?? 0, own };
}
