// Constant paths into a json document (rule R7): `->`, `#>`, subscripts and path functions with literal keys lead to a copy of that
// part. A step that may be an array's position is left out of the path, and the value then counts as derived.
import type { FunctionUse, Lineage } from "../facts.ts";
import type { Node } from "../node.ts";
import { constantText } from "./constant-text.ts";
import { derive } from "./label.ts";
import { JSON_TYPE, JSONB, TEXT } from "./types.ts";
import { computed, type Value } from "./value.ts";

/** Paths are part of facts, which are kept and recorded: a longer key leads anywhere. */
const keyCharactersMax = 4096;

/** pg_proc.dat: what a built-in function of a document and keys returns, and in which form. */
const pathFunctions: ReadonlyMap<number, { readonly as: "json" | "text"; readonly takes: "key" | "path" | "keys" }> =
  new Map([
    [3947, { as: "json", takes: "key" }], // json_object_field
    [3948, { as: "text", takes: "key" }], // json_object_field_text
    [3478, { as: "json", takes: "key" }], // jsonb_object_field
    [3214, { as: "text", takes: "key" }], // jsonb_object_field_text
    [3951, { as: "json", takes: "keys" }], // json_extract_path
    [3953, { as: "text", takes: "keys" }], // json_extract_path_text
    [3217, { as: "json", takes: "keys" }], // jsonb_extract_path
    [3940, { as: "text", takes: "keys" }], // jsonb_extract_path_text
  ]);

/** An operator that follows a constant path; null for any other. `right`: the node on its right side. */
export function jsonOperator(
  left: Value,
  right: Node,
  operation: { readonly use: FunctionUse; readonly result: number },
): Value | null {
  const known = operation.use.oid === null ? undefined : pathFunctions.get(operation.use.oid);
  const literal = known === undefined ? undefined : constantText(right);
  if (known === undefined || literal === undefined || literal === null || literal.length > keyCharactersMax)
    return null;
  const steps = known.takes === "key" ? [literal] : arraySteps(literal);
  return steps === null ? null : followed(left, steps, known.as, known.takes !== "key");
}

/** A call of such a function with constant keys; null for any other. */
export function jsonPathCall(oid: number | null, args: readonly Value[], nodes: readonly Node[]): Value | null {
  const known = oid === null ? undefined : pathFunctions.get(oid);
  const [document] = args;
  const steps = known === undefined ? null : constantSteps(nodes.slice(1));
  if (known === undefined || document === undefined || steps === null) return null;
  return followed(document, steps, known.as, known.takes !== "key");
}

/** `document['key']` of jsonb with constant keys; null when one is computed. */
export function jsonSubscript(document: Value, subscripts: readonly Node[]): Value | null {
  const steps = constantSteps(subscripts);
  return steps === null ? null : followed(document, steps, "json", true);
}

/** null when one of them is computed. */
function constantSteps(nodes: readonly Node[]): readonly string[] | null {
  const steps: string[] = [];
  for (const node of nodes) {
    const step = constantText(node);
    if (step === undefined || step === null || step.length > keyCharactersMax) return null;
    steps.push(step);
  }
  return steps;
}

/** `positions`: whether digits may mean a position in an array. */
function followed(document: Value, steps: readonly string[], as: "json" | "text", positions: boolean): Value {
  const type = as === "text" ? TEXT : document.type;
  const { lineage } = document;
  if (lineage.kind !== "copy" || lineage.as === "text") return computed(derive(lineage), type);
  const keys = positions ? upToPosition(steps) : steps;
  const part = appended(lineage, keys, as);
  return computed(keys.length < steps.length ? derive(part) : part, type);
}

function appended(document: Lineage & { kind: "copy" }, keys: readonly string[], as: "json" | "text"): Lineage {
  if (keys.length === 0) return as === "json" ? document : derive(document);
  const { column, path, via } = document;
  const longer = (before: readonly string[] | undefined) => [...(before ?? []), ...keys];
  const part: Lineage = { kind: "copy", column, path: longer(path), as };
  return via === undefined ? part : { ...part, via: via.map((source) => ({ ...source, path: longer(source.path) })) };
}

/** The keys before the first step that could be a position (strtol: blanks, a sign, digits). */
function upToPosition(steps: readonly string[]): readonly string[] {
  const first = steps.findIndex((step) => step.trim() !== "" && Number.isInteger(Number(step)));
  return first === -1 ? steps : steps.slice(0, first);
}

/** The elements of a plain array literal, `{a,b}`; null for one with quotes, escapes, nesting or NULL. */
function arraySteps(literal: string): readonly string[] | null {
  const inner = literal.trim();
  if (!inner.startsWith("{") || !inner.endsWith("}")) return null;
  const body = inner.slice(1, -1);
  if (body === "") return [];
  for (const mark of '"\\{}') if (body.includes(mark)) return null;
  const steps = body.split(",").map((step) => step.trim());
  return steps.some((step) => step === "" || step.toLowerCase() === "null") ? null : steps;
}

/** The keys of a plain jsonpath, `$.a."b"`; null for any other. Lax mode looks into arrays, which paths leave out anyway. */
export function jsonPathKeys(path: string): readonly string[] | null {
  if (!path.startsWith("$")) return null;
  const keys: string[] = [];
  let rest = path.slice(1);
  while (rest !== "") {
    if (!rest.startsWith(".")) return null;
    const [key, after] = rest[1] === '"' ? quotedKey(rest.slice(2)) : plainKey(rest.slice(1));
    if (key === "") return null;
    keys.push(key);
    rest = after;
  }
  return keys;
}

function quotedKey(rest: string): readonly [string, string] {
  const end = rest.indexOf('"');
  const key = end === -1 ? "" : rest.slice(0, end);
  return key.includes("\\") ? ["", ""] : [key, rest.slice(end + 1)];
}

function plainKey(rest: string): readonly [string, string] {
  let end = 0;
  while (end < rest.length && isKeyCharacter(rest[end]!)) end++;
  const after = rest.slice(end);
  const key = rest.slice(0, end);
  // A method such as .size() looks like a key at first.
  const isKey = (after === "" || after.startsWith(".")) && key !== "" && !(key >= "0" && key < ":");
  return isKey ? [key, after] : ["", ""];
}

function isKeyCharacter(character: string): boolean {
  const lower = character.toLowerCase();
  return (lower >= "a" && lower <= "z") || (character >= "0" && character <= "9") || character === "_";
}

/** A document's value at a jsonpath: what JSON_VALUE and JSON_QUERY return. A path that is no plain one leads anywhere. */
export function atJsonPath(document: Value, path: string | null, as: "json" | "text", type: number): Value {
  const isDocument = document.type === JSON_TYPE || document.type === JSONB;
  const keys = path === null || !isDocument ? null : jsonPathKeys(path);
  if (keys === null) return computed(derive(document.lineage), type);
  return { ...followed(document, keys, as, false), type };
}
