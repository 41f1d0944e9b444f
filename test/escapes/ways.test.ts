// The lists stay broad: no way out is tried less than twelve times, over 300 leaks and 150 dodges in all, over 200 harmless statements.
import { harmless } from "../conformance/harmless.ts";
import { dodges } from "./dodges.ts";
import type { Leak } from "./escape.ts";
import byAttack from "./leaks/by-attack.ts";
import bySecondAttack from "./leaks/by-attack-2.ts";
import changedNames from "./leaks/changed-names.ts";
import conditionalErrors from "./leaks/conditional-errors.ts";
import errorTexts from "./leaks/error-texts.ts";
import executeArguments from "./leaks/execute-arguments.ts";
import foundByAttack from "./leaks/found-by-attack.ts";
import moreWays from "./leaks/more-ways.ts";
import predicates from "./leaks/predicates.ts";
import queries from "./leaks/queries.ts";
import sideWays from "./leaks/side-ways.ts";
import { roadsFor } from "./roads.ts";

const lists = [
  queries,
  predicates,
  conditionalErrors,
  sideWays,
  changedNames,
  errorTexts,
  executeArguments,
  foundByAttack,
  byAttack,
  bySecondAttack,
  moreWays,
];
const leaks: readonly Leak[] = lists.flat();

/** Everything that an attempt sends, as text. */
function sent(value: unknown): string {
  if (Buffer.isBuffer(value)) return value.toString("latin1");
  if (Array.isArray(value)) return value.map(sent).join("\n");
  if (typeof value === "object" && value !== null) return Object.values(value).map(sent).join("\n");
  return "";
}

const told = (leak: Leak) => [leak.name, ...leak.sql, sent(leak.steps ?? [])].join("\n");
const count = (pattern: RegExp) => leaks.filter((leak) => pattern.test(told(leak))).length;

test.each<[string, RegExp]>([
  ["COPY", /\bCOPY\b/],
  ["cursors", /\b(DECLARE|FETCH|MOVE)\b/],
  ["EXECUTE", /\bEXECUTE\b/],
  ["texts of errors", /^error|fails|in the text of an error/m],
  ["notices", /^notice/m],
  ["notifications", /^notification|notify/m],
  ["EXPLAIN", /\bEXPLAIN\b/],
  ["statistics and activity", /pg_stat|^statistics/m],
  ["large objects", /^large object|lo_/m],
  ["functions that run text as SQL", /^text as SQL|query_to_xml|run_text|table_to_xml/m],
  ["foreign tables", /^foreign table/m],
  ["temp tables", /\bTEMP\b/],
  ["CREATE TABLE AS and its kin", /CREATE\s+(TEMP\s+|UNLOGGED\s+)?(TABLE|MATERIALIZED VIEW)\s[^;]*\sAS\b/],
  ["renames", /RENAME|SET SCHEMA/],
  [
    "new views and functions",
    /CREATE (OR REPLACE )?(TEMP |RECURSIVE )*(VIEW|FUNCTION|PROCEDURE|AGGREGATE|OPERATOR|RULE)/,
  ],
  ["one column into another", /UPDATE \w+ (AS \w+ )?SET|MERGE|INSERT INTO [^;]* SELECT/],
  ["triggers", /trigger/i],
  ["search_path, temp schemas and quoted names", /search_path|pg_temp|U&"|SET ROLE/],
  ["conditions", /\bWHERE\b|HAVING|FILTER/],
  ["ordering", /ORDER BY (?!id\b)/],
  ["grouping", /GROUP BY|DISTINCT|PARTITION BY/],
  ["joins", /\bJOIN\b|\bUSING\b/],
  ["conditional errors", /^conditional error/m],
  ["views and rules", /_emails|customer_rows|VIEW|RULE/],
  ["partitions and inheritance", /contacts|staff|PARTITION OF|INHERITS/],
  ["generated columns, domains, composite fields", /email_lower|DOMAIN|\(home\)|GENERATED/],
  ["json paths", /profile|json/i],
])("%s: at least twelve attempts", (_, pattern) => {
  expect(count(pattern)).toBeGreaterThanOrEqual(12);
});

test("300 leaks, 150 dodges and 200 harmless statements at least", () => {
  expect(leaks.length).toBeGreaterThanOrEqual(300);
  expect(dodges.length).toBeGreaterThanOrEqual(150);
  expect(Object.values(harmless).flat().length).toBeGreaterThanOrEqual(200);
});

test("attempts that read go over text and binary, simple and extended, cursors and COPY", () => {
  const everywhere = leaks.filter((leak) => leak.steps === undefined && roadsFor(leak.sql).length === 7);
  expect(everywhere.length).toBeGreaterThanOrEqual(150);
});
