// Which of the visible candidates take these arguments, and how sure that is.
import type { Snapshot } from "../../catalog/snapshot.ts";
import { type Candidate, chooseCandidate } from "./choose-candidate.ts";
import { type Coercion, coercion, isPolymorphic, UNKNOWN } from "./coercible.ts";
import { commonElement } from "./polymorphism.ts";

/** Range, multirange and anycompatible types: how they agree is not worked out here. */
const hard = new Set([3831, 4537, 5077, 5078, 5079, 5080, 4538]);

function acceptance(candidate: Candidate, given: readonly number[], snapshot: Snapshot): Coercion {
  const each = candidate.types.map((type, position) => coercion(given[position] ?? 0, type, snapshot));
  if (each.includes("no")) return "no";
  const agreement = agreementOf(candidate.types, given, snapshot);
  if (agreement === "no") return "no";
  return each.includes("maybe") ? "maybe" : agreement;
}

function agreementOf(types: readonly number[], given: readonly number[], snapshot: Snapshot): Coercion {
  const generic = types.map((type, position) => ({ type, position })).filter(({ type }) => isPolymorphic(type));
  if (generic.every(({ position }) => given[position] === UNKNOWN)) return "yes";
  if (generic.some(({ type }) => hard.has(type))) return "maybe";
  const element = commonElement(types, given, snapshot);
  return element === "conflict" ? "no" : element === null ? "maybe" : "yes";
}

/**
 * The candidates that the server may pick. One, where that is certain: the only one that accepts, or PostgreSQL's own choice
 * when every type is known. None: the server would refuse the call.
 */
export function accepting<C extends Candidate>(
  candidates: readonly C[],
  given: readonly number[],
  snapshot: Snapshot,
): readonly C[] {
  const exact = candidates.filter(({ types }) => types.every((type, position) => type === given[position]));
  if (exact.length > 0 && !given.includes(0)) return exact;
  const judged = candidates.map((candidate) => ({ candidate, how: acceptance(candidate, given, snapshot) }));
  const possible = judged.filter(({ how }) => how !== "no");
  const left = possible.map(({ candidate }) => candidate);
  if (left.length < 2 || possible.some(({ how }) => how === "maybe")) return left;
  const chosen = chooseCandidate(left, given, snapshot);
  return chosen === null ? left : [chosen];
}
