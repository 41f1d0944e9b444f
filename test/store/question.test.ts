// The language of questions is closed: what is not in it is refused with its place and the remedy, and nothing of a question becomes SQL.
import { compileQuestion, type Dialect, likePattern } from "../../pkg/store/compile.ts";
import { checkQuestion } from "../../pkg/store/question.ts";

test("every problem is named with its place and the remedy, all together", () => {
  const asked = {
    from: "columns",
    where: [
      { field: "tabel", op: "eq", value: "customers" },
      { field: "time", op: "like", value: "2026*" },
      { field: "rows", op: "gte", value: "many" },
      { field: "table", op: "=", value: "x" },
      { field: "shown", op: "in", value: [] },
    ],
    measures: [{ sum: "table" }, { count: "columns" }],
    limit: 1e6,
    sql: "DROP TABLE columns",
  };
  expect(checkQuestion(asked)).toEqual({
    ok: false,
    problems: [
      expect.stringMatching(/^"sql" is no member of a question/),
      "measures[0]: sum does not go with table, which is of type text",
      'measures[1]: count counts rows: {"count": "rows"}',
      'where[0].field: "tabel" is no field here; did you mean table?',
      "where[1].value: like goes with texts, and this field is of type time",
      "where[2].value: write a whole number",
      "where[3].op: write one of eq, ne, in, like, gte, lt, null",
      "where[4].value: write a list of 1 to 1000 values",
      "limit: write a whole number from 1 to 10000",
    ],
  });
});

test.each([null, 7, [], "SELECT 1", { from: "pg_catalog" }, { from: "__proto__" }, { from: "statements", where: {} }])(
  "%j is no question",
  (asked) => expect(checkQuestion(asked).ok).toBe(false),
);

test("values are bound and never part of the SQL", () => {
  const evil = `x'); DROP TABLE "decisions"; --`;
  const where = (["eq", "ne", "like"] as const).map((op) => ({ field: "text", op, value: evil }));
  const lists = [{ field: "groups", op: "in", value: [evil] }];
  const checked = checkQuestion({ from: "statements", where: [...where, ...lists] });
  if (!checked.ok) throw new Error(checked.problems.join());
  const bound: unknown[] = [];
  const dialect: Dialect = {
    table: (name) => name,
    value: (value) => `$${bound.push(value)}`,
    like: (text, pattern) => `${text} LIKE ${pattern}`,
    isOther: (field, value) => `${field} <> ${value}`,
    has: (list, value) => `has(${list}, ${value})`,
    hasLike: (list, pattern) => `hasLike(${list}, ${pattern})`,
    length: (list) => `len(${list})`,
    measure: (what, field) => `${what}(${field})`,
  };
  expect(compileQuestion(checked.question, dialect, 10)).not.toContain("DROP");
  expect(bound).toEqual([evil, evil, likePattern(evil), evil]);
});
