// Carries out the operations that this package makes, for the command line. The API server has its own way of doing it.
import { isObject, type Json, type JsonObject } from "./json.ts";
import type { Operation } from "./json-patch.ts";

/** A new object; throws when an operation does not fit, which is an error of the one who made it. */
export function applyPatch(object: JsonObject, operations: readonly Operation[]): JsonObject {
  return operations.reduce<JsonObject>((here, { path, value }) => {
    const steps = path.slice(1).split("/");
    return added(
      here,
      steps.map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~")),
      value,
    ) as JsonObject;
  }, object);
}

function added(here: Json | undefined, [step, ...rest]: readonly string[], value: Json): Json {
  if (step === undefined) return value;
  if (Array.isArray(here)) {
    const index = step === "-" ? here.length : Number(step);
    if (!Number.isInteger(index) || index < 0 || index > here.length)
      throw new RangeError(`no index ${step} in the list`);
    if (rest.length === 0) return [...here.slice(0, index), value, ...here.slice(index)];
    return here.map((item: Json, i: number) => (i === index ? added(item, rest, value) : item));
  }
  if (!isObject(here)) throw new TypeError(`nothing that could hold ${step}`);
  if (rest.length > 0 && !Object.hasOwn(here, step)) throw new TypeError(`there is no ${step}`);
  return { ...here, [step]: added(here[step], rest, value) };
}
