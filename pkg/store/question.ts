// A question to the index: a closed language over the views of fields.ts. What is not in it cannot be asked, and each problem names its
// place and the remedy.
import { closest } from "../runtime/closest.ts";
import { type Fields, type FieldType, VIEWS, type ViewName } from "./fields.ts";

export const OPERATORS = ["eq", "ne", "in", "like", "gte", "lt", "null"] as const;
export type Operator = (typeof OPERATORS)[number];

export type Scalar = string | number | boolean;

/**
 * `like`: `*` stands for any run of characters, upper and lower case count. Of a list, a condition holds when one of its members meets it
 * (`ne`: when none does). `null`: value true or false. A field that is null meets no condition but `null` and `ne`.
 */
export interface Condition {
  readonly field: string;
  readonly op: Operator;
  readonly value: Scalar | readonly Scalar[];
}

export type Measure =
  | { readonly count: "rows" }
  /** Different values of a field. */
  | { readonly distinct: string }
  | { readonly sum: string }
  | { readonly min: string }
  | { readonly max: string };

export interface Order {
  readonly by: string;
  readonly descending?: boolean;
}

export interface Question {
  readonly from: ViewName;
  /** All of them hold. */
  readonly where: readonly Condition[];
  /** Fields of the answer; not together with `groupBy`. */
  readonly select?: readonly string[];
  readonly groupBy?: readonly string[];
  readonly measures?: readonly Measure[];
  readonly orderBy?: readonly Order[];
  readonly limit: number;
  /** How many rows to pass over: the next page of the same question. */
  readonly offset?: number;
}

export type Checked =
  | { readonly ok: true; readonly question: Question }
  | { readonly ok: false; readonly problems: readonly string[] };

export const ROWS_MAX = 10_000;
const DEFAULT_LIMIT = 1000;
const CONDITIONS_MAX = 32;
const VALUES_MAX = 1000;
const TEXT_MAX = 4096;
const MEMBERS = ["from", "where", "select", "groupBy", "measures", "orderBy", "limit", "offset"];

/** Field of an answer that a measure makes: `rows`, `distinct principal`, `sum rows`. */
export function measureName(measure: Measure): string {
  const [what, of] = Object.entries(measure)[0]!;
  return what === "count" ? "count" : `${what} ${of}`;
}

/** `input`: anything that JSON can hold. */
export function checkQuestion(input: unknown): Checked {
  const problems: string[] = [];
  if (typeof input !== "object" || input === null || Array.isArray(input))
    return { ok: false, problems: ['a question is an object, such as {"from": "columns", "where": []}'] };
  const given = input as Readonly<Record<string, unknown>>;
  for (const name of Object.keys(given))
    if (!MEMBERS.includes(name)) problems.push(`${quoted(name)} is no member of a question${meant(name, MEMBERS)}`);
  const from = given.from;
  if (typeof from !== "string" || !Object.hasOwn(VIEWS, from))
    return { ok: false, problems: [...problems, `from: name one of ${Object.keys(VIEWS).join(", ")}`] };
  const view = from as ViewName;
  const at = new Checker(VIEWS[view], problems);
  const groupBy = at.names("groupBy", given.groupBy);
  const select = at.names("select", given.select);
  const measures = at.measures(given.measures);
  if (select !== undefined && (groupBy !== undefined || measures !== undefined))
    problems.push("select: stands without groupBy and measures; the fields of groupBy are in the answer anyway");
  const answered = answerFields(view, { select, groupBy, measures });
  const question: Question = {
    from: view,
    where: at.conditions(given.where),
    ...(select && { select }),
    ...(groupBy && { groupBy }),
    ...(measures && { measures }),
    orderBy: at.order(given.orderBy, answered),
    limit: at.whole("limit", given.limit, DEFAULT_LIMIT, 1, ROWS_MAX),
    offset: at.whole("offset", given.offset, 0, 0, 10_000_000),
  };
  return problems.length === 0 ? { ok: true, question } : { ok: false, problems };
}

export interface AnswerField {
  readonly name: string;
  readonly type: FieldType;
}

/** In the order of the answer. */
export function answerFields(
  from: ViewName,
  { select, groupBy, measures }: { readonly [K in "select" | "groupBy" | "measures"]?: Question[K] | undefined },
): readonly AnswerField[] {
  const fields: Fields = VIEWS[from];
  const typed = (name: string) => ({ name, type: fields[name] ?? "text" });
  if (groupBy === undefined && measures === undefined) return (select ?? Object.keys(fields)).map(typed);
  const measured = (measures ?? [{ count: "rows" }]).map((measure: Measure) => {
    const of = "min" in measure ? measure.min : "max" in measure ? measure.max : null;
    return { name: measureName(measure), type: of === null ? ("integer" as const) : (fields[of] ?? "integer") };
  });
  return [...(groupBy ?? []).map(typed), ...measured];
}

class Checker {
  private readonly fields: Fields;
  private readonly problems: string[];

  constructor(fields: Fields, problems: string[]) {
    this.fields = fields;
    this.problems = problems;
  }

  names(where: string, value: unknown): readonly string[] | undefined {
    if (value === undefined) return undefined;
    if (!Array.isArray(value) || value.length === 0 || value.length > 64)
      return void this.problems.push(`${where}: write a list of fields`);
    const good = value.filter((name, at) => this.field(`${where}[${at}]`, name) !== undefined);
    if (new Set(good).size !== good.length) this.problems.push(`${where}: names a field twice`);
    return good;
  }

  measures(value: unknown): readonly Measure[] | undefined {
    if (value === undefined) return undefined;
    if (!Array.isArray(value) || value.length === 0 || value.length > 16)
      return void this.problems.push('measures: write a list such as [{"count": "rows"}, {"sum": "rows"}]');
    return value.filter((each, at) => this.isMeasure(`measures[${at}]`, each));
  }

  conditions(value: unknown): readonly Condition[] {
    if (value === undefined) return [];
    if (!Array.isArray(value) || value.length > CONDITIONS_MAX) {
      this.problems.push(`where: write a list of at most ${CONDITIONS_MAX} conditions`);
      return [];
    }
    return value.filter((each, at) => this.isCondition(`where[${at}]`, each));
  }

  order(value: unknown, answered: readonly AnswerField[]): readonly Order[] {
    if (value === undefined) return [];
    if (!Array.isArray(value) || value.length > 8) {
      this.problems.push('orderBy: write a list such as [{"by": "time", "descending": true}]');
      return [];
    }
    const names = answered.map(({ name }) => name);
    return value.filter((each, at) => {
      const { by, descending } = (each ?? {}) as Readonly<Record<string, unknown>>;
      const good = typeof by === "string" && names.includes(by) && ["undefined", "boolean"].includes(typeof descending);
      if (!good)
        this.problems.push(`orderBy[${at}]: by must be a field of the answer: ${names.slice(0, 60).join(", ")}`);
      return good;
    });
  }

  whole(where: string, value: unknown, otherwise: number, least: number, most: number): number {
    if (value === undefined) return otherwise;
    if (Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most) return value as number;
    this.problems.push(`${where}: write a whole number from ${least} to ${most}`);
    return otherwise;
  }

  private field(where: string, name: unknown): FieldType | undefined {
    if (typeof name === "string" && Object.hasOwn(this.fields, name)) return this.fields[name];
    const told =
      typeof name === "string"
        ? `${quoted(name)} is no field here${meant(name, Object.keys(this.fields))}`
        : "name a field";
    return void this.problems.push(`${where}: ${told}`);
  }

  private isMeasure(where: string, each: unknown): each is Measure {
    const entries = typeof each === "object" && each !== null ? Object.entries(each) : [];
    const [what, of] = entries[0] ?? [];
    if (entries.length !== 1 || !["count", "distinct", "sum", "min", "max"].includes(what!)) {
      this.problems.push(`${where}: write one of count, distinct, sum, min, max, such as {"sum": "rows"}`);
      return false;
    }
    if (what === "count") {
      if (of === "rows") return true;
      this.problems.push(`${where}: count counts rows: {"count": "rows"}`);
      return false;
    }
    const type = this.field(where, of);
    if (type === undefined) return false;
    if (what === "distinct" ? type !== "texts" : type === "integer" || (what !== "sum" && type === "time")) return true;
    this.problems.push(`${where}: ${what} does not go with ${of}, which is of type ${type}`);
    return false;
  }

  private isCondition(where: string, each: unknown): each is Condition {
    const { field, op, value } = (each ?? {}) as Readonly<Record<string, unknown>>;
    const type = this.field(`${where}.field`, field);
    if (typeof op !== "string" || !(OPERATORS as readonly string[]).includes(op)) {
      this.problems.push(`${where}.op: write one of ${OPERATORS.join(", ")}`);
      return false;
    }
    if (type === undefined) return false;
    const why = valueProblem(type, op as Operator, value);
    if (why !== null) this.problems.push(`${where}.value: ${why}`);
    return why === null;
  }
}

function valueProblem(type: FieldType, op: Operator, value: unknown): string | null {
  if (op === "null") return typeof value === "boolean" ? null : "write true (there is none) or false";
  if (op === "in") {
    if (!Array.isArray(value) || value.length === 0 || value.length > VALUES_MAX)
      return `write a list of 1 to ${VALUES_MAX} values`;
    return value.map((each) => scalarProblem(type, each)).find((why) => why !== null) ?? null;
  }
  if (op === "like" && type !== "text" && type !== "texts")
    return `like goes with texts, and this field is of type ${type}`;
  if ((op === "gte" || op === "lt") && type !== "time" && type !== "integer")
    return `${op} goes with times and numbers, and this field is of type ${type}`;
  return scalarProblem(type, value);
}

function scalarProblem(type: FieldType, value: unknown): string | null {
  switch (type) {
    case "text":
    case "texts":
      if (typeof value !== "string") return "write a text";
      return value.length <= TEXT_MAX ? null : `write at most ${TEXT_MAX} characters`;
    case "boolean":
      return typeof value === "boolean" ? null : "write true or false";
    case "integer":
      return Number.isSafeInteger(value) ? null : "write a whole number";
    case "time":
      return Number.isSafeInteger(value) ? null : "write milliseconds since 1970 (UTC)";
    default:
      return type satisfies never;
  }
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 60));
}

function meant(name: string, among: readonly string[]): string {
  const close = closest(name, among);
  return close === undefined ? `; there are ${among.slice(0, 60).join(", ")}` : `; did you mean ${close}?`;
}
