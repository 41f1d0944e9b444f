// The spelling of column patterns: `schema.table.column`, `*` in any of them, "quoted" names, `#a.b[*].c` for a path inside json.
import { matchesGlob } from "./glob.ts";
import { isIndex } from "./json-path.ts";
import type { ColumnPattern, NamePattern } from "./rules.ts";

export type PatternResult<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: string };

/** `schema.table.column` with an optional json path. */
export function parseColumnPattern(text: string): PatternResult<ColumnPattern> {
  const scan = scanSegments(text, 0, ".", "#");
  if (typeof scan === "string") return { ok: false, problem: scan };
  if (scan.segments.length !== 3) return { ok: false, problem: "must be schema.table.column" };
  const path = scan.end < text.length ? parsePath(text, scan.end + 1) : [];
  if (typeof path === "string") return { ok: false, problem: path };
  const [schema, table, column] = scan.segments as [NamePattern, NamePattern, NamePattern];
  return { ok: true, value: { text, schema, table, column, path } };
}

/** `schema.table`, which stands for all of its columns. */
export function parseTablePattern(text: string): PatternResult<ColumnPattern> {
  const scan = scanSegments(text, 0, ".", "#");
  if (typeof scan === "string") return { ok: false, problem: scan };
  if (scan.segments.length !== 2 || scan.end < text.length) return { ok: false, problem: "must be schema.table" };
  const [schema, table] = scan.segments as [NamePattern, NamePattern];
  return { ok: true, value: { text, schema, table, column: { name: "*", exact: false }, path: [] } };
}

export function matchesName(pattern: NamePattern, name: string): boolean {
  return pattern.exact ? pattern.name === name : matchesGlob(pattern.name, name.toLowerCase());
}

/** `[*]` is only for the reader: a path leads through arrays without saying so. */
function parsePath(text: string, from: number): readonly string[] | string {
  const path: string[] = [];
  const scan = scanSegments(text, from, ".", "");
  if (typeof scan === "string") return scan;
  for (const { name, exact } of scan.raw) {
    const key = exact ? name : name.replace(/(\[\*\])+$/, "");
    if (!exact && /[[\]]/.test(key)) return `has "${name}" in its path; [*] stands for every element of an array`;
    if (key === "*") return 'has "*" in its path; name the key, or stop the path above it';
    if (isIndex(key)) return `has "${key}" in its path, which cannot be told from an index; stop the path above it`;
    if (key !== "") path.push(key);
  }
  return path;
}

interface Scan {
  readonly segments: readonly NamePattern[];
  /** The same with their case kept. */
  readonly raw: readonly NamePattern[];
  readonly end: number;
}

/** Reads segments up to `stop` or the end; a text says what is wrong. */
function scanSegments(text: string, from: number, separator: string, stop: string): Scan | string {
  const raw: NamePattern[] = [];
  let at = from;
  for (;;) {
    const quoted = text[at] === '"';
    const end = quoted ? closingQuote(text, at) : plainEnd(text, at, separator, stop);
    if (end < 0) return "has a quote that is not closed";
    const name = quoted ? text.slice(at + 1, end - 1).replaceAll('""', '"') : text.slice(at, end);
    if (name === "") return "has an empty part";
    if (quoted && stop !== "" && name.includes("*")) return 'has "*" inside a quoted name';
    if (!quoted && /[\s"]/.test(name)) return "has a space or a quote in an unquoted part";
    raw.push({ name, exact: quoted });
    at = end;
    if (at >= text.length || text[at] === stop) break;
    if (text[at] !== separator) return "has text after a quoted name";
    at++;
  }
  const segments = raw.map(({ name, exact }) => ({ name: exact ? name : name.toLowerCase(), exact }));
  return { segments, raw, end: at };
}

/** Index after the quote that closes the one at `at`, or -1. */
function closingQuote(text: string, at: number): number {
  for (let i = at + 1; i < text.length; i++) {
    if (text[i] !== '"') continue;
    if (text[i + 1] !== '"') return i + 1;
    i++;
  }
  return -1;
}

function plainEnd(text: string, at: number, separator: string, stop: string): number {
  let end = at;
  while (end < text.length && text[end] !== separator && (stop === "" || text[end] !== stop)) end++;
  return end;
}
