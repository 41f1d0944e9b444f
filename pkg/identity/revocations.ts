// What an administrator has taken back, out of one JSON file: single tokens, all tokens of a principal that were issued before a time,
// and groups that a principal has now, whatever its token says.
import { isObject } from "./claims.ts";

export interface Revocations {
  /** `jti`. */
  readonly tokens: ReadonlySet<string>;
  /** `issuer/name` or `name` of a principal, to the time (milliseconds since the Unix epoch) before which its tokens count no more. */
  readonly before: ReadonlyMap<string, number>;
  /** `issuer/name` or `name` to its groups. */
  readonly groups: ReadonlyMap<string, readonly string[]>;
}

export const nothingRevoked: Revocations = { tokens: new Set(), before: new Map(), groups: new Map() };

const FIELDS = ["tokens", "principals", "groups"];

/**
 * `{"tokens": ["jti"], "principals": {"ana@example.com": "2026-11-28T12:00:00Z"}, "groups": {"ana@example.com": ["analysts"]}}`.
 * @throws Error whose message says what is wrong with it.
 */
export function readRevocations(text: string): Revocations {
  const file = parsed(text);
  const unknown = Object.keys(file).find((field) => !FIELDS.includes(field));
  if (unknown !== undefined) throw new Error(`there is no field "${unknown}"; the fields are ${FIELDS.join(", ")}`);
  const { tokens = [], principals = {}, groups = {} } = file;
  if (!isTexts(tokens)) throw new Error("tokens: write a list of jti");
  if (!isObject(principals)) throw new Error("principals: write a map of names to times");
  if (!isObject(groups)) throw new Error("groups: write a map of names to lists");
  return {
    tokens: new Set(tokens),
    before: new Map(Object.entries(principals).map(([name, time]) => [name, timeOf(name, time)])),
    groups: new Map(Object.entries(groups).map(([name, list]) => [name, groupsOf(name, list)])),
  };
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch {
    throw new Error("it is no JSON");
  }
  if (!isObject(file)) throw new Error("write a map");
  return file;
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === "string");
}

function timeOf(name: string, time: unknown): number {
  const ms = typeof time === "string" ? Date.parse(time) : Number.NaN;
  if (Number.isNaN(ms)) throw new Error(`principals.${name}: write a time such as "2026-11-28T12:00:00Z"`);
  return ms;
}

function groupsOf(name: string, list: unknown): readonly string[] {
  if (!isTexts(list)) throw new Error(`groups.${name}: write a list of groups`);
  return list;
}
