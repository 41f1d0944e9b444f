// PostgreSQL's choice among several candidates that all accept the arguments (func_select_candidate, parse_func.c). Only for
// arguments whose types are all known; UNKNOWN (an untyped literal or parameter) is a known type here.
import type { Snapshot } from "../../catalog/snapshot.ts";
import { baseType, coercion, UNKNOWN } from "./coercible.ts";

/** `types`: declared argument types, as many as there are arguments. */
export interface Candidate {
  readonly types: readonly number[];
}

/** The one that the server takes, or null where it finds the call ambiguous. */
export function chooseCandidate<C extends Candidate>(
  candidates: readonly C[],
  given: readonly number[],
  snapshot: Snapshot,
): C | null {
  const bases = given.map((type) => (type === UNKNOWN ? UNKNOWN : baseType(type, snapshot)));
  const known = bases.map((type, position) => ({ type, position })).filter(({ type }) => type !== UNKNOWN);
  const exact = (candidate: C) => known.filter(({ type, position }) => candidate.types[position] === type).length;
  const liked = (candidate: C) =>
    known.filter(({ type, position }) => {
      const declared = candidate.types[position]!;
      return declared === type || isPreferred(declared, categoryOf(type, snapshot), snapshot);
    }).length;
  let left = mostOf(candidates, exact);
  if (left.length > 1) left = mostOf(left, liked);
  if (left.length === 1) return left[0]!;
  if (known.length === bases.length) return null;
  left = byCategory(left, bases, snapshot);
  return left.length === 1 ? left[0]! : byKnownType(left, known, bases.length, snapshot);
}

function mostOf<C>(candidates: readonly C[], count: (candidate: C) => number): readonly C[] {
  const counts = candidates.map(count);
  const most = Math.max(...counts);
  return candidates.filter((_, position) => counts[position] === most);
}

/** pg_type.typcategory; an unknown type is a category of its own. */
function categoryOf(type: number, snapshot: Snapshot): string {
  return snapshot.type(type)?.category ?? "";
}

function isPreferred(type: number, category: string, snapshot: Snapshot): boolean {
  const info = snapshot.type(type);
  return info !== undefined && info.category === category && info.preferred;
}

/** Untyped literals take the category that all candidates agree on, text if any wants it, and there the preferred type. What fits, or all. */
function byCategory<C extends Candidate>(
  candidates: readonly C[],
  bases: readonly number[],
  snapshot: Snapshot,
): readonly C[] {
  const slots: { readonly position: number; readonly category: string; readonly preferred: boolean }[] = [];
  for (const [position, base] of bases.entries()) {
    if (base !== UNKNOWN) continue;
    const categories = candidates.map((candidate) => categoryOf(candidate.types[position]!, snapshot));
    const category = categories.includes("S") ? "S" : categories[0]!;
    if (category !== "S" && categories.some((other) => other !== category)) return candidates;
    const preferred = candidates.some((candidate) => isPreferred(candidate.types[position]!, category, snapshot));
    slots.push({ position, category, preferred });
  }
  const fits = (candidate: C) =>
    slots.every(({ position, category, preferred }) => {
      const declared = candidate.types[position]!;
      if (categoryOf(declared, snapshot) !== category) return false;
      return !preferred || isPreferred(declared, category, snapshot);
    });
  const fitting = candidates.filter(fits);
  return fitting.length === 0 ? candidates : fitting;
}

/** If all typed arguments have one type, the untyped ones are taken to have it too. */
function byKnownType<C extends Candidate>(
  candidates: readonly C[],
  known: readonly { readonly type: number }[],
  count: number,
  snapshot: Snapshot,
): C | null {
  const [first] = known;
  if (first === undefined || known.some(({ type }) => type !== first.type)) return null;
  const accepts = ({ types }: C) =>
    types.slice(0, count).every((declared) => coercion(first.type, declared, snapshot) !== "no");
  const accepting = candidates.filter(accepts);
  return accepting.length === 1 ? accepting[0]! : null;
}
