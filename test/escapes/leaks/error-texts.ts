// Texts of the server about values that no output column, condition or flow holds, some of them told when no statement runs.
// biome-ignore-all format: one attempt a line
import { bind, execute, parse, query, sync } from "../../support/messages.ts";
import type { Step } from "../../support/script.ts";
import { type Leak, leak } from "../escape.ts";

const played = (name: string, ...steps: readonly Step[]): Leak => ({ name, sql: [], steps });
const simple = (...sql: readonly string[]): Step[] => sql.map((text) => [query(text)]);
const strings = (name: string, ...sql: readonly string[]): Leak => played(name, ...simple(...sql));
const pipeline = (...sql: readonly string[]): Step => [...sql.flatMap((text) => [parse("", text), bind(), execute()]), sync()];

const failing = "WITH x AS MATERIALIZED (SELECT email::int FROM customers) SELECT count(*) FROM x";
const held = (name: string, query: string) => `DECLARE ${name} CURSOR WITH HOLD FOR ${query}`;
const oneRoom = "UPDATE patients SET room = (SELECT min(room) FROM patients)";
const asInt = "SELECT email::int FROM customers ORDER BY id";

export default [
  // texts of the server about values that no output column, condition or flow holds
  leak("error: in a WITH query of which rows are counted", failing),
  leak("error: in a recursive query of which rows are counted", "WITH RECURSIVE x AS (SELECT 1 AS n, email::int AS e FROM customers UNION ALL SELECT n + 1, e FROM x WHERE n < 2) SELECT count(*) FROM x"),
  leak("error: in a set operation of which one column is shown", "SELECT id FROM (SELECT id, email::int FROM customers UNION ALL SELECT 1, 2) x"),
  leak("error: in VALUES from the side", "SELECT count(*) FROM customers c, LATERAL (VALUES (c.email::int), (1)) v"),
  leak("error: in a WITH query of an INSERT", "WITH x AS MATERIALIZED (SELECT email::int FROM customers) INSERT INTO scratch (a) SELECT count(*) FROM x"),
  leak("error: in a WITH query of CREATE TABLE AS", `CREATE TEMP TABLE made AS ${failing}`),
  leak("error: in a view that counts", `CREATE VIEW made AS ${failing}`, "SELECT * FROM made"),
  strings("error: in MOVE", "BEGIN", "DECLARE k CURSOR FOR SELECT email::int FROM customers ORDER BY id", "MOVE 1 FROM k"),
  strings("error: in a held cursor at COMMIT", "BEGIN", "DECLARE k CURSOR WITH HOLD FOR SELECT email::int FROM customers ORDER BY id", "COMMIT"),
  strings("error: in a held cursor at the end of a string", "DECLARE k CURSOR WITH HOLD FOR SELECT email::int FROM customers ORDER BY id; SELECT 1"),
  played("error: in a held cursor at COMMIT in the pipeline", ...simple("BEGIN", "DECLARE k CURSOR WITH HOLD FOR SELECT email::int FROM customers ORDER BY id"), pipeline("COMMIT")),
  played("error: in a held cursor at Sync", pipeline("DECLARE k CURSOR WITH HOLD FOR SELECT email::int FROM customers ORDER BY id")),
  strings("error: in a held cursor at END of a string", `BEGIN; ${held("k", asInt)}; END`),
  strings("error: in a held cursor at COMMIT AND CHAIN", "BEGIN", held("k", asInt), "COMMIT AND CHAIN"),
  strings("error: in a held cursor, statements later", "BEGIN", held("k", asInt), "SELECT 1", "SAVEPOINT a", "SELECT 2", "COMMIT"),
  strings("error: in a held cursor that was moved", "BEGIN", held("k", "SELECT id::text FROM customers WHERE id < 3 UNION ALL SELECT email::int::text FROM customers"), "MOVE 1 IN k", "COMMIT"),
  played("error: in a held cursor at Sync, behind others", pipeline("SELECT 1", held("k", asInt), "SELECT 2")),
  played("error: in MOVE by the extended protocol", ...simple("BEGIN", `DECLARE k CURSOR FOR ${asInt}`), pipeline("MOVE ALL FROM k")),
  played("error: in a function that planning calls", pipeline("SELECT id FROM orders WHERE id = email_of(1)::int")),
  leak("error: EXPLAIN plans with a function", "EXPLAIN SELECT id FROM orders WHERE id < email_of(1)::int"),
  strings("error: deferred constraint at COMMIT", "BEGIN", oneRoom, "COMMIT"),
  strings("error: deferred constraint at COMMIT in a string", `BEGIN; ${oneRoom}; COMMIT`),
  strings("error: deferred constraint at the end of a string", `${oneRoom}; SELECT 1`),
  strings("error: deferred constraint at SET CONSTRAINTS", "BEGIN", oneRoom, "SET CONSTRAINTS ALL IMMEDIATE"),
  strings("error: deferred constraint at PREPARE TRANSACTION", "BEGIN", oneRoom, "PREPARE TRANSACTION 'never'"),
  played("error: deferred constraint at COMMIT in the pipeline", ...simple("BEGIN", oneRoom), pipeline("COMMIT")),
  played("error: deferred constraint at Sync", pipeline(oneRoom, "SELECT 1")),
] satisfies readonly Leak[];
