// What the cache says of a text is what the analysis says of it, whatever texts of the same shape came before.
import fc from "fast-check";
import { AnalysisCache } from "../../pkg/gate/analysis-cache.ts";
import type { AnalysisContext } from "../../pkg/sql/analyze.ts";
import type { Analysis } from "../../pkg/sql/facts.ts";
import { changeCases } from "../sql/change-cases.ts";
import { lineageCases } from "../sql/lineage-cases.ts";
import { predicateCases } from "../sql/predicate-cases.ts";
import { randomStatement } from "../sql/random-statement.ts";
import { openShapes, type Shapes } from "../sql/shapes.ts";
import { otherLiterals } from "../support/other-literals.ts";

let shapes: Shapes;
beforeAll(async () => {
  shapes = await openShapes("analysis_cache");
});
afterAll(() => shapes.stop());

const ask = (cache: AnalysisCache, text: string, context: AnalysisContext = shapes.context) =>
  cache.known(Buffer.from(text), "view", context.parameterTypes) ?? cache.analyze(Buffer.from(text), "view", context);

/** All but where it is proven that literals are free, which a text that was met by its shape does not say again. */
const told = ({ statements }: Analysis) => statements.map(({ freeLiterals: _, ...rest }) => rest);

const fresh = (text: string) => told(ask(new AnalysisCache(shapes.grammar), text));

const cases = [
  ...Object.values(lineageCases).flatMap((each) => each.map(([statement]) => statement)),
  ...predicateCases.map(([statement]) => statement),
  ...changeCases.map(([statement]) => statement),
];

test("with other literals, of every case of lineage, predicates and changes", () => {
  let shared = 0;
  for (const statement of cases) {
    const cache = new AnalysisCache(shapes.grammar);
    fc.assert(
      fc.property(otherLiterals(statement), otherLiterals(statement), (first, second) => {
        ask(cache, first);
        expect(told(ask(cache, second))).toEqual(fresh(second));
      }),
      { numRuns: 4 },
    );
    shared += cache.hits;
  }
  expect(shared).toBeGreaterThan(cases.length);
});

test("with other literals, of random statements", () => {
  fc.assert(
    fc.property(
      randomStatement.chain((statement) =>
        fc.tuple(fc.constant(statement), otherLiterals(statement), otherLiterals(statement)),
      ),
      (texts) => {
        const cache = new AnalysisCache(shapes.grammar);
        for (const text of texts) expect(told(ask(cache, text))).toEqual(fresh(text));
      },
    ),
    { numRuns: 300 },
  );
});

const met = (cache: AnalysisCache, text: string) => {
  const before = cache.misses;
  ask(cache, text);
  return cache.misses === before;
};

test.each([
  ["an integer", "select name from customers where id = 17", "select name from customers where id = 4"],
  ["a string", "select name from customers where email = 'a'", "select name from customers where email = 'it''s -- b'"],
  [
    "a small addend",
    "update orders set total = total + 17 where id = 5",
    "update orders set total = total + 9 where id = 0",
  ],
  ["a negative number", "select * from orders where total > -17.5", "select * from orders where total > -1.25"],
  ["a bigint", "select * from orders where id = 5000000000", "select * from orders where id = 6000000000"],
  ["limits", "select id from orders limit 5 offset 10", "select id from orders limit 50 offset 1000"],
  [
    "arguments",
    "select lower('A') || coalesce(name, 'x') from customers",
    "select lower('B') || coalesce(name, '') from customers",
  ],
  [
    "inserted values",
    "insert into narrow values (1, 'x', 2), (2, 'y', 3)",
    "insert into narrow values (7, 'long', 9), (0, '', 0)",
  ],
  ["assigned values", "update narrow set name = 'x' where id = 1", "update narrow set name = 'yy' where id = 2"],
  ["comments behind the first word", "select 1 /* a */ from orders -- b", "select 1 /* other */ from orders -- c d"],
  ["a semicolon behind it", "select name from customers where id = 17;", "select name from customers where id = 4;"],
])("%s may be another", (_, first, second) => {
  const cache = new AnalysisCache(shapes.grammar);
  expect([met(cache, first), met(cache, second)]).toEqual([false, true]);
  expect(told(ask(cache, second))).toEqual(fresh(second));
});

test.each([
  [
    "a position in ORDER BY",
    "select name, email from customers order by 1",
    "select name, email from customers order by 2",
  ],
  [
    "a position in GROUP BY",
    "select name, email from customers group by 1, 2",
    "select name, email from customers group by 2, 2",
  ],
  ["a key of a document", "select profile->>'a' from customers", "select profile->>'b' from customers"],
  ["a path of a document", "select profile #>> '{a,b}' from customers", "select profile #>> '{a,c}' from customers"],
  ["a setting", "select set_config('a.b', 'x', false)", "select set_config('search_path', 'x', false)"],
  ["a setting that is asked for", "select current_setting('a.b')", "select current_setting('search_path')"],
  [
    "a number that is another type's",
    "select 1 from orders where id = 5",
    "select 1 from orders where id = 5000000000",
  ],
  ["an addend that is not small", "select id + 5 from customers", "select id + 2000000000 from customers"],
  ["a divisor of nothing", "select id % ((5)) from customers", "select id % ((0)) from customers"],
  ["an addend behind a comment", "select id + -- a\n 5 from customers", "select id + -- a\n 2000000000 from customers"],
  [
    "a qualified operator's",
    "select id operator(pg_catalog.+) 5 from orders",
    "select id operator(pg_catalog.+) 6 from orders",
  ],
  ["a word in its place", "select coalesce(name, 'x') from customers", "select coalesce(name, null) from customers"],
  ["another place of the literal", "select 'a', name from customers", "select name, 'a' from customers"],
  [
    "a comment in front",
    "/* a */ select name from customers where id = 1",
    "/* bb */ select name from customers where id = 1",
  ],
  ["an escape string", "select E'a' from orders", "select E'b' from orders"],
  ["a string that goes on", "select 'a'\n'b' from orders", "select 'c'\n'd' from orders"],
  ["a type's size", "select name::varchar(5) from customers", "select name::varchar(6) from customers"],
  ["statements that are no queries", "set app.x = 'a'", "set app.x = 'b'"],
])("%s is another text", (_, first, second) => {
  const cache = new AnalysisCache(shapes.grammar);
  expect([met(cache, first), met(cache, second)]).toEqual([false, false]);
  expect(told(ask(cache, second))).toEqual(fresh(second));
});

test("views and parameter types are told apart", () => {
  const cache = new AnalysisCache(shapes.grammar);
  const text = Buffer.from("select name from customers where id = 17");
  cache.analyze(text, "one", shapes.context);
  const unknown = cache.analyze(text, "other", { ...shapes.context, snapshot: null, resolution: null });
  expect(unknown.statements[0]!.facts).toMatchObject({ relations: [{ oid: 0 }] });
  cache.analyze(text, "one", { ...shapes.context, parameterTypes: [] });
  expect(cache.misses).toBe(3);
});

test("what is kept is weighed, not only counted: wide analyses leave before they fill the memory", () => {
  const cache = new AnalysisCache(shapes.grammar);
  const columns = Array.from({ length: 400 }, (_, at) => `c.email || c.name || c.ssn AS wide_column_${at}`).join(", ");
  let most = 0;
  for (let at = 0; at < 200; at++) {
    ask(cache, `SELECT ${columns} FROM customers c WHERE c.id = ${at} ORDER BY ${at + 1}`);
    most = Math.max(most, cache.keptBytes);
  }
  expect(most).toBeGreaterThan(16 * 2 ** 20);
  expect(most).toBeLessThan(33 * 2 ** 20);
});

test("what was not understood because the parser was being restarted is not remembered", async () => {
  const cache = new AnalysisCache(shapes.grammar);
  const long = `select 1 where 1 in (${"1, ".repeat(2_000)}1)`;
  for (let n = 0; n < 3; n++) ask(cache, `select 1${" + 1".repeat(10_000 + n)}`);
  expect(told(ask(cache, long))[0]!.facts).toMatchObject({ understood: false });
  while (!told(ask(cache, long))[0]!.facts.understood) await new Promise((resolve) => setTimeout(resolve, 20));
});
