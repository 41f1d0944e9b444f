// Facts on their way into a record. They are free of literals by contract (event.ts); the few fields that can only come from a
// literal of the statement are nevertheless replaced by a keyed digest here, so that a mistake elsewhere stays harmless.
import { boundedText, withoutQuoted } from "./bounded-text.ts";
import { canonicalJson, DEPTH_MAX } from "./canonical-json.ts";
import type { Digest } from "./digest.ts";
import { lasting } from "./lasting-bytes.ts";

export const FACTS_CHARS_MAX = 128 * 1024;
const STRING_MAX = 1024;
const DIGEST_CHARS = 32;

export interface RecordedFacts {
  readonly json: Buffer;
  /** The last record that holds them whole, which later ones of its page name instead. */
  whole: { readonly page: number; readonly reference: Buffer } | null;
  /** OCSF Datastore Activity: 0 unknown, 2 update, 4 query, 5 write, 6 create, 7 delete, 99 other. */
  readonly activity: number;
}

/** json path steps, settings, COPY options: written as literals in SQL. */
const literalKeys = new Set(["path", "value", "delimiter", "nullText", "quote", "escape"]);
const proseKeys = new Set(["why", "where"]);

export function recordedFacts(facts: unknown, digest: Digest): RecordedFacts {
  return { json: lasting(factsJson(facts, digest)), whole: null, activity: activityOf(facts) };
}

function factsJson(facts: unknown, digest: Digest): string {
  try {
    const json = canonicalJson(cleaned(facts, "", digest, 0));
    return json.length <= FACTS_CHARS_MAX ? json : canonicalJson({ omitted: `${json.length} characters of facts` });
  } catch {
    return canonicalJson({ omitted: "facts that are not plain data" });
  }
}

function cleaned(value: unknown, key: string, digest: Digest, depth: number): unknown {
  if (depth > DEPTH_MAX) throw new RangeError("nested too deeply");
  if (typeof value === "string") return cleanedString(value, key, digest);
  if (Array.isArray(value)) return value.map((item) => cleaned(item, key, digest, depth + 1));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value);
  return Object.fromEntries(
    entries.map(([name, member]) => [boundedText(name, STRING_MAX), cleaned(member, name, digest, depth + 1)]),
  );
}

function cleanedString(value: string, key: string, digest: Digest): string {
  if (literalKeys.has(key)) return `#${digest.of(value).slice(0, DIGEST_CHARS)}`;
  return boundedText(proseKeys.has(key) ? withoutQuoted(value) : value, STRING_MAX);
}

const activities: readonly (readonly [number, readonly string[]])[] = [
  [7, ["Delete", "Truncate", "Drop"]],
  [2, ["Update", "Alter"]],
  [5, ["Insert", "CopyIn"]],
  [6, ["Create"]],
  [4, ["Read", "CopyOut"]],
];

function activityOf(facts: unknown): number {
  const effects = (facts as { readonly effects?: unknown } | null)?.effects;
  if (!Array.isArray(effects)) return 0;
  return activities.find(([, names]) => names.some((name) => effects.includes(name)))?.[0] ?? 99;
}
