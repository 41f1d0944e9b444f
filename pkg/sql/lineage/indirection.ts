// `(x).field`, `x[1]`, `x[2:3]`, `doc['key']` and any chain of them.
import { kindOf, list, type Node, text } from "../node.ts";
import { evaluate } from "./expression.ts";
import { jsonSubscript } from "./json-path.ts";
import { deriveAll } from "./label.ts";
import { projectOrCall } from "./projection.ts";
import type { Scope } from "./scope.ts";
import { steerUnlessTotal } from "./total.ts";
import { baseType, elementOf, JSONB } from "./types.ts";
import { computed, type Value } from "./value.ts";
import { NotKnown, type Walk } from "./walk.ts";

export function evaluateIndirection(walk: Walk, scope: Scope, node: Node): Value {
  let value = evaluate(walk, scope, node.arg);
  const steps = list(node.indirection);
  for (let position = 0; position < steps.length; position++) {
    const subscripts = subscriptsFrom(steps, position);
    if (subscripts.length > 0) {
      value = subscripted(walk, scope, value, subscripts);
      position += subscripts.length - 1;
      continue;
    }
    // `(x).*` in an expression is the whole row.
    if (kindOf(steps[position]) !== "A_Star") value = field(walk, value, steps[position]);
  }
  return value;
}

function subscriptsFrom(steps: readonly Node[], position: number): readonly Node[] {
  let end = position;
  while (end < steps.length && kindOf(steps[end]) === "A_Indices") end++;
  return steps.slice(position, end).map((step) => step.A_Indices);
}

function field(walk: Walk, value: Value, step: Node): Value {
  const name = text(step);
  if (name === null) throw new NotKnown(`indirection of kind ${kindOf(step)}`);
  if (walk.catalog === null) return { ...computed(value.lineage, 0), origin: null };
  return projectOrCall(walk, value, name);
}

function subscripted(walk: Walk, scope: Scope, value: Value, subscripts: readonly Node[]): Value {
  const bounds = subscripts.flatMap(({ lidx, uidx }) => [lidx, uidx]).filter((bound) => bound !== undefined);
  const positions = bounds.map((bound) => evaluate(walk, scope, bound));
  // They are evaluated only where there is something to subscript.
  steerUnlessTotal(walk, scope, value.lineage, bounds, "subscript");
  const type = walk.catalog === null ? 0 : baseType(walk.catalog, value.type);
  const isSlice = subscripts.some((subscript) => subscript.is_slice === true);
  const keys = subscripts.map((subscript) => subscript.uidx);
  const part = type === JSONB && !isSlice ? jsonSubscript(value, keys) : null;
  if (part !== null) return part;
  const lineage = deriveAll([value.lineage, ...positions.map((position) => position.lineage)]);
  return computed(lineage, isSlice || type === JSONB ? type : elementOf(walk, type));
}
