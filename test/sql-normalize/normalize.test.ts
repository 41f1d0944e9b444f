import fc from "fast-check";
import { type Grammar, loadGrammar } from "../../pkg/sql/grammar.ts";
import { type Normalized, normalize } from "../../pkg/sql/normalize.ts";

const grammars = new Map<number, Grammar>();

beforeAll(async () => {
  for (const major of [14, 15, 16, 17, 18]) grammars.set(major, (await loadGrammar(major))!);
}, 120_000);

/** Of each statement of a text. */
function all(text: string, major = 18): Normalized[] {
  const grammar = grammars.get(major)!;
  const parsed = grammar.parse(text);
  const bytes = Buffer.from(text, "utf8");
  if (!parsed.ok) return [normalize(grammar, bytes, null, 0, bytes.length)];
  return parsed.statements.map((raw) => {
    const start = raw.stmt_location ?? 0;
    return normalize(grammar, bytes, raw.stmt, start, raw.stmt_len === undefined ? bytes.length : start + raw.stmt_len);
  });
}

const normalized = (text: string, major?: number) => all(text, major)[0]!.normalized;
const fingerprint = (text: string, major?: number) => all(text, major)[0]!.fingerprint;

describe.each([14, 15, 16, 17, 18])("PostgreSQL %i", (major) => {
  test.each<[string, string]>([
    [
      "SELECT  a , count ( * )\nFROM t -- why\nWHERE b='x' AND c = -5",
      "SELECT a, count(*) FROM t WHERE b = $1 AND c = $2",
    ],
    ["select -6.5e3, - 7, +8, a-9, 0.5, .5, 5. from t", "select $1, $2, + $3, a - $4, $5, $6, $7 from t"],
    ["SELECT a=-5", "SELECT a = $1"],
    [
      "SELECT 'it''s', E'\\'x\\\\', U&'d!0061' UESCAPE '!', $$body$$, $t$ $$ $t$, B'01', X'ff'",
      "SELECT $1, $2, $3, $4, $5, $6, $7",
    ],
    ["SELECT 'a'\n   'b'", "SELECT $1"],
    ["SELECT date '2020-01-01', interval '1' hour, N'x', '1'::int", "SELECT date $1, interval $2 hour, N $3, $4::int"],
    ["SELECT /* 'a' /* nested */ */ 1", "SELECT $1"],
    ["SELECT true, FALSE, NULL, a IS NULL, b IS NOT TRUE", "SELECT $1, $2, $3, a IS NULL, b IS NOT TRUE"],
    ["SELECT a WHERE b = $2 AND c = 'x' AND d = $1", "SELECT a WHERE b = $2 AND c = $3 AND d = $1"],
    ["SELECT a WHERE b IN (1, 2, 3) AND c = 4", "SELECT a WHERE b IN ($1, ...) AND c = $2"],
    [
      "SELECT a WHERE b IN ($1, $2, $3) AND c IN (1) AND d NOT IN (1, f(2))",
      "SELECT a WHERE b IN ($1, ...) AND c IN ($4, ...) AND d NOT IN ($5, f($6))",
    ],
    ["SELECT ARRAY[1, 2], a[1], '{1}'::int[]", "SELECT ARRAY[$1, ...], a[$2], $3::int[]"],
    [
      "INSERT INTO t (a, b) VALUES (1, 'x'), (2, $1), (3, DEFAULT)",
      "INSERT INTO t(a, b) VALUES ($2, $3), ..., ($4, DEFAULT)",
    ],
    [
      'SELECT CAST(a AS numeric(10, 2)), b::varchar(20), extract(year FROM c) FROM "T x"."y\'z" LIMIT 5',
      'SELECT CAST(a AS numeric(10, 2)), b::varchar(20), extract(year FROM c) FROM "T x"."y\'z" LIMIT $1',
    ],
    ["SELECT jméno FROM žáci WHERE obec = 'Žďár'", "SELECT jméno FROM žáci WHERE obec = $1"],
    ["SET app.who = alice", "SET app.who = $1"],
    ["SET search_path TO a, 'B'", "SET search_path TO $1, $2"],
    ["ALTER ROLE a SET b = 'c'", "ALTER ROLE a SET b = $1"],
    ["BEGIN ISOLATION LEVEL READ COMMITTED", "BEGIN ISOLATION LEVEL READ COMMITTED"],
    [
      "CREATE TABLE t (a numeric(10, 2) DEFAULT 'x', b text COLLATE \"C\" CHECK (b <> 'y'))",
      'CREATE TABLE t(a numeric(10, 2) DEFAULT $1, b text COLLATE "C" CHECK (b <> $2))',
    ],
    ["EXECUTE p (1, 'a')", "EXECUTE p($1, $2)"],
    ["FETCH 5 FROM c", "FETCH $1 FROM c"],
    ["DROP TABLE IF EXISTS a.b, c CASCADE", "DROP TABLE IF EXISTS a.b, c CASCADE"],
    [
      "SELECT x ~ 'y', a->>'b', c #>> '{d,e}', j @> '{}', k ? 'l' FROM t",
      "SELECT x ~ $1, a ->> $2, c #>> $3, j @> $4, k ? $5 FROM t",
    ],
    ["SELECT f(a := 1, b => 'x')", "SELECT f(a := $1, b => $2)"],
    ["NOTIFY channel", "NOTIFY channel"],
    ["COPY t (a) TO STDOUT (FORMAT csv)", "COPY t(a) TO STDOUT(FORMAT csv)"],
  ])("%s", (text, expected) => expect(normalized(text, major)).toBe(expected));

  test.each([
    "CREATE ROLE x PASSWORD 'hunter2'",
    "ALTER USER x PASSWORD 'hunter2'",
    "DO $$ BEGIN PERFORM 1; END $$",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "COPY t TO STDOUT (DELIMITER ';')",
    "NOTIFY a, 'payload'",
    "COMMENT ON TABLE t IS 'x'",
    "CREATE TYPE e AS ENUM ('a')",
    "PREPARE TRANSACTION 'x'",
    "LOAD 'x'",
    "CREATE USER MAPPING FOR x SERVER y OPTIONS (password 'z')",
    "CREATE SUBSCRIPTION s CONNECTION 'password=x' PUBLICATION p",
    "SELECT 'a",
    "SELECT * FRM t WHERE a = 'x'",
    "SELECT 'it\\''s'",
  ])("%s gives no text", (text) => expect(normalized(text, major)).toBeNull());

  test("in a text of several statements each has its own", () => {
    const text = "SELECT 'é'; /* x */ UPDATE t SET a = 'ü' WHERE b = 1; ; COMMIT";
    expect(all(text, major).map((each) => each.normalized)).toEqual([
      "SELECT $1",
      "UPDATE t SET a = $1 WHERE b = $2",
      "COMMIT",
    ]);
  });
});

test("a fingerprint is 16 bytes in hex, the same for other literals, layout, comments, case and lists, another for other statements", () => {
  const print = fingerprint("SELECT a FROM t WHERE b = 'x' AND c IN (1, 2)");
  expect(print).toMatch(/^[0-9a-f]{32}$/);
  const same = [
    "select  A from T where b='y''z' and c in (3)",
    "SELECT a FROM t /* x */ WHERE b = $1 AND c IN ($2, $3, $4)",
    "SELECT a\nFROM t -- y\nWHERE b = -4.5 AND c IN (1,2,3,4,5)",
  ];
  expect(same.map((text) => fingerprint(text))).toEqual(same.map(() => print));
  const other = [
    "SELECT a FROM u WHERE b = 'x' AND c IN (1, 2)",
    "SELECT \"A\" FROM t WHERE b = 'x' AND c IN (1, 2)",
    "SELECT a FROM t WHERE b <> 'x' AND c IN (1, 2)",
    "SELECT a FROM t WHERE b = 'x' AND c IN (1, d)",
  ];
  expect(new Set([print, ...other.map((text) => fingerprint(text))]).size).toBe(5);
  expect(fingerprint("INSERT INTO t VALUES (1, 2), (3, 4)")).toBe(
    fingerprint("INSERT INTO t VALUES (1, 2), (3, 4), (5, 6)"),
  );
});

test("no literal goes into the fingerprint of a text that gives none either", () => {
  expect(fingerprint("CREATE ROLE x PASSWORD 'hunter2'")).toBe(fingerprint("CREATE ROLE x PASSWORD 'other'"));
  expect(fingerprint("SELECT * FRM secret")).toBe(fingerprint("SELECT * FRM hidden"));
  expect(fingerprint("SELECT 'open")).toBe(fingerprint("SELECT 'other open"));
});

const canary = "k4n4ry";
const spellings: readonly ((value: string) => string)[] = [
  (value) => `'${value}'`,
  (value) => `'it''s ${value}'`,
  (value) => `E'\\'${value}\\\\'`,
  (value) => `e'a''${value}'`,
  (value) => `$$${value}$$`,
  (value) => `$q$ '${value} $$ $q$`,
  (value) => `U&'${value}'`,
  (value) => `U&'${value}!0061' UESCAPE '!'`,
  (value) => `'a'\n'${value}'`,
  (value) => `date '${value}'`,
  (value) => `N'${value}'`,
  (value) => `/* ${value} */ 1`,
  (value) => `1 -- ${value}\n`,
  (value) => `/* /* ' */ ${value} */ 2`,
  (value) => `('${value}')::text`,
  (value) => `CAST(E'${value}' AS int)`,
  (value) => `ARRAY['${value}', '${value}']`,
];
const statements: readonly ((literal: string) => string)[] = [
  (literal) => `SELECT ${literal}, a FROM t`,
  (literal) => `UPDATE t SET a = ${literal} WHERE b = ${literal}`,
  (literal) => `INSERT INTO t VALUES (${literal}), (${literal})`,
  (literal) => `DELETE FROM t WHERE a IN (1, ${literal}) RETURNING ${literal}`,
  (literal) => `WITH x AS (SELECT ${literal}) SELECT * FROM x ORDER BY ${literal} LIMIT 1`,
  (literal) => `SELECT f(${literal}) OVER (ORDER BY ${literal}), CASE WHEN a THEN ${literal} END`,
  (literal) => `EXPLAIN SELECT ${literal}`,
  (literal) => `CREATE TABLE t AS SELECT ${literal} AS b`,
  (literal) => `PREPARE p AS SELECT ${literal}`,
  (literal) => `EXECUTE p (${literal})`,
  (literal) => `CREATE TABLE u (a text DEFAULT ${literal})`,
  (literal) => `DECLARE c CURSOR FOR SELECT ${literal}`,
];

test("no literal or comment survives, however it is spelled and wherever it stands", () => {
  for (const major of [14, 16, 18]) {
    for (const spell of spellings)
      for (const statement of statements) {
        const { normalized: text, fingerprint: print } = all(statement(spell(canary)), major)[0]!;
        expect(text).not.toBeNull();
        expect(text).not.toContain(canary);
        expect(print).toBe(all(statement(spell("zzz")), major)[0]!.fingerprint);
      }
  }
});

test("blanks and comments between tokens change neither text nor fingerprint", () => {
  const tokens = [
    "SELECT",
    "a",
    ",",
    "count",
    "(",
    "*",
    ")",
    "FROM",
    "t",
    "WHERE",
    "b",
    "=",
    "'x'",
    "AND",
    "c",
    "::",
    "text",
    "IN",
    "(",
    "1",
    ",",
    "2",
    ")",
  ];
  const blank = fc.constantFrom(" ", "\n", "\t ", " /* c */ ", " -- 'x\n", " /* /* */ ' */ ");
  fc.assert(
    fc.property(fc.array(blank, { minLength: tokens.length, maxLength: tokens.length }), (blanks) => {
      const text = tokens.map((token, position) => token + blanks[position]).join("");
      expect(all(text)[0]).toEqual(all(tokens.join(" "))[0]);
    }),
    { numRuns: 200 },
  );
});

test("any text at all gives a fingerprint, and none makes it throw", () => {
  const scrap = fc.constantFrom(
    "SELECT",
    "'",
    '"',
    "$$",
    "$a$",
    "--",
    "/*",
    "*/",
    "\n",
    "E'",
    "U&'",
    "\\",
    "1",
    ".",
    "e",
    "$1",
    "é",
    "=",
    "-",
    "(",
    ")",
    ";",
    " ",
    "x",
  );
  fc.assert(
    fc.property(fc.array(scrap, { maxLength: 30 }), (parts) => {
      for (const each of all(parts.join(""))) expect(each.fingerprint).toMatch(/^[0-9a-f]{32}$/);
    }),
    { numRuns: 2000 },
  );
});
