// Canonical JSON (RFC 8785, JCS): one value has exactly one text, so a hash over it means the value.
// Numbers and strings are what ECMAScript's own serialiser writes, which is what the RFC demands; keys go by UTF-16 code units.

export const DEPTH_MAX = 64;

export class NotCanonical extends Error {
  constructor(why: string) {
    super(`not representable in canonical JSON: ${why}`);
    this.name = "NotCanonical";
  }
}

/**
 * The canonical text of plain data. Properties that are `undefined` are left out, as JSON.stringify does.
 * @throws NotCanonical for numbers that are not finite, lone surrogates, bigint, functions and nesting beyond `DEPTH_MAX`.
 */
export function canonicalJson(value: unknown, depth = 0): string {
  if (depth > DEPTH_MAX) throw new NotCanonical(`nested deeper than ${DEPTH_MAX}`);
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "string") return canonicalString(value);
  if (typeof value === "number") return canonicalNumber(value);
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null, depth + 1)).join(",")}]`;
  if (typeof value === "object") return canonicalObject(value as Readonly<Record<string, unknown>>, depth);
  throw new NotCanonical(`a ${typeof value}`);
}

function canonicalObject(value: Readonly<Record<string, unknown>>, depth: number): string {
  const members: string[] = [];
  for (const key of Object.keys(value).sort()) {
    const member = value[key];
    if (member !== undefined) members.push(`${canonicalString(key)}:${canonicalJson(member, depth + 1)}`);
  }
  return `{${members.join(",")}}`;
}

export function canonicalString(value: string): string {
  if (!value.isWellFormed()) throw new NotCanonical("a string with a lone surrogate");
  return JSON.stringify(value);
}

function canonicalNumber(value: number): string {
  if (!Number.isFinite(value)) throw new NotCanonical("a number that is not finite");
  return JSON.stringify(value);
}
