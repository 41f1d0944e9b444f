// The algebra of lineage: labels join upwards (clean, copy, derived, unknown), never downwards.
import type { ColumnRef, Lineage, Source } from "../facts.ts";
import { NotKnown } from "./walk.ts";

const columnsMax = 64;

/** Comparisons of columns for one statement: some tens of milliseconds. A short text may join wide rows of many sources any number of times. */
const comparisonsMax = 20_000_000;
let comparisons = 0;

/** A statement's analysis begins. It never waits, so that one count serves all. */
export function beginLabels(): void {
  comparisons = 0;
}

export const CLEAN: Lineage = Object.freeze({ kind: "clean" });

export function copyOf(column: ColumnRef): Lineage {
  return { kind: "copy", column };
}

export function unknown(why: string, columns?: readonly Source[]): Lineage {
  return columns === undefined ? { kind: "unknown", why } : { kind: "unknown", why, columns };
}

/** The stored columns in a label; null when not all of them are known. */
export function sourcesOf(label: Lineage): readonly Source[] | null {
  switch (label.kind) {
    case "clean":
      return none;
    case "copy":
      return copySources(label);
    case "derived":
      return label.columns;
    case "unknown":
      return label.columns ?? null;
    default:
      return label satisfies never;
  }
}

const none: readonly Source[] = Object.freeze([]);

function copySources(label: Lineage & { kind: "copy" }): readonly Source[] {
  const own: Source = label.path === undefined ? label.column : { ...label.column, path: label.path };
  return label.via === undefined ? [own] : [own, ...label.via];
}

/** What any function, operator, cast or constructor makes of one labelled input (rule R3). */
export function derive(label: Lineage): Lineage {
  return label.kind === "copy" ? { kind: "derived", columns: copySources(label) } : label;
}

/** What they make of several. */
export function deriveAll(labels: readonly Lineage[]): Lineage {
  let result = CLEAN;
  for (const label of labels) result = both(result, label);
  return result;
}

/** What an expression makes of two inputs. */
export function both(a: Lineage, b: Lineage): Lineage {
  if (a.kind === "clean") return derive(b);
  if (b.kind === "clean") return derive(a);
  if (a === b) return derive(a);
  const columns = union(sourcesOf(a), sourcesOf(b));
  if (a.kind === "unknown") return unknown(a.why, columns ?? undefined);
  if (b.kind === "unknown") return unknown(b.why, columns ?? undefined);
  if (columns === null) return unknown("more columns than are followed");
  return { kind: "derived", columns };
}

/** What holds either the one value or the other: set operations, VALUES. A copy stays one only of the same column. */
export function either(a: Lineage, b: Lineage): Lineage {
  if (a === b || sameLabel(a, b)) return a;
  return both(a, b);
}

/** A value that equals both: the column of a USING join. */
export function equalBoth(shown: Lineage, other: Lineage): Lineage {
  if (shown.kind !== "copy" || other.kind !== "copy") return sameLabel(shown, other) ? shown : both(shown, other);
  const via = union(shown.via ?? none, copySources(other));
  return via === null ? both(shown, other) : { ...shown, via };
}

/** The label of a view's column: what it is made of, and the column itself, which may be protected by its own name. */
export function through(label: Lineage, column: ColumnRef): Lineage {
  switch (label.kind) {
    case "clean":
      return copyOf(column);
    case "copy":
      return { ...label, via: [column, ...(label.via ?? none)] };
    default:
      return both(label, { kind: "derived", columns: [column] });
  }
}

export function sameLabel(a: Lineage, b: Lineage): boolean {
  if (a === b) return true;
  if (a.kind !== b.kind) return false;
  if (a.kind === "clean") return true;
  if (a.kind === "unknown") return false;
  if (a.kind === "copy" && b.kind === "copy") {
    return sameSource(a.column, b.column) && samePath(a.path, b.path) && a.as === b.as && sameSet(a.via, b.via);
  }
  return sameSet(sourcesOf(a)!, sourcesOf(b)!);
}

function sameSet(a: readonly Source[] = none, b: readonly Source[] = none): boolean {
  return a.length === b.length && a.every((source) => contains(b, source));
}

function union(a: readonly Source[] | null, b: readonly Source[] | null): readonly Source[] | null {
  if (a === null || b === null) return null;
  comparisons += a.length * b.length;
  if (comparisons > comparisonsMax) throw new NotKnown("too much to analyse");
  let result: Source[] | null = null;
  for (const source of b) {
    if (contains(result ?? a, source)) continue;
    result ??= [...a];
    if (result.length >= columnsMax) return null;
    result.push(source);
  }
  return result ?? a;
}

function contains(sources: readonly Source[], sought: Source): boolean {
  for (const source of sources) if (sameSource(source, sought)) return true;
  return false;
}

function sameSource(a: Source, b: Source): boolean {
  return a.relation === b.relation && a.attnum === b.attnum && samePath(a.path, b.path);
}

function samePath(a: readonly string[] | undefined, b: readonly string[] | undefined): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined || a.length !== b.length) return false;
  return a.every((step, position) => step === b[position]);
}
