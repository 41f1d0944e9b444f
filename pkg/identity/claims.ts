// Single claims of a token, read strictly: what is there in another form than expected refuses the token.
import type { ClaimValue } from "../principal/principal.ts";
import { Refuse } from "./refused-token.ts";

export type Claims = Readonly<Record<string, unknown>>;

const TEXT_MAX = 256;
const LIST_MAX = 256;

/** By its whole name, else by names with dots that lead into objects; undefined when there is none. */
export function claimAt(claims: Claims, path: string): unknown {
  if (Object.hasOwn(claims, path)) return claims[path];
  let value: unknown = claims;
  for (const name of path.split(".")) {
    if (!isObject(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value;
}

export function isObject(value: unknown): value is Claims {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A name: not empty, not long, nothing in it that a terminal or a log could take for more than a letter. */
export function textIn(value: unknown): string {
  if (typeof value === "string" && value !== "" && value.length <= TEXT_MAX && !/\p{C}/u.test(value)) return value;
  throw new Refuse("claims");
}

/** A list of names, or one; absent: none. */
export function listIn(value: unknown): readonly string[] {
  if (value === undefined || value === null) return [];
  const list = Array.isArray(value) ? value : [value];
  if (list.length > LIST_MAX) throw new Refuse("claims");
  return list.map(textIn);
}

/** What a policy may see of a claim. */
export function visibleIn(value: unknown): ClaimValue {
  if (typeof value === "boolean" || (typeof value === "number" && Number.isFinite(value))) return value;
  return Array.isArray(value) ? listIn(value) : textIn(value);
}

/** Seconds since the Unix epoch as milliseconds; absent: null. */
export function timeIn(value: unknown): number | null {
  if (value === undefined) return null;
  if (typeof value === "number" && Number.isFinite(value) && Math.abs(value) < 1e11) return value * 1000;
  throw new Refuse("claims");
}
