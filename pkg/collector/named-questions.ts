// The questions that auditors ask, each by a name and a few parameters. They are nothing but questions of the index, written once.
import { hint } from "../runtime/closest.ts";
import type { Condition, Question } from "../store/question.ts";

export interface NamedQuestion {
  /** One line, as a person asks it. */
  readonly asks: string;
  readonly parameters: readonly ParameterName[];
  question(conditions: readonly Condition[]): Omit<Question, "limit">;
}

/** Each narrows; `*` stands for any run of characters. */
export const PARAMETERS = {
  column: "[schema.]table.column",
  table: "[schema.]table",
  class: "such as PII.EMAIL",
  principal: "a person, agent or service",
  actingFor: "on whose behalf, issuer/name",
  database: "namespace/name of a GovernedDatabase",
  cluster: "a cluster",
  environment: "an environment",
  namespace: "a namespace",
  session: "a session's id",
  verdict: "allow, mask, refuse, hold or observe",
  shown: "Clear, Masked, Derived, Refused or None",
  rule: "policy/rule",
  from: "time, inclusive",
  to: "time, exclusive",
  rows: "more than so many",
} as const;

export type ParameterName = keyof typeof PARAMETERS;

const common = [
  "principal",
  "actingFor",
  "database",
  "cluster",
  "environment",
  "namespace",
  "from",
  "to",
] as const satisfies readonly ParameterName[];
const is = (field: string, value: string): Condition => ({ field, op: "eq", value });
const newest = [{ by: "time", descending: true }];
const count = { count: "rows" } as const;

export const NAMED: Readonly<Record<string, NamedQuestion>> = {
  reads: {
    asks: "who read this column, clear or masked",
    parameters: ["column", "table", "class", "shown", ...common],
    question: (where) => ({
      from: "columns",
      where: [is("access", "Read"), ...where],
      groupBy: ["cluster", "database", "principal", "kind", "actingFor", "schema", "table", "column", "class", "shown"],
      measures: [count, { sum: "rows" }, { min: "time" }, { max: "time" }],
    }),
  },
  connections: {
    asks: "who connected, when, from where",
    parameters: common,
    question: (where) => ({ from: "sessions", where, orderBy: newest }),
  },
  changes: {
    asks: "what was changed, data (DML) and schema (DDL)",
    parameters: ["table", ...common],
    question: (where) => ({
      from: "changes",
      where: [{ field: "verdict", op: "ne", value: "refuse" }, ...where],
      select: [
        "time",
        "cluster",
        "database",
        "principal",
        "actingFor",
        "register",
        "change",
        "schema",
        "table",
        "filter",
        "rows",
        "status",
        "text",
      ],
      orderBy: newest,
    }),
  },
  classes: {
    asks: "which classes of data were read, by whom",
    parameters: ["class", "shown", ...common],
    question: (where) => ({
      from: "columns",
      where: [is("access", "Read"), { field: "class", op: "null", value: false }, ...where],
      groupBy: ["class", "shown", "cluster", "database", "principal", "kind"],
      measures: [count, { sum: "rows" }, { max: "time" }],
    }),
  },
  refusals: {
    asks: "what was refused, by which rule",
    parameters: ["rule", ...common],
    question: (where) => ({
      from: "statements",
      where: [is("verdict", "refuse"), ...where],
      groupBy: ["cluster", "database", "principal", "rules"],
      measures: [count, { min: "time" }, { max: "time" }],
    }),
  },
  delegated: {
    asks: "what agents did on behalf of people",
    parameters: common,
    question: (where) => ({
      from: "statements",
      where: [{ field: "actingFor", op: "null", value: false }, ...where],
      groupBy: ["principal", "actingFor", "cluster", "database", "statementKind", "verdict"],
      measures: [count, { sum: "rows" }, { max: "time" }],
    }),
  },
  statements: {
    asks: "every statement, one by one",
    parameters: ["verdict", "rule", "session", ...common],
    question: (where) => ({
      from: "statements",
      where,
      select: [
        "time",
        "cluster",
        "database",
        "principal",
        "actingFor",
        "assurance",
        "verdict",
        "rules",
        "text",
        "status",
        "rows",
        "maskedCells",
        "session",
      ],
      orderBy: newest,
    }),
  },
  exports: {
    asks: "which statements took many rows out",
    parameters: ["rows", ...common],
    question: (where) => ({
      from: "statements",
      where: [{ field: "effects", op: "in", value: ["Read", "CopyOut"] }, ...where],
      select: ["time", "cluster", "database", "principal", "actingFor", "rows", "maskedCells", "effects", "text"],
      orderBy: [{ by: "rows", descending: true }],
    }),
  },
  unverified: {
    asks: "who reached data without being verified (assurance L0)",
    parameters: common,
    question: (where) => ({
      from: "sessions",
      where: [is("assurance", "L0"), ...where],
      groupBy: ["cluster", "environment", "namespace", "database", "login", "principal"],
      measures: [count, { min: "time" }, { max: "time" }],
    }),
  },
  lookups: {
    asks: "what readers of the records have looked up",
    parameters: ["from", "to"],
    question: (where) => ({ from: "lookups", where, orderBy: newest }),
  },
};

export type Named =
  | { readonly ok: true; readonly question: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly problems: readonly string[] };

/** `given`: texts by parameter, times in milliseconds. The question is to be checked as any other. */
export function namedQuestion(name: string, given: Readonly<Record<string, unknown>>): Named {
  const named = Object.hasOwn(NAMED, name) ? NAMED[name] : undefined;
  if (named === undefined) {
    const names = Object.keys(NAMED);
    return {
      ok: false,
      problems: [
        `ask: there is no question ${JSON.stringify(name.slice(0, 60))}${hint(name, names) || `; there are ${names.join(", ")}`}`,
      ],
    };
  }
  const problems: string[] = [];
  const conditions: Condition[] = [];
  for (const [parameter, value] of Object.entries(given)) {
    if (!named.parameters.includes(parameter as ParameterName)) {
      const names = named.parameters.join(", ");
      problems.push(`with.${parameter.slice(0, 60)}: ${name} takes ${names}`);
    } else conditions.push(...conditionsOf(parameter as ParameterName, value, problems));
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, question: { ...named.question(conditions) } };
}

function conditionsOf(parameter: ParameterName, value: unknown, problems: string[]): readonly Condition[] {
  if (parameter === "from" || parameter === "to" || parameter === "rows") {
    if (!Number.isSafeInteger(value))
      problems.push(`with.${parameter}: write ${parameter === "rows" ? "a whole number" : "milliseconds since 1970"}`);
    const number = value as number;
    if (parameter === "from") return [{ field: "time", op: "gte", value: number }];
    return parameter === "to"
      ? [{ field: "time", op: "lt", value: number }]
      : [{ field: "rows", op: "gte", value: number + 1 }];
  }
  if (typeof value !== "string" || value === "") {
    problems.push(`with.${parameter}: write a text: ${PARAMETERS[parameter]}`);
    return [];
  }
  const like = (field: string, pattern: string): Condition =>
    pattern.includes("*") ? { field, op: "like", value: pattern } : { field, op: "eq", value: pattern };
  if (parameter === "rule") return [like("rules", value)];
  if (parameter !== "column" && parameter !== "table") return [like(parameter, value)];
  const parts = value.split(".");
  const names = parameter === "column" ? ["schema", "table", "column"] : ["schema", "table"];
  if (parts.length < names.length - 1 || parts.length > names.length || parts.includes("")) {
    problems.push(`with.${parameter}: write ${PARAMETERS[parameter]}`);
    return [];
  }
  return names.slice(names.length - parts.length).map((field, at) => like(field, parts[at]!));
}
