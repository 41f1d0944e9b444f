// What a pack was made with: with the evidence file, these give its every byte again.
import { isText, isTime, isWhole } from "../ledger/shapes.ts";
import { criteria } from "./criteria.ts";
import { membersOf } from "./evidence-records.ts";
import { type Period, readPeriod } from "./period.ts";
import type { Scope } from "./scope.ts";

export const SAMPLE_SIZE_MAX = 1000;
/** Enough for most tests of operation over a year. */
export const SAMPLE_SIZE = 25;
const NAME_MAX = 256;

export interface PackParameters {
  readonly pack: "soc2";
  readonly period: Period;
  readonly clusters: readonly string[];
  readonly environments: readonly string[];
  readonly namespaces: readonly string[];
  /** Identifiers, in the order of `criteria.ts`. */
  readonly criteria: readonly string[];
  /** `seed` null: of nobody's choice, out of the checkpoint. */
  readonly sample: { readonly size: number; readonly seed: string | null };
  /** Who says that he made it. */
  readonly runBy: string;
}

export function scopeOf({ period, clusters, environments, namespaces }: PackParameters): Scope {
  return { fromMs: period.fromMs, toMs: period.toMs, clusters, environments, namespaces };
}

/** Null for anything that is not whole, such as in a manifest that somebody changed. */
export function parseParameters(value: unknown): PackParameters | null {
  const { pack, period, clusters, environments, namespaces, criteria: chosen, sample, runBy } = membersOf(value);
  const { size, seed } = membersOf(sample);
  const known = criteria.map(({ id }) => id);
  const isWholeOne =
    pack === "soc2" &&
    isPeriod(period) &&
    [clusters, environments, namespaces].every(isNames) &&
    isNames(chosen) &&
    (chosen as readonly string[]).length > 0 &&
    (chosen as readonly string[]).every((id) => known.includes(id)) &&
    isWhole(size) &&
    size <= SAMPLE_SIZE_MAX &&
    (seed === null || (isText(seed) && seed.length <= NAME_MAX)) &&
    isText(runBy) &&
    runBy.length <= NAME_MAX;
  return isWholeOne ? (value as PackParameters) : null;
}

/** Says nothing about whether the milliseconds are those of the texts. */
function isPeriod(value: unknown): boolean {
  const { from, to, zone, fromMs, toMs } = membersOf(value);
  return [from, to, zone].every(isText) && isTime(fromMs) && isTime(toMs);
}

function isNames(value: unknown): boolean {
  return (
    Array.isArray(value) && value.length <= NAME_MAX && value.every((name) => isText(name) && name.length <= NAME_MAX)
  );
}

/** Whether the milliseconds are those of what was written. */
export function isPeriodTrue({ from, to, zone, fromMs, toMs }: Period): boolean {
  const read = readPeriod(from, to, zone);
  return read.ok && read.period.fromMs === fromMs && read.period.toMs === toMs;
}
