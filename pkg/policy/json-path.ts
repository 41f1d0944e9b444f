// How a constant json path that a statement uses stands to a classified path (rule R7). Steps into arrays are left out of both: a
// path leads through every array on its way, so `docs[*].number` and `docs -> 0 -> 'number'` are the same path.

export type PathRelation =
  /** Provably another part of the document. */
  | { readonly relation: "apart" }
  /** At or below the classified path. */
  | { readonly relation: "at or below" }
  /** Above it: `rest` leads from here to the classified part. */
  | { readonly relation: "above"; readonly rest: readonly string[] };

const atOrBelow: PathRelation = { relation: "at or below" };
const apart: PathRelation = { relation: "apart" };

/** `used` is empty for the whole document. `classified` has no steps that look like an index. */
export function relatePaths(classified: readonly string[], used: readonly string[]): PathRelation {
  if (classified.length === 0) return atOrBelow;
  const keys = used.filter((step) => !isIndex(step));
  const shared = Math.min(classified.length, keys.length);
  for (let i = 0; i < shared; i++) if (classified[i] !== keys[i]) return apart;
  return keys.length >= classified.length ? atOrBelow : { relation: "above", rest: classified.slice(keys.length) };
}

/** Whether `path` lies at or below `prefix`. */
export function isWithin(prefix: readonly string[], path: readonly string[]): boolean {
  return prefix.length <= path.length && prefix.every((step, i) => step === path[i]);
}

/** PostgreSQL takes such a step for an index of an array and for a key of an object. */
export function isIndex(step: string): boolean {
  return /^\s*[+-]?\d+\s*$/.test(step);
}
