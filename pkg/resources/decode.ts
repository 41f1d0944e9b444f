// Small decoders from trees to typed values. Each reports every problem that it finds, with its place and remedy, and gives
// undefined when there was one; so a whole document is read to its end however much is wrong with it. Each carries the schema that the
// API server checks the same with, so that a resource is refused by both or by none (docs/decisions/0017).
import { hint } from "../runtime/closest.ts";
import type { Problem } from "./problem.ts";
import { properties, type Schema } from "./schema.ts";
import { type At, type PathStep, pathText, type Tree } from "./tree.ts";

export interface Context {
  readonly file: string;
  readonly path: readonly PathStep[];
  readonly problems: Problem[];
}

export type Decode<T> = (tree: Tree, context: Context) => T | undefined;

export interface Decoder<T> extends Decode<T> {
  readonly schema: Schema;
}

export interface Field<T> {
  readonly decode: Decoder<T>;
  readonly required: boolean;
  readonly fallback: T | undefined;
  /** What `kubectl explain` prints. */
  readonly about: string;
  readonly remedy?: string;
  /** The fallback as a resource spells it, where it is one value. */
  readonly written?: string | number | boolean;
}

export function decoder<T>(schema: Schema, decode: Decode<T>): Decoder<T> {
  return Object.assign(decode, { schema });
}

/** `remedy` for when it is missing. */
export function required<T>(decode: Decoder<T>, about: string, remedy?: string): Field<T> {
  return { decode, required: true, fallback: undefined, about, ...(remedy === undefined ? {} : { remedy }) };
}

/** `null` is read as absent, as Kubernetes does. `spelled`: the fallback as a resource spells it, if that is another value. */
export function optional<T, const F>(
  decode: Decoder<T>,
  fallback: F,
  about: string,
  spelled: unknown = fallback,
): Field<T | F> {
  const plain = typeof spelled === "string" || typeof spelled === "number" || typeof spelled === "boolean";
  return { decode, required: false, fallback, about, ...(plain ? { written: spelled } : {}) };
}

export function report(
  context: Context,
  at: At,
  message: string,
  remedy: string,
  severity: Problem["severity"] = "error",
): undefined {
  context.problems.push({
    severity,
    file: context.file,
    line: at.line,
    column: at.column,
    path: pathText(context.path),
    message,
    remedy,
  });
  return undefined;
}

function below(context: Context, step: PathStep): Context {
  return { ...context, path: [...context.path, step] };
}

type Fields = Readonly<Record<string, Field<unknown>>>;
type Values<F extends Fields> = { readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never };

/** A map with exactly these fields; an unknown one is a problem with a "did you mean". */
export function record<F extends Fields>(fields: F): Decoder<Values<F>> {
  return decoder({ type: "object", ...properties(fields) }, (tree, context) => {
    if (tree.kind !== "map")
      return report(
        context,
        tree.at,
        `must be a map, not ${shapeOf(tree)}`,
        `give it the fields ${Object.keys(fields).join(", ")}`,
      );
    let whole = reportUnknown(tree, context, Object.keys(fields));
    const values: Record<string, unknown> = {};
    for (const [name, field] of Object.entries(fields)) {
      const entry = tree.entries.find((each) => each.key === name);
      const absent = entry === undefined || (entry.value.kind === "scalar" && entry.value.value === null);
      if (!absent) values[name] = field.decode(entry.value, below(context, name));
      else if (!field.required) {
        values[name] = field.fallback;
        continue;
      } else report(below(context, name), entry?.keyAt ?? tree.at, "is missing", field.remedy ?? `set ${name}`);
      if (values[name] === undefined) whole = false;
    }
    return whole ? (values as Values<F>) : undefined;
  });
}

function reportUnknown(tree: Tree & { kind: "map" }, context: Context, known: readonly string[]): boolean {
  const unknown = tree.entries.filter((entry) => !known.includes(entry.key));
  for (const { key, keyAt } of unknown) {
    const near = hint(key, known);
    const remedy = near === "" ? `remove it, or use one of ${known.join(", ")}` : near.replace(/^; /, "");
    report(below(context, key), keyAt, "there is no such field", remedy);
  }
  return unknown.length === 0;
}

export function list<T>(
  item: Decoder<T>,
  limits: { readonly min?: number; readonly max?: number } = {},
): Decoder<readonly T[]> {
  const { min = 0, max = 1000 } = limits;
  const schema: Schema = { type: "array", items: item.schema, maxItems: max, ...(min > 0 ? { minItems: min } : {}) };
  return decoder({ ...schema, "x-kubernetes-list-type": "atomic" }, (tree, context) => {
    if (tree.kind !== "list")
      return report(
        context,
        tree.at,
        `must be a list, not ${shapeOf(tree)}`,
        "write it as [a, b] or as lines that begin with -",
      );
    if (tree.items.length < min)
      return report(
        context,
        tree.at,
        `must have at least ${min} item${min === 1 ? "" : "s"}`,
        "add one, or leave the field out",
      );
    if (tree.items.length > max)
      return report(context, tree.at, `has more than ${max} items`, "split it over several resources");
    const items = tree.items.map((each, i) => item(each, below(context, i)));
    return items.some((each) => each === undefined) ? undefined : (items as T[]);
  });
}

/** A map of free names; what is null is not there, as in Kubernetes. */
export function mapOf<T>(value: Decoder<T>, max = 100): Decoder<Readonly<Record<string, T>>> {
  const schema: Schema = { type: "object", additionalProperties: value.schema, maxProperties: max };
  return decoder(schema, (tree, context) => {
    if (tree.kind !== "map")
      return report(context, tree.at, `must be a map, not ${shapeOf(tree)}`, "write it as {name: value}");
    if (tree.entries.length > max) return report(context, tree.at, `has more than ${max} entries`, "remove some");
    const present = tree.entries.filter(({ value: each }) => each.kind !== "scalar" || each.value !== null);
    const values = present.map((entry) => [entry.key, value(entry.value, below(context, entry.key))] as const);
    return values.some(([, each]) => each === undefined)
      ? undefined
      : (Object.fromEntries(values) as Record<string, T>);
  });
}

/** A text of 1 to `max` characters. */
export function textOf(max: number): Decoder<string> {
  return decoder({ type: "string", minLength: 1, maxLength: max }, (tree, context) => {
    if (tree.kind === "scalar" && typeof tree.value === "string") {
      if (tree.value === "") return report(context, tree.at, "is empty", "write a text, or leave the field out");
      if (charactersIn(tree.value) > max)
        return report(context, tree.at, `is longer than ${max} characters`, "shorten it");
      return tree.value;
    }
    return report(
      context,
      tree.at,
      `must be a text, not ${shapeOf(tree)}`,
      tree.kind === "scalar" ? "put it in quotes" : "write one text",
    );
  });
}

export const text: Decoder<string> = textOf(4096);

/** Code points, as the API server counts. */
export function charactersIn(value: string): number {
  return value.length > 65_536 ? value.length : [...value].length;
}

/** A text that matches; `pattern` is written so that JavaScript and Go read it alike. */
export function matching(pattern: RegExp, max: number, what: string, remedy: string): Decoder<string> {
  return checked(
    textOf(max),
    (value, context, tree) =>
      pattern.test(value) ? value : report(context, tree.at, `${JSON.stringify(value)} ${what}`, remedy),
    { pattern: pattern.source },
  );
}

export function choice<const T extends string>(...values: readonly T[]): Decoder<T> {
  return decoder({ type: "string", enum: values }, (tree, context) => {
    if (tree.kind === "scalar" && values.includes(tree.value as T)) return tree.value as T;
    const word = tree.kind === "scalar" ? String(tree.value) : "";
    const near = word === "" ? "" : hint(word, values);
    const what = word === "" ? shapeOf(tree) : JSON.stringify(word);
    return report(
      context,
      tree.at,
      `${what} is not possible here`,
      near === "" ? `use one of ${values.join(", ")}` : near.replace(/^; /, ""),
    );
  });
}

export function integer(min: number, max: number): Decoder<number> {
  const format = max > 2_147_483_647 ? "int64" : "int32";
  return decoder({ type: "integer", format, minimum: min, maximum: max }, (tree, context) => {
    const value = tree.kind === "scalar" ? tree.value : null;
    if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max) return value;
    return report(
      context,
      tree.at,
      `must be a whole number from ${min} to ${max}`,
      "write such a number without quotes",
    );
  });
}

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** `90s`, `15m`, `1h`, `7d`, in seconds. */
export const duration: Decoder<number> = decoder(
  { type: "string", pattern: "^[0-9]{1,9}[smhd]$", maxLength: 10 },
  (tree, context) => {
    const match =
      tree.kind === "scalar" && typeof tree.value === "string" ? /^([0-9]{1,9})([smhd])$/.exec(tree.value) : null;
    if (match === null) return report(context, tree.at, "must be a duration", "write it like 60s, 15m, 1h or 7d");
    return Number(match[1]) * unitSeconds[match[2]!]!;
  },
);

/** `decode`, then `check`, which reports what is wrong and gives undefined; `narrowed` says the same to the API server. */
export function checked<T, R>(
  decode: Decoder<T>,
  check: (value: T, context: Context, tree: Tree) => R | undefined,
  narrowed: Schema = {},
): Decoder<R> {
  return decoder({ ...decode.schema, ...narrowed }, (tree, context) => {
    const value = decode(tree, context);
    return value === undefined ? undefined : check(value, context, tree);
  });
}

function shapeOf(tree: Tree): string {
  if (tree.kind !== "scalar") return `a ${tree.kind}`;
  return tree.value === null ? "nothing" : `a ${typeof tree.value === "string" ? "text" : typeof tree.value}`;
}
