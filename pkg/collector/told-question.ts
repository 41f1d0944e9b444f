// A question as its record tells it: names of places, columns and people, as records hold them anyway; what a reader may write freely is
// only a keyed digest.
import { canonicalJson } from "../audit/canonical-json.ts";
import type { Condition, Question } from "../store/question.ts";

const free = new Set([
  "text",
  "reason",
  "endReason",
  "detail",
  "application",
  "address",
  "serverDatabase",
  "subject",
  "path",
]);

/** `digest`: keyed, in hex. */
export function toldQuestion({ where, ...rest }: Question, digest: (text: string) => string): string {
  return canonicalJson({ ...rest, where: where.map((condition) => toldCondition(condition, digest)) });
}

function toldCondition({ field, op, value }: Condition, digest: (text: string) => string): Condition {
  if (op === "null" || !free.has(field)) return { field, op, value };
  const hidden = [value].flat().map((each) => `#${digest(String(each)).slice(0, 32)}`);
  return { field, op, value: Array.isArray(value) ? hidden : hidden[0]! };
}
