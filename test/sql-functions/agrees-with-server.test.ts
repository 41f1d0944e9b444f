// What the server itself takes for an operator, call or cast stands in the tree of a view; our choice must be the same one or
// say that several are possible. A confident difference is a failure.
import type pg from "pg";
import type { AnalysisContext } from "../../pkg/sql/analyze.ts";
import { resolveCast, resolveFunction, resolveOperator } from "../../pkg/sql/functions/resolve.ts";
import { freshDatabase, type RealServer, realServer } from "../catalog/real-catalog.ts";
import { realContext } from "./real-context.ts";

const ddl = `
  CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE DOMAIN mail AS varchar(80); CREATE DOMAIN short AS mail; CREATE DOMAIN ids AS int[];
  CREATE TYPE point3 AS (x float8, y float8, z float8);
  CREATE FUNCTION lower(varchar) RETURNS text LANGUAGE sql AS 'SELECT ''mine''::text';
  CREATE FUNCTION length(mood) RETURNS int LANGUAGE sql AS 'SELECT 1';
  CREATE FUNCTION loud(text, int DEFAULT 1, VARIADIC more text[] DEFAULT '{}') RETURNS text LANGUAGE sql AS 'SELECT $1';
  CREATE FUNCTION pair(anyelement, anyelement) RETURNS anyarray LANGUAGE sql AS 'SELECT ARRAY[$1, $2]';
  CREATE FUNCTION mood_to_int(mood) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE CAST (mood AS int) WITH FUNCTION mood_to_int(mood) AS IMPLICIT;
  CREATE FUNCTION text_is(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT true'; CREATE OPERATOR === (LEFTARG = text, RIGHTARG = text, FUNCTION = text_is);
  CREATE FUNCTION vc_eq(varchar, varchar) RETURNS boolean LANGUAGE sql AS 'SELECT true'; CREATE OPERATOR = (LEFTARG = varchar, RIGHTARG = varchar, FUNCTION = vc_eq);
  CREATE FUNCTION mood_eq(mood, text) RETURNS boolean LANGUAGE sql AS 'SELECT true'; CREATE OPERATOR = (LEFTARG = mood, RIGHTARG = text, FUNCTION = mood_eq);
  CREATE FUNCTION chosen(expression text) RETURNS text LANGUAGE plpgsql AS $$
    DECLARE tree text;
    BEGIN
      EXECUTE 'CREATE TEMP VIEW probe AS SELECT ' || expression || ' AS c';
      SELECT ev_action INTO tree FROM pg_rewrite WHERE ev_class = 'pg_temp.probe'::regclass;
      DROP VIEW pg_temp.probe;
      RETURN tree;
    EXCEPTION WHEN OTHERS THEN RETURN NULL;
    END $$;`;

const types = [
  "int2",
  "int4",
  "int8",
  "numeric",
  "float8",
  "float4",
  "text",
  "varchar",
  "bpchar",
  "name",
  '"char"',
  "bool",
  "date",
  "timestamp",
  "timestamptz",
  "time",
  "interval",
  "uuid",
  "json",
  "jsonb",
  "bytea",
  "oid",
  "regclass",
  "xid",
  "inet",
  "cidr",
  "money",
  "bit",
  "varbit",
  "int4[]",
  "text[]",
  "varchar[]",
  "int4range",
  "int4multirange",
  "tsvector",
  "tsquery",
  "point",
  "box",
  "mood",
  "mail",
  "short",
  "ids",
  "point3",
  "mood[]",
  "record",
  "macaddr",
  "xml",
  "pg_lsn",
  "jsonpath",
];

let server: RealServer;
let client: pg.Client;
let context: AnalysisContext;
const oids = new Map<string, number>([["unknown", 705]]);

beforeAll(async () => {
  server = await realServer();
  client = await freshDatabase(server, "resolve_functions", ddl);
  context = await realContext(client);
  const { rows } = await client.query("SELECT t AS name, t::regtype::oid::int AS oid FROM unnest($1::text[]) t", [
    types,
  ]);
  for (const { name, oid } of rows) oids.set(name, oid);
}, 120_000);
afterAll(() => server.stop());

const value = (type: string) =>
  type === "unknown" ? "'1'" : type === "record" ? "ROW(1, 'a'::text)" : `NULL::${type}`;

/** Deterministic sample: the same every run. */
function sample<T>(all: readonly T[], count: number): T[] {
  const random = seeded();
  return Array.from({ length: Math.min(count, all.length) }, () => all[Math.floor(random() * all.length)]!);
}

function seeded(): () => number {
  let state = 7;
  return () => {
    state = Math.imul(state ^ (state >>> 15), 2246822507) + 0x9e3779b9;
    return ((state ^ (state >>> 13)) >>> 0) / 4294967296;
  };
}

interface Case {
  readonly expression: string;
  /** Function OID we say, null for "several", undefined for "none". */
  readonly ours: number | null;
  readonly field: RegExp;
}

/** The stored tree of each expression, null where the server refuses it. */
async function treesOf(expressions: readonly string[]): Promise<(string | null)[]> {
  const trees: (string | null)[] = [];
  for (let start = 0; start < expressions.length; start += 200) {
    const text = "SELECT chosen(e) AS tree FROM unnest($1::text[]) WITH ORDINALITY AS u(e, n) ORDER BY n";
    const { rows } = await client.query(text, [expressions.slice(start, start + 200)]);
    trees.push(...rows.map(({ tree }) => tree));
  }
  return trees;
}

interface Outcome {
  readonly wrong: readonly string[];
  /** How many the server accepts, and of how many of those we name the one function. */
  readonly accepted: number;
  readonly decided: number;
}

async function disagreements(cases: readonly Case[], functionOf = (oid: number) => oid): Promise<Outcome> {
  const trees = await treesOf(cases.map(({ expression }) => expression));
  const accepted = cases.flatMap(({ expression, ours, field }, position) => {
    const found = field.exec(trees[position] ?? "")?.[1];
    return found === undefined ? [] : [{ expression, ours, theirs: functionOf(Number(found)) }];
  });
  const decided = accepted.filter(({ ours }) => ours !== null);
  const wrong = decided.filter(({ ours, theirs }) => ours !== theirs);
  return {
    wrong: wrong.map(({ expression, ours, theirs }) => `${expression}: server ${theirs}, ours ${ours}`),
    accepted: accepted.length,
    decided: decided.length,
  };
}

const withUnknown = [...types, "unknown"];

test("operators: the same function as the server's, or several", async () => {
  const names = [
    "=",
    "<>",
    "<",
    "||",
    "+",
    "-",
    "*",
    "/",
    "~~",
    "~",
    "@>",
    "->",
    "->>",
    "&&",
    "#",
    "<<",
    "===",
    "^",
    "?",
    "@@",
    "%",
    "&",
    "|",
    "<->",
  ];
  const common = [
    "int4",
    "int8",
    "numeric",
    "text",
    "varchar",
    "bpchar",
    "name",
    "unknown",
    "date",
    "timestamptz",
    "mood",
    "mail",
    "short",
    "int4[]",
    "jsonb",
  ];
  const all = names.flatMap((name) =>
    withUnknown.flatMap((left) => withUnknown.map((right) => ({ name, left, right }))),
  );
  const chosen = [
    ...sample(all, 5000),
    ...all.filter(({ left, right }) => common.includes(left) && common.includes(right)),
  ];
  const { rows } = await client.query("SELECT oid::int AS opno, oprcode::oid::int AS func FROM pg_operator");
  const functionOf = new Map<number, number>(rows.map(({ opno, func }) => [opno, func]));
  const cases = chosen.map(({ name, left, right }) => ({
    expression: `${value(left)} ${name} ${value(right)}`,
    ours: resolveOperator([name], oids.get(left)!, oids.get(right)!, context).oid,
    field: /:targetList \(\{TARGETENTRY :expr \{OPEXPR :opno (\d+)/,
  }));
  const { wrong, accepted, decided } = await disagreements(cases, (opno) => functionOf.get(opno)!);
  expect(wrong).toEqual([]);
  expect(accepted).toBeGreaterThan(900);
  expect(decided / accepted).toBeGreaterThan(0.95);
}, 120_000);

test("calls: the same function as the server's, or several", async () => {
  const { rows } = await client.query(`SELECT DISTINCT proname AS name, pronargs::int AS count FROM pg_proc p
    WHERE prokind = 'f' AND pronargs BETWEEN 1 AND 3 AND NOT proretset AND NOT 2281 = ANY (proargtypes) AND NOT 2275 = ANY (proargtypes)
      AND prorettype NOT IN (2281, 2278, 2279, 3838, 325, 3115, 3310, 269, 2280)
      AND proname !~ '^(chosen|binary_upgrade|RI_FKey|pg_stat)' ORDER BY 1, 2`);
  const more = [
    ["text", 1],
    ["date", 1],
    ["loud", 4],
    ["loud", 1],
    ["concat", 4],
    ["greatest", 2],
    ["int4", 1],
    ["mood", 1],
    ["mail", 1],
  ] as const;
  const names: { name: string; count: number }[] = [...rows, ...more.map(([name, count]) => ({ name, count }))];
  const random = seeded();
  const pick = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)]!;
  const common = [
    "text",
    "varchar",
    "int4",
    "unknown",
    "unknown",
    "int4[]",
    "mail",
    "mood",
    "numeric",
    "timestamptz",
    "date",
    "jsonb",
    "bytea",
  ];
  const cases = [common, common, common, common, withUnknown, withUnknown].flatMap((pool) =>
    names.map(({ name, count }) => {
      const args = Array.from({ length: count }, () => pick(pool));
      return {
        expression: `"${name}"(${args.map(value).join(", ")})`,
        ours: resolveFunction(
          [name],
          args.map((arg) => oids.get(arg)!),
          count,
          context,
        ).oid,
        field: /:targetList \(\{TARGETENTRY :expr \{FUNCEXPR :funcid (\d+)/,
      };
    }),
  );
  const { wrong, accepted, decided } = await disagreements(cases);
  expect(wrong).toEqual([]);
  expect(accepted).toBeGreaterThan(700);
  expect(decided / accepted).toBeGreaterThan(0.95);
}, 180_000);

test("casts: the function that the server calls, or none where it calls none or only fits the length", async () => {
  const sources = [...types.filter((type) => type !== "record"), "unknown"];
  const targets = types.filter((type) => type !== "record");
  const { rows } = await client.query("SELECT castfunc::int AS func FROM pg_cast WHERE castsource = casttarget");
  const fits = new Set<number>(rows.map(({ func }) => func));
  const cases = sources.flatMap((source) =>
    targets.map((target) => {
      const use = resolveCast(oids.get(source)!, oids.get(target)!, context);
      return { expression: `(${value(source)})::${target}`, ours: use === null ? 0 : use.oid };
    }),
  );
  const wrong: string[] = [];
  const trees = await treesOf(cases.map(({ expression }) => expression));
  for (const [position, tree] of trees.entries()) {
    const { expression, ours } = cases[position]!;
    const called = [...(tree ?? "").matchAll(/\{FUNCEXPR :funcid (\d+)/g)]
      .map((match) => Number(match[1]))
      .filter((oid) => !fits.has(oid));
    if (tree === null || ours === null) continue;
    const expected = called.length === 0 ? 0 : called[0]!;
    if (expected !== ours && !(expected === 0 && fits.has(ours)))
      wrong.push(`${expression}: server ${called}, ours ${ours}`);
  }
  expect(wrong).toEqual([]);
  expect(trees.filter((tree) => tree !== null).length).toBeGreaterThan(400);
}, 120_000);
