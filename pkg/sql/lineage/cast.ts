// Casts. One that changes neither type nor modifier leaves no trace in the server's tree: the column stays a column.
import type { Node } from "../node.ts";
import { castValue } from "./calls.ts";
import { evaluate } from "./expression.ts";
import { noteCastFailure } from "./failing.ts";
import type { Scope } from "./scope.ts";
import { typeNamed, UNKNOWN } from "./types.ts";
import type { Value } from "./value.ts";
import type { Walk } from "./walk.ts";

export function evaluateCast(walk: Walk, scope: Scope, node: Node): Value {
  const value = evaluate(walk, scope, node.arg);
  const { oid, typmod } = typeNamed(walk, node.typeName);
  if (oid !== 0 && value.type === oid && oid !== UNKNOWN && typmod === value.typmod) return value;
  const cast = castValue(walk, value, oid);
  noteCastFailure(walk, value, oid, typmod !== -1);
  const kept = value.type === oid && typmod === null && value.origin?.table !== 0;
  return { ...cast, typmod: typmod ?? -1, origin: kept || value.origin === null ? null : cast.origin };
}
