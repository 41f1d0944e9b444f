// Which records a reader of the live view wants to see.
import type { Told } from "./told.ts";

export const FILTERS = [
  "cluster",
  "namespace",
  "environment",
  "workload",
  "principal",
  "database",
  "verdict",
  "rule",
  "kind",
  "chain",
] as const;

export type FilterName = (typeof FILTERS)[number];

/** Per filter the values of which one must fit; `*` stands for any run of characters. */
export type TailFilter = ReadonlyMap<FilterName, readonly string[]>;

const VALUES_MAX = 32;
const VALUE_CHARS_MAX = 256;
/** Statements whose outcome is still to come. */
const PENDING_MAX = 10_000;

/** Filters whose values are known. */
const closed: Partial<Record<FilterName, readonly string[]>> = {
  verdict: ["allow", "mask", "refuse", "hold", "observe"],
  kind: ["session", "decision", "outcome", "policy", "chain", "lookup"],
};

export type ReadFilter =
  | { readonly ok: true; readonly filter: TailFilter }
  | { readonly ok: false; readonly error: string };

/** Commas between values of one filter, each filter once or several times. */
export function readFilter(query: Readonly<Record<string, unknown>>): ReadFilter {
  const filter = new Map<FilterName, readonly string[]>();
  for (const name of FILTERS) {
    const given = [query[name] ?? []].flat().flatMap((value) => String(value).split(","));
    const values = given.filter((value) => value !== "");
    if (values.length > VALUES_MAX || values.some((value) => value.length > VALUE_CHARS_MAX))
      return { ok: false, error: `${name}: at most ${VALUES_MAX} values of ${VALUE_CHARS_MAX} characters` };
    const known = closed[name];
    const stranger = values.find((value) => known !== undefined && !known.some((each) => isLike(each, value)));
    if (stranger !== undefined)
      return { ok: false, error: `${name}: there is no "${stranger}"; there is ${known!.join(", ")}` };
    if (values.length > 0) filter.set(name, values);
  }
  return { ok: true, filter };
}

/** Verdict, rule and the like stand in a decision only: its outcome passes when it did. */
export class TailMatcher {
  private readonly filter: TailFilter;
  private readonly pending = new Set<string>();

  constructor(filter: TailFilter) {
    this.filter = filter;
  }

  matches(told: Told): boolean {
    const key = `${told.chain}/${told.session}/${told.statement}`;
    if (told.kind === "outcome" && this.pending.delete(key)) return this.fits("kind", told);
    const isWanted = FILTERS.every((name) => this.fits(name, told));
    if (isWanted && told.kind === "decision") this.expect(key);
    return isWanted;
  }

  private expect(key: string): void {
    this.pending.add(key);
    if (this.pending.size > PENDING_MAX) this.pending.delete(this.pending.values().next().value!);
  }

  private fits(name: FilterName, told: Told): boolean {
    const wanted = this.filter.get(name);
    if (wanted === undefined) return true;
    const found = valuesOf(name, told);
    // A rule is asked for with its policy or by its own name.
    const named = name === "rule" ? found.flatMap((rule) => [rule, rule.slice(rule.lastIndexOf("/") + 1)]) : found;
    return wanted.some((pattern) => named.some((value) => isLike(value, pattern)));
  }
}

/** A principal is found by its own name, and by that of anyone for whom it acts. */
function valuesOf(name: FilterName, told: Told): readonly string[] {
  if (name === "rule") return told.rules;
  return name === "principal" ? [told.principal ?? "", ...told.actingFor] : [told[name] ?? ""];
}

/** Without a regular expression, whose time a pattern could stretch. */
export function isLike(value: string, pattern: string): boolean {
  const parts = pattern.split("*");
  if (parts.length === 1) return value === pattern;
  const [start, end] = [parts[0]!, parts.at(-1)!];
  if (!value.startsWith(start) || !value.endsWith(end) || value.length < start.length + end.length) return false;
  let at = start.length;
  for (const part of parts.slice(1, -1)) {
    const found = value.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return at <= value.length - end.length;
}
