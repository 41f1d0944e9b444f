import { bind, execute, parse, query, sync } from "../../support/messages.ts";
import { script } from "../../support/script.ts";

const simple = (name: string, ...texts: readonly string[]) =>
  script(`errors: ${name}`, ...texts.map((text) => [query(text)]));

/** Each by simple and by extended protocol, alone and inside a transaction. */
const classes: Readonly<Record<string, string>> = {
  "22012 division by zero": "SELECT 1/0",
  "22P02 bad integer": "SELECT 'x'::int",
  "22003 out of range": "SELECT 2147483647 + 1",
  "22001 too long":
    "INSERT INTO pairs SELECT 1, 'x'::varchar(1) FROM (SELECT 'abc'::varchar(3)::char(1)) t; SELECT 'abc'::bit(3)",
  "22007 bad date": "SELECT '2020-13-45'::date",
  "22008 date out of range": "SELECT '294277-01-01'::timestamp",
  "22021 zero byte": "SELECT chr(0)",
  "22023 invalid parameter": "SELECT set_config('TimeZone', 'Nowhere', false)",
  "2201X negative offset": "SELECT 1 OFFSET -1",
  "23502 not null": "INSERT INTO items (id) VALUES (900)",
  "23505 unique": "INSERT INTO items (id, name) VALUES (1, 'x')",
  "23503 foreign key": "INSERT INTO notes (item) VALUES (900)",
  "23503 still referenced": "WITH n AS (SELECT 1) DELETE FROM items",
  "23514 check": `INSERT INTO notes (note) VALUES ('${"x".repeat(50)}')`,
  "23514 domain": "SELECT (-1)::posint",
  "23514 partition": "INSERT INTO parts VALUES (1, 'c', 1)",
  "25001 inside a block": "BEGIN; VACUUM",
  "26000 statement": "EXECUTE none",
  "34000 cursor": "FETCH none",
  "3B001 savepoint": "RELEASE none",
  "3D000 database": "DROP DATABASE none",
  "3F000 schema": "CREATE TABLE none.t (a int)",
  "42501 permission": "SELECT * FROM pg_authid",
  "42601 syntax": "SELECT FROM WHERE",
  "42601 unterminated": "SELECT 'abc",
  "42601 unterminated dollar": "SELECT $x$abc",
  "42601 unterminated comment": "SELECT /* abc",
  "42702 ambiguous": "SELECT id FROM items a, items b",
  "42703 column": "SELECT nope FROM items",
  "42703 with hint": "SELECT nam FROM items",
  "42P01 table": "SELECT * FROM itmes",
  "42883 function": "SELECT nothing(1)",
  "42883 operator": "SELECT 1 + 'a'::text",
  "42804 types": "SELECT CASE WHEN true THEN 1 ELSE 'a'::text END",
  "42803 grouping": "SELECT id, count(*) FROM items GROUP BY mood",
  "42P07 exists": "CREATE TABLE items (a int)",
  "42710 object exists": "CREATE TYPE mood AS ENUM ('a')",
  "42939 reserved": "CREATE ROLE pg_reserved",
  "42P18 indeterminate": "SELECT $1",
  "0A000 not supported": "CREATE TABLE a.b.c.d (x int)",
  "2BP01 dependents": "DROP TABLE items",
  "21000 more than one row": "SELECT (SELECT id FROM items)",
  "54001 too complex": `SELECT ${"(".repeat(6000)}1${")".repeat(6000)}`,
  "P0001 raise": "DO $$ BEGIN RAISE EXCEPTION 'x'; END $$",
  "P0002 no data found": "DO $$ DECLARE r record; BEGIN SELECT * INTO STRICT r FROM pairs; END $$",
  "22030 json": "SELECT json_object('a': 1, 'a': 2 WITH UNIQUE KEYS)",
  "22P02 json with detail": "SELECT '{\"a\": }'::json",
  "2200N xml": "SELECT XMLPARSE(DOCUMENT '<a>')",
  "42P10 conflict target": "INSERT INTO pairs VALUES (1) ON CONFLICT (a) DO NOTHING",
  "21000 conflict twice":
    "INSERT INTO items (id, name) VALUES (700, 'a'), (700, 'b') ON CONFLICT (id) DO UPDATE SET name = 'c'",
};

const sweeps = Object.entries(classes).map(([name, text]) =>
  script(
    `errors: ${name}`,
    [query(text)],
    [query("ROLLBACK")],
    [query("BEGIN")],
    [query(text)],
    [query("ROLLBACK")],
    [parse("", text), bind(), execute(), sync()],
    [query("ROLLBACK")],
  ),
);

export default [
  ...sweeps,
  simple(
    "position counts characters, not bytes",
    "SELECT 'ünïcödé ☃', nope",
    "/* ☃☃ */ SELECT 'é' FROM nope",
    "SELECT 1;\n\n SELECT\tnope",
  ),
  simple("position in a later statement", "SELECT 1; SELECT 2; SELECT nope", "SELECT 1; SELEC 2"),
  simple(
    "internal position and query",
    "DO $$ BEGIN EXECUTE 'SELECT nope'; END $$",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT nope'",
    "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN nope; END'",
    "SELECT f()",
  ),
  simple(
    "psql commands and other dialects",
    "\\d",
    "SELECT `a`",
    "SELECT TOP 1 * FROM items",
    "DESCRIBE items",
    "SHOW TABLES",
    "USE x",
    "GO",
    "SELECT 1 FROM dual",
    "EXEC sp_who",
    "@@",
    "'",
  ),
  simple(
    "serialization failure and deadlock codes pass",
    "DO $$ BEGIN RAISE serialization_failure; END $$",
    "DO $$ BEGIN RAISE deadlock_detected; END $$",
  ),
];
