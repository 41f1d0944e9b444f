// The closed language in which populations are asked for (the same as that of the collector's query API), and its plain evaluation over
// rows that were read from records. The verifier of a pack uses this one: it trusts no index.
import type { Cell, Row, TableName, Tables } from "./row.ts";

export type Operator = "eq" | "in" | "like" | "gte" | "lt" | "contains";

export interface Condition {
  readonly field: string;
  readonly op: Operator;
  readonly value: string | number | boolean | readonly (string | number | boolean)[];
}

/** All conditions hold. */
export interface Question {
  readonly from: TableName;
  readonly where: readonly Condition[];
}

export function ask(tables: Tables, { from, where }: Question): readonly Row[] {
  return tables[from].filter((row) => holdsAll(row, where));
}

export function holdsAll(row: Row, where: readonly Condition[]): boolean {
  return where.every((condition) => holds(row[condition.field] ?? null, condition));
}

/** For a list: one of its members does. Null is equal to nothing, so that what is not known meets no condition. */
function holds(cell: Cell, { op, value }: Condition): boolean {
  if (cell === null) return false;
  const cells = typeof cell === "object" ? cell : [cell];
  return cells.some((each) => holdsOne(each, op, value));
}

function holdsOne(cell: string | number | boolean, op: Operator, value: Condition["value"]): boolean {
  switch (op) {
    case "eq":
      return cell === value;
    case "in":
      return Array.isArray(value) && value.includes(cell);
    case "gte":
      return typeof cell === typeof value && cell >= (value as typeof cell);
    case "lt":
      return typeof cell === typeof value && cell < (value as typeof cell);
    case "contains":
      return typeof cell === "string" && typeof value === "string" && cell.includes(value);
    case "like":
      return typeof cell === "string" && typeof value === "string" && isLike(cell, value);
    default:
      return op satisfies never;
  }
}

/** `*` stands for any run of characters. No regular expression: a pattern of many stars must stay cheap. */
function isLike(text: string, pattern: string): boolean {
  const parts = pattern.split("*");
  const [first = "", last = ""] = [parts[0], parts.at(-1)];
  if (parts.length === 1) return text === pattern;
  if (!text.startsWith(first) || text.length < first.length + last.length || !text.endsWith(last)) return false;
  let at = first.length;
  const end = text.length - last.length;
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at);
    if (found === -1 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}

/** As an auditor reads it; JSON beside it is what is evaluated. */
export function questionText({ from, where }: Question): string {
  return `${from}${where.length === 0 ? "" : " where "}${where.map(conditionText).join(" and ")}`;
}

const words: Readonly<Record<Operator, string>> = {
  eq: "=",
  in: "in",
  like: "like",
  gte: ">=",
  lt: "<",
  contains: "contains",
};

function conditionText({ field, op, value }: Condition): string {
  return `${field} ${words[op]} ${typeof value === "object" ? `(${value.join(", ")})` : String(value)}`;
}
