// The short name of a statement: operations and targets, in the order of its text.
import fc from "fast-check";
import { querySummary } from "../../pkg/telemetry/query-summary.ts";

test.each([
  ["SELECT email FROM customers WHERE id = $1", "SELECT customers"],
  ["select a from t1, public.t2 as b join t3 on true", "select t1 public.t2 t3"],
  ['SELECT * FROM "Order Items"', 'SELECT "Order Items"'],
  ["INSERT INTO shipping_details (a) SELECT a FROM orders", "INSERT shipping_details SELECT orders"],
  ["INSERT INTO t (a) VALUES ($1) ON CONFLICT (a) DO UPDATE SET a = $2", "INSERT t"],
  ["UPDATE t SET a = $1 FROM u WHERE t.id = u.id", "UPDATE t u"],
  ["DELETE FROM ONLY t WHERE a = $1", "DELETE t"],
  ["SELECT a FROM t FOR UPDATE", "SELECT t"],
  ["WITH x AS (SELECT a FROM t) SELECT a FROM x", "SELECT t SELECT x"],
  ["SELECT a FROM (SELECT b FROM t) s", "SELECT SELECT t"],
  ["CREATE TABLE IF NOT EXISTS s.t (a int)", "CREATE TABLE s.t"],
  ["DROP TABLE t, u", "DROP TABLE t"],
  ["TRUNCATE TABLE t", "TRUNCATE t"],
  ["COPY t (a) TO STDOUT", "COPY t"],
  ["BEGIN", "BEGIN"],
  ["SET a = $1", "SET"],
  ["SELECT $1", "SELECT"],
])("%s", (text, summary) => expect(querySummary(text)).toBe(summary));

test("never longer than 255 characters, and cut between words", () => {
  const long = querySummary(`SELECT a FROM ${Array.from({ length: 100 }, (_, n) => `table_number_${n}`).join(", ")}`)!;
  expect(long.length).toBeLessThanOrEqual(255);
  expect(long).toMatch(/ table_number_\d+$/);
  expect(querySummary("")).toBe(null);
});

test("whatever the text is, it comes to an end and holds only words of it", () => {
  const words = fc.constantFrom(
    "SELECT",
    "FROM",
    "JOIN",
    ",",
    ".",
    "(",
    ")",
    "a",
    '"b c"',
    "UPDATE",
    "SET",
    "AS",
    "CREATE",
    "OR",
    "TABLE",
    "$1",
    ";",
  );
  fc.assert(
    fc.property(fc.array(words, { maxLength: 40 }), (parts) => {
      const text = parts.join(" ");
      for (const word of (querySummary(text) ?? "").split(" ").filter(Boolean))
        expect(text.replaceAll(" ", "")).toContain(word);
    }),
  );
});
