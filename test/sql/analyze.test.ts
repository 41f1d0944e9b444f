// Texts of one or more statements: places, session state, and what is never understood.
import fc from "fast-check";
import { type AnalysisContext, analyze } from "../../pkg/sql/analyze.ts";
import type { Facts, NotUnderstood } from "../../pkg/sql/facts.ts";
import { statementFacts } from "../../pkg/sql/lineage/statement.ts";
import { scrambledStatement } from "./scrambled-statement.ts";
import { openShapes, type Shapes } from "./shapes.ts";

let shapes: Shapes;
beforeAll(async () => {
  shapes = await openShapes("analyze_texts");
});
afterAll(() => shapes.stop());

function statements(text: string, context: AnalysisContext = shapes.context) {
  return analyze(shapes.grammar, text, context).statements;
}

function whyNot(text: string, context?: AnalysisContext): string {
  const facts = statements(text, context)[0]!.facts;
  return facts.understood ? "understood" : facts.why;
}

test("places are bytes of the text as sent, without the semicolon", () => {
  const text = "  select 'é' ; /* 漢 */ select email from customers;;delete from narrow";
  const bytes = Buffer.from(text);
  const parts = statements(text).map(({ startByte, endByte }) => bytes.subarray(startByte, endByte).toString().trim());
  expect(parts).toEqual(
    ["select 'é'", "select email from customers", "delete from narrow"].map((part) => expect.stringContaining(part)),
  );
  expect(parts.some((part) => part.includes(";"))).toBe(false);
});

test("a text of blanks and comments has no statements", () => {
  for (const text of ["", "  ", "-- x", "/* x */;", ";;"]) expect(statements(text)).toEqual([]);
});

test("a text that the grammar rejects is one statement over all of it", () => {
  expect(statements("select 1; selec 2")).toMatchObject([
    { startByte: 0, endByte: 17, facts: { understood: false, syntax: true } },
  ]);
});

test("what cannot be resolved is not understood, and the reason holds nothing of the text", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["select * from missing", "relation not in the catalogue"],
    ["select * from nowhere.customers", "relation not in the catalogue"],
    ["select * from elsewhere.app.customers", "relation of another database"],
    ["select missing from customers", "column not in scope"],
    ["select x.id from customers", "column not in scope"],
    ["select id from customers, orders", "ambiguous column name"],
    ["select c.id from customers c, orders c", "ambiguous table name"],
    ["select customers.id from customers c", "column not in scope"],
    ["select q.id from customers c, (select c.id) q", "column not in scope"],
    ["select 1 from customers a full join lateral (select a.id) b on true", "reference from a wrong side of a join"],
    ["select id from customers union select 1, 2", "set operation over different numbers of columns"],
    ["select email::missing from customers", "type not in the catalogue"],
    ["select rank() over w from customers", "window not in scope"],
    ["insert into customers (missing) values (1)", "column to be assigned not found"],
    ["insert into narrow values (1, 'x', 2, 3)", "INSERT of more values than columns"],
    ["select name from customers order by 9", "position that is not in the select list"],
    ["select *", "star without FROM"],
    ["with a as (select 1), a as (select 2) select 1", "two WITH queries of one name"],
    ["update customers c set name = q.n from (select c.name as n) q", "column not in scope"],
    [
      "merge into narrow n using customers c on n.id = c.id when not matched then insert (id) values (n.id)",
      "column not in scope",
    ],
  ];
  expect(cases.map(([text]) => [text, whyNot(text)])).toEqual(cases);
});

test("a node kind that nobody foresaw is refused by name, at every level", () => {
  const unforeseen = { Unforeseen: {} };
  const select = (more: object) => ({
    SelectStmt: { op: "SETOP_NONE", targetList: [{ ResTarget: { val: { A_Const: { ival: { ival: 1 } } } } }], ...more },
  });
  const nodes = [
    { Unforeseen: {} },
    select({ targetList: [{ ResTarget: { val: unforeseen } }] }),
    select({ fromClause: [unforeseen] }),
    select({ whereClause: unforeseen }),
    select({ sortClause: [{ SortBy: { node: unforeseen } }] }),
    select({ groupClause: [unforeseen] }),
    select({ limitCount: unforeseen }),
    select({ withClause: { ctes: [{ CommonTableExpr: { ctename: "x", ctequery: unforeseen } }] } }),
    {
      InsertStmt: {
        relation: { relname: "narrow", inh: true },
        selectStmt: select({ targetList: [{ ResTarget: { val: unforeseen } }] }),
      },
    },
  ];
  for (const node of nodes) {
    const facts = statementFacts(shapes.grammar, shapes.context, node) as NotUnderstood;
    expect({ node, why: facts.why }).toEqual({ node, why: expect.stringContaining("Unforeseen") });
  }
});

test("after a statement that may change how names resolve, nothing is known of relations in the same text", () => {
  const [, second] = statements("set search_path = other; select email from customers");
  const facts = second!.facts;
  expect(facts.understood && facts.relations).toMatchObject([{ oid: 0, name: "customers" }]);
  expect(facts.understood && facts.outputs![0]!.lineage.kind).toBe("unknown");
  const [, , third] = statements("begin; select 1; select email from customers");
  expect(third!.facts).toMatchObject({ outputs: [{ lineage: { kind: "copy" } }] });
});

test("state that makes the server read the text otherwise is not understood", () => {
  const off = { ...shapes.context, resolution: { ...shapes.context.resolution!, standardConformingStrings: false } };
  expect(whyNot("select 'a\\' || email from customers --'", off)).toBe(
    "backslash while standard_conforming_strings is off",
  );
  expect(whyNot("select email from customers", off)).toBe("understood");
  const sjis = { ...shapes.context, resolution: { ...shapes.context.resolution!, clientEncoding: "SJIS" } };
  expect(whyNot("select '表' from customers", sjis)).toBe("client encoding that cannot be followed");
  expect(whyNot("select 'x' from customers", sjis)).toBe("understood");
});

test("names resolve by the session's search path, temp schema first", () => {
  const other = {
    ...shapes.context,
    resolution: { ...shapes.context.resolution!, searchPath: ["pg_catalog", "other"], key: "other" },
  };
  const facts = statements("select email from customers", other)[0]!.facts;
  expect(facts.understood && facts.relations).toMatchObject([{ schema: "other" }]);
  expect(whyNot("select * from orders", other)).toBe("relation not in the catalogue");
});

test("nesting deeper than is followed is refused", () => {
  const deep = `select ${"(".repeat(1)}1${" + 1".repeat(900)}${")".repeat(1)}`;
  expect(whyNot(deep)).toBe("nested too deeply");
  expect(whyNot(`select 1${" + 1".repeat(300)}`)).toBe("understood");
  const union = `select 1${" union all select 1".repeat(250)}`;
  expect(whyNot(union)).toBe("understood");
});

test("wide rows of many sources, joined again and again by a short text, are refused after a bounded amount of work", () => {
  const wide = Array.from({ length: 1000 }, (_, at) => `c::text || o::text || i::text AS c${at}`).join(", ");
  const text = (times: number) =>
    `WITH w AS (SELECT ${wide} FROM customers c, orders o, items i) SELECT ${Array(times).fill("w::text").join(" || ")} FROM w`;
  expect(whyNot(text(1))).toBe("understood");
  expect(whyNot(text(600))).toBe("too much to analyse");
});

test("never throws, and never fails for a reason of our own, whatever the statement", () => {
  fc.assert(
    fc.property(scrambledStatement, (text) => {
      for (const { facts } of statements(text)) expect(failure(facts)).toBeNull();
    }),
    { numRuns: 3000 },
  );
});

function failure(facts: Facts): string | null {
  return facts.understood || !facts.why.startsWith("analysis failed") ? null : facts.why;
}

test("a value in double quotes by mistake is in neither text nor fingerprint", () => {
  const told = (text: string) =>
    statements(text).map(({ normalized, fingerprint }) => ({ normalized, fingerprint }))[0]!;
  const mistaken = told('select * from customers where email = "someone@example.com"');
  expect(mistaken.normalized).toBe("select * from customers where email = $1");
  expect(told('select * from customers where email = "other"')).toEqual(mistaken);
  expect(told('select "email" from "customers" where "id" = 5').normalized).toBe(
    'select "email" from "customers" where "id" = $1',
  );
});
