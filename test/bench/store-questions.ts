// The ten questions of docs/collector.md.
import { checkQuestion, type Question } from "../../pkg/store/question.ts";
import { OCTOBER_MS } from "./store-traffic.ts";

const DAY_MS = 86_400_000;
const inOctober = [
  { field: "time", op: "gte", value: OCTOBER_MS },
  { field: "time", op: "lt", value: OCTOBER_MS + 31 * DAY_MS },
];
const on = (day: number) => [
  { field: "time", op: "gte", value: OCTOBER_MS + (day - 1) * DAY_MS },
  { field: "time", op: "lt", value: OCTOBER_MS + day * DAY_MS },
];
const is = (field: string, value: string) => ({ field, op: "eq", value });
const latest = [{ by: "time", descending: true }];

const asked: Readonly<Record<string, unknown>> = {
  "who read customers.email in October, clear or masked": {
    from: "columns",
    where: [...inOctober, is("table", "customers"), is("column", "email"), is("access", "Read")],
    groupBy: ["principal", "shown"],
    measures: [{ count: "rows" }, { max: "time" }],
  },
  "who connected on the 14th, from where": {
    from: "sessions",
    where: on(14),
    groupBy: ["principal", "cluster", "address"],
  },
  "what was refused in October, by which rule": {
    from: "statements",
    where: [...inOctober, is("verdict", "refuse")],
    groupBy: ["rules", "principal"],
  },
  "what agents did for one person": {
    from: "statements",
    where: [is("actingFor", "https://id.example.com/person-10@example.com")],
    orderBy: latest,
    limit: 100,
  },
  "changes of schema": { from: "changes", where: [is("register", "Schema")], orderBy: latest, limit: 100 },
  "changes of data, by table and person": {
    from: "changes",
    where: [is("register", "Data"), is("cluster", "eu-1")],
    groupBy: ["schema", "table", "principal"],
    measures: [{ count: "rows" }, { sum: "rows" }],
  },
  "access by class of data": {
    from: "columns",
    where: [{ field: "class", op: "null", value: false }],
    groupBy: ["class", "shown", "environment"],
  },
  "the longest statements of a day": {
    from: "statements",
    where: on(14),
    select: ["time", "principal", "text", "durationUs"],
    orderBy: [{ by: "durationUs", descending: true }],
    limit: 20,
  },
  "rows by person and database, all of October": {
    from: "statements",
    where: inOctober,
    groupBy: ["principal", "database"],
    measures: [{ count: "rows" }, { sum: "rows" }, { sum: "maskedCells" }],
  },
  "one session from beginning to end": {
    from: "statements",
    where: [is("session", `5e55-${"1".padStart(32, "0")}`)],
    orderBy: [{ by: "time" }],
    limit: 1000,
  },
};

export const QUESTIONS: readonly (readonly [string, Question])[] = Object.entries(asked).map(([name, input]) => {
  const checked = checkQuestion(input);
  if (!checked.ok) throw new Error(`${name}: ${checked.problems.join("; ")}`);
  return [name, checked.question];
});
