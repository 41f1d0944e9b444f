// Polymorphic signatures: whether the arguments agree with each other, and what type comes back
// (check_generic_type_consistency and enforce_generic_type_consistency, parse_coerce.c), as far as needed.
import type { Snapshot } from "../../catalog/snapshot.ts";
import { baseType, isPolymorphic, UNKNOWN } from "./coercible.ts";

const ANYELEMENT = 2283;
const ANYARRAY = 2277;
const ANYNONARRAY = 2776;
const ANYENUM = 3500;
const elementLike = [ANYELEMENT, ANYNONARRAY, ANYENUM];

/** The element type that all `any...` arguments agree on; "conflict", or null when it cannot be told. */
export function commonElement(
  declared: readonly number[],
  actual: readonly number[],
  snapshot: Snapshot,
): number | "conflict" | null {
  let element: number | null = null;
  for (const [position, type] of declared.entries()) {
    if (!isPolymorphic(type)) continue;
    const given = actual[position] ?? 0;
    if (given === UNKNOWN) continue;
    const own = given === 0 ? null : elementOf(type, given, snapshot);
    if (own === null) return null;
    if (element !== null && element !== own) return "conflict";
    element = own;
  }
  return element;
}

function elementOf(declared: number, given: number, snapshot: Snapshot): number | null {
  if (elementLike.includes(declared)) return given;
  if (declared !== ANYARRAY) return null;
  return snapshot.type(baseType(given, snapshot))?.element || null;
}

/** The result type of one candidate for these arguments; 0 when it cannot be told. */
export function resultType(
  returns: number,
  declared: readonly number[],
  actual: readonly number[],
  snapshot: Snapshot,
): number {
  if (!isPolymorphic(returns)) return returns;
  const element = commonElement(declared, actual, snapshot);
  if (element === null || element === "conflict") return 0;
  if (elementLike.includes(returns)) return element;
  return returns === ANYARRAY ? arrayOf(element, snapshot) : 0;
}

/** An array type is named after its element with an underscore in front, in all but odd cases; those are not told. */
function arrayOf(element: number, snapshot: Snapshot): number {
  const type = snapshot.type(element);
  if (type === undefined) return 0;
  const array = snapshot.typeNamed(type.schema, `_${type.name}`);
  return array?.element === element ? array.oid : 0;
}
