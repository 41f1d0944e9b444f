// How a constant json path that a statement uses stands to a classified path (rule R7).
import { ANY_ELEMENT } from "./column-pattern.ts";

export type PathRelation =
  /** Provably another part of the document. */
  | { readonly relation: "apart" }
  /** At or below the classified path. */
  | { readonly relation: "at or below" }
  /** Above it: `rest` leads from here to the classified part. */
  | { readonly relation: "above"; readonly rest: readonly string[] };

/** `used` is empty for the whole document. */
export function relatePaths(classified: readonly string[], used: readonly string[]): PathRelation {
  const shared = Math.min(classified.length, used.length);
  for (let i = 0; i < shared; i++) {
    if (!mayMeet(classified[i]!, used[i]!)) return { relation: "apart" };
  }
  return used.length >= classified.length
    ? { relation: "at or below" }
    : { relation: "above", rest: classified.slice(used.length) };
}

/** Whether `path` surely lies at or below `prefix`, element by element. */
export function isWithin(prefix: readonly string[], path: readonly string[]): boolean {
  return prefix.length <= path.length && prefix.every((element, i) => element === path[i]);
}

/** PostgreSQL reads "1", "+1", "01" and "-1" as array indexes, and a negative one counts from the end: any two may meet. */
function mayMeet(classified: string, used: string): boolean {
  if (classified === ANY_ELEMENT || used === ANY_ELEMENT) return true;
  return classified === used || (isIndex(classified) && isIndex(used));
}

function isIndex(element: string): boolean {
  return /^\s*[+-]?\d+\s*$/.test(element);
}
