// RFC 6902 operations, made by hand: only `add`, so nothing of the pod is ever rewritten or taken away.
import { at, isObject, type Json, type JsonObject } from "./json.ts";

export interface Operation {
  readonly op: "add";
  readonly path: string;
  readonly value: Json;
}

/** A JSON pointer (RFC 6901). */
export function pointer(...steps: readonly (string | number)[]): string {
  return steps.map((step) => `/${String(step).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

/**
 * Adds that put `items` at `index` of the list below `keys`, in their order. A list that is absent (or `null`) is made, and so is
 * what should hold it.
 */
export function insertInto(
  object: JsonObject,
  keys: readonly string[],
  items: readonly Json[],
  index: number,
): readonly Operation[] {
  if (items.length === 0) return [];
  const list = at(object, ...keys);
  if (!Array.isArray(list)) return addAt(object, keys, items);
  return items.map((value, i) => ({ op: "add", path: pointer(...keys, index + i), value }));
}

export function append(object: JsonObject, keys: readonly string[], items: readonly Json[]): readonly Operation[] {
  const list = at(object, ...keys);
  return insertInto(object, keys, items, Array.isArray(list) ? list.length : 0);
}

/** Adds that set these entries of the map below `keys`; those that are so already are left out. */
export function setEntries(
  object: JsonObject,
  keys: readonly string[],
  entries: Readonly<Record<string, string>>,
): readonly Operation[] {
  const map = at(object, ...keys);
  if (!isObject(map)) return Object.keys(entries).length === 0 ? [] : addAt(object, keys, entries);
  return Object.entries(entries)
    .filter(([key, value]) => !Object.hasOwn(map, key) || map[key] !== value)
    .map(([key, value]) => ({ op: "add", path: pointer(...keys, key), value }));
}

/** `value` at `keys`, with the objects above it where they are not there. */
function addAt(object: JsonObject, keys: readonly string[], value: Json): readonly Operation[] {
  let depth = keys.length - 1;
  while (depth > 0 && !isObject(at(object, ...keys.slice(0, depth)))) depth--;
  const nested = keys.slice(depth + 1).reduceRight<Json>((inner, key) => ({ [key]: inner }), value);
  return [{ op: "add", path: pointer(...keys.slice(0, depth + 1)), value: nested }];
}
