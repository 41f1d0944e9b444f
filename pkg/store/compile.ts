// A checked question to SQL. Names come from the closed lists of fields.ts and tables.ts, values are bound: nothing of a question's texts
// is ever part of the SQL.
import { type Fields, type FieldType, VIEWS, type ViewName } from "./fields.ts";
import { answerFields, type Condition, type Measure, measureName, type Order, type Question } from "./question.ts";
import { TABLES, type TableName } from "./tables.ts";

/** What engines spell differently. `value` binds one and gives its place in the SQL. */
export interface Dialect {
  /** A table with its rows once each. */
  table(name: string): string;
  value(value: string | number | boolean): string;
  like(text: string, pattern: string): string;
  isOther(field: string, value: string): string;
  has(list: string, value: string): string;
  hasLike(list: string, pattern: string): string;
  length(list: string): string;
  /** Null of no rows; `distinct` counts values that are not null. */
  measure(what: "distinct" | "sum" | "min" | "max", field: string): string;
}

const OUTCOME_FIELDS = ["status", "sqlstate", "rows", "maskedCells", "durationUs"];

/** `offset` and `limit` as told; `limit` null: all. */
export function compileQuestion(question: Question, dialect: Dialect, limit: number | null): string {
  const { from, where, groupBy, measures } = question;
  const fields: Fields = VIEWS[from];
  const isGrouped = groupBy !== undefined || measures !== undefined;
  const columns = isGrouped
    ? [
        ...(groupBy ?? []).map(quote),
        ...(measures ?? [{ count: "rows" } as Measure]).map((measure) => measureSql(measure, dialect)),
      ]
    : answerFields(from, question).map(({ name }) => quote(name));
  const among = (names: Iterable<string>) => {
    const those = new Set(names);
    const conditions = where
      .filter(({ field }) => those.has(field))
      .map((condition) => conditionSql(condition, fields[condition.field]!, dialect));
    return conditions.length > 0 ? ` WHERE ${conditions.join(" AND ")}` : "";
  };
  return [
    `SELECT ${columns.join(", ")} FROM (${viewSql(question, dialect, among)}) AS v`,
    among(isOfStatements(from) ? OUTCOME_FIELDS : Object.keys(fields)),
    groupBy === undefined ? "" : ` GROUP BY ${groupBy.map(quote).join(", ")}`,
    orderSql(steadyOrder(question)),
    limit === null ? "" : ` LIMIT ${limit} OFFSET ${question.offset ?? 0}`,
  ].join("");
}

/** Always one order, whatever the engine: behind what is told come time and place in the chain, or the groups. */
export function steadyOrder(question: Question): readonly Order[] {
  const { from, groupBy, measures, orderBy = [] } = question;
  const isGrouped = groupBy !== undefined || measures !== undefined;
  const steady = isGrouped
    ? (groupBy ?? [])
    : [...["time", "chain", "number"], ...(from === "columns" || from === "changes" ? ["ordinal"] : [])];
  return [...orderBy, ...steady.filter((name) => !orderBy.some(({ by }) => by === name)).map((by) => ({ by }))];
}

function usedFields({ from, where, select, groupBy, measures, orderBy }: Question): ReadonlySet<string> {
  const used = new Set(where.map(({ field }) => field));
  const isGrouped = groupBy !== undefined || measures !== undefined;
  for (const name of [...(groupBy ?? []), ...(isGrouped ? [] : (select ?? Object.keys(VIEWS[from])))]) used.add(name);
  for (const measure of measures ?? []) for (const of of Object.values(measure)) used.add(of);
  for (const { by } of orderBy ?? []) used.add(by);
  return used;
}

/** The conditions on these fields, as a WHERE. */
type Among = (names: Iterable<string>) => string;

type OfStatements = "statements" | "columns" | "changes";

function isOfStatements(view: ViewName): view is OfStatements {
  return view === "statements" || view === "columns" || view === "changes";
}

function viewSql(question: Question, dialect: Dialect, among: Among): string {
  const { from: view } = question;
  switch (view) {
    case "lookups":
    case "others":
      return `SELECT * FROM ${dialect.table(view)}`;
    case "sessions":
      return (
        `SELECT s.*, e."time" AS "ended", e."reason" AS "endReason" ` +
        `FROM (SELECT * FROM ${dialect.table("sessions")} WHERE "phase" != 'close') AS s LEFT JOIN ` +
        `(SELECT "cluster", "namespace", "session", min("time") AS "time", min("reason") AS "reason" FROM ${dialect.table("sessions")} ` +
        `WHERE "phase" = 'close' GROUP BY "cluster", "namespace", "session") AS e ` +
        `ON s."cluster" = e."cluster" AND s."namespace" = e."namespace" AND s."session" = e."session"`
      );
    case "statements":
    case "columns":
    case "changes":
      return statementsSql(view, usedFields(question), dialect, among);
    default:
      return view satisfies never;
  }
}

/**
 * Conditions stand inside, so that little is joined, and the outcome is joined only where it is asked for. Of several outcomes of one
 * decision (a machine that lost its last writes closes what it had closed before) that of its own chain counts, then the log's first.
 */
function statementsSql(view: OfStatements, used: ReadonlySet<string>, dialect: Dialect, among: Among): string {
  const part = (table: TableName, names: readonly string[], as: string) =>
    `(SELECT * FROM ${dialect.table(table)}${among(names)}) AS ${as}`;
  const shown = Object.keys(TABLES.decisions).map((name) => `d.${quote(name)} AS ${quote(name)}`);
  const which = ['d."chain"', 'd."number"'];
  let from = part("decisions", Object.keys(TABLES.decisions), "d");
  if (view !== "statements") {
    const own = Object.keys(TABLES[view]).filter((name) => !["chain", "number", "entry", "ordinal"].includes(name));
    shown.push(...own.map((name) => `c.${quote(name)} AS ${quote(name)}`), `c."ordinal" AS "ordinal"`);
    from += ` JOIN ${part(view, own, "c")} ON c."chain" = d."chain" AND c."number" = d."number"`;
    which.push('c."ordinal"');
  }
  if (!OUTCOME_FIELDS.some((name) => used.has(name))) return `SELECT ${shown.join(", ")} FROM ${from}`;
  const on = ["cluster", "namespace", "session", "statement"].map((name) => `o.${quote(name)} = d.${quote(name)}`);
  const order = `CASE WHEN o."chain" = d."chain" THEN 0 ELSE 1 END, o."entry", o."number"`;
  shown.push(...OUTCOME_FIELDS.map((name) => `o.${quote(name)} AS ${quote(name)}`));
  shown.push(`row_number() OVER (PARTITION BY ${which.join(", ")} ORDER BY ${order}) AS "turn"`);
  const joined = `SELECT ${shown.join(", ")} FROM ${from} LEFT JOIN ${dialect.table("outcomes")} AS o ON ${on.join(" AND ")}`;
  return `SELECT * FROM (${joined}) AS j WHERE "turn" = 1`;
}

function orderSql(order: readonly Order[]): string {
  const parts = order.map(({ by, descending }) => `${quote(by)} ${descending ? "DESC" : "ASC"} NULLS LAST`);
  return parts.length === 0 ? "" : ` ORDER BY ${parts.join(", ")}`;
}

function measureSql(measure: Measure, dialect: Dialect): string {
  if ("count" in measure) return `count(*) AS ${quote("count")}`;
  const [what, of] = Object.entries(measure)[0]! as ["distinct" | "sum" | "min" | "max", string];
  return `${dialect.measure(what, quote(of))} AS ${quote(measureName(measure))}`;
}

function conditionSql({ field, op, value }: Condition, type: FieldType, dialect: Dialect): string {
  const name = quote(field);
  const isList = type === "texts";
  const one = (each: string | number | boolean) =>
    isList ? dialect.has(name, dialect.value(each)) : `${name} = ${dialect.value(each)}`;
  switch (op) {
    case "null":
      if (isList) return `${dialect.length(name)} ${value ? "=" : ">"} 0`;
      return `${name} IS ${value ? "" : "NOT "}NULL`;
    case "eq":
      return one(value as string);
    case "ne":
      if (isList) return `NOT ${dialect.has(name, dialect.value(value as string))}`;
      return dialect.isOther(name, dialect.value(value as string));
    case "in":
      return `(${(value as readonly string[]).map(one).join(" OR ")})`;
    case "like": {
      const pattern = dialect.value(likePattern(value as string));
      return isList ? dialect.hasLike(name, pattern) : dialect.like(name, pattern);
    }
    case "gte":
      return `${name} >= ${dialect.value(value as number)}`;
    case "lt":
      return `${name} < ${dialect.value(value as number)}`;
    default:
      return op satisfies never;
  }
}

/** `*` as SQL's LIKE has it, with the backslash as its escape. */
export function likePattern(glob: string): string {
  return glob.replace(/[\\%_]/g, "\\$&").replaceAll("*", "%");
}

export function quote(name: string): string {
  return `"${name}"`;
}
