// A checked question to SQL. Names come from the closed lists of fields.ts and tables.ts, values are bound: nothing of a question's texts
// is ever part of the SQL.
import { type Fields, type FieldType, VIEWS, type ViewName } from "./fields.ts";
import { answerFields, type Condition, type Measure, measureName, type Order, type Question } from "./question.ts";
import { TABLES } from "./tables.ts";

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
  const conditions = where.map((condition) => conditionSql(condition, fields[condition.field]!, dialect));
  const joined = joinsOutcomes(question);
  return [
    `SELECT ${columns.join(", ")} FROM (${viewSql(from, joined, dialect)}) AS v`,
    conditions.length > 0 ? ` WHERE ${conditions.join(" AND ")}` : "",
    groupBy === undefined ? "" : ` GROUP BY ${groupBy.map(quote).join(", ")}`,
    orderSql(steadyOrder(question)),
    limit === null ? "" : ` LIMIT ${limit} OFFSET ${question.offset ?? 0}`,
  ].join("");
}

/** Whether the outcome of a decision is asked for; else it is not looked up. A second outcome of a decision, which only a liar sends, is a second row then. */
export function joinsOutcomes(question: Question): boolean {
  const used = usedFields(question);
  return ["statements", "columns", "changes"].includes(question.from) && OUTCOME_FIELDS.some((name) => used.has(name));
}

/** Always one order, whatever the engine: behind what is told come time and place in the chain, or the groups. */
export function steadyOrder(question: Question): readonly Order[] {
  const { from, groupBy, measures, orderBy = [] } = question;
  const isGrouped = groupBy !== undefined || measures !== undefined;
  const steady = isGrouped
    ? (groupBy ?? [])
    : [
        ...["time", "chain", "number"],
        ...(from === "columns" || from === "changes" ? ["ordinal"] : []),
        ...(joinsOutcomes(question) ? ["outcomeChain", "outcomeNumber"] : []),
      ];
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

function viewSql(view: ViewName, joined: boolean, dialect: Dialect): string {
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
      return statementsSql(joined, dialect, [], "");
    case "columns":
    case "changes": {
      const own = Object.keys(TABLES[view]).filter((name) => !["chain", "number", "entry", "ordinal"].includes(name));
      const join = `JOIN ${dialect.table(view)} AS c ON c."chain" = d."chain" AND c."number" = d."number" `;
      return statementsSql(
        joined,
        dialect,
        [...own.map((name) => `c.${quote(name)} AS ${quote(name)}`), `c."ordinal" AS "ordinal"`],
        join,
      );
    }
    default:
      return view satisfies never;
  }
}

/** The outcome is joined only where it is asked for. */
function statementsSql(joined: boolean, dialect: Dialect, more: readonly string[], join: string): string {
  const decision = Object.keys(TABLES.decisions).map((name) => `d.${quote(name)} AS ${quote(name)}`);
  const outcome = joined
    ? [
        ...OUTCOME_FIELDS.map((name) => `o.${quote(name)} AS ${quote(name)}`),
        'o."chain" AS "outcomeChain"',
        'o."number" AS "outcomeNumber"',
      ]
    : [];
  const on = ["cluster", "namespace", "session", "statement"].map((name) => `o.${quote(name)} = d.${quote(name)}`);
  return (
    `SELECT ${[...decision, ...more, ...outcome].join(", ")} FROM ${dialect.table("decisions")} AS d ${join}` +
    (joined ? `LEFT JOIN ${dialect.table("outcomes")} AS o ON ${on.join(" AND ")}` : "")
  );
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
