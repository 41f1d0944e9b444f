// Names whose meaning changes behind a decision: cursors, prepared statements, portals, and what a search_path finds.
// biome-ignore-all format: one attempt a line
import { bind, close, describe, execute, parse, query, sync } from "../../support/messages.ts";
import type { Step } from "../../support/script.ts";
import type { Leak } from "../escape.ts";

const played = (name: string, ...steps: readonly Step[]): Leak => ({ name, sql: [], steps });
const simple = (...sql: readonly string[]): Step[] => sql.map((text) => [query(text)]);
const strings = (name: string, ...sql: readonly string[]): Leak => played(name, ...simple(...sql));
const pipeline = (...sql: readonly string[]): Step => [...sql.flatMap((text) => [parse("", text), bind(), execute()]), sync()];
const run = (statement: string): Step => [bind({ statement }), execute(), sync()];
/** Longer than what the server's tables of names look at. */
const long = (end: string) => `${"n".repeat(63)}${end}`;

const clean = "SELECT name || '' AS x FROM customers ORDER BY id";
const secret = "SELECT email || '' AS x FROM customers ORDER BY id";
const shadowed = ["CREATE SCHEMA s; CREATE TABLE s.customers (id int, email text)", "BEGIN", "SET LOCAL search_path = s"];

export default [
  // a cursor or prepared statement that is another by the time it is named
  strings("cursor declared anew in front of its FETCH, in one string", "BEGIN", `DECLARE k CURSOR FOR ${clean}`, `CLOSE k; DECLARE k CURSOR FOR ${secret}; FETCH ALL FROM k`),
  strings("held cursor declared anew in front of its FETCH, in one string", `DECLARE k CURSOR WITH HOLD FOR ${clean}`, `CLOSE ALL; DECLARE k CURSOR WITH HOLD FOR ${secret}; FETCH ALL FROM k`),
  strings("statement prepared anew in front of its EXECUTE, in one string", `PREPARE p AS ${clean}`, `DEALLOCATE p; PREPARE p AS ${secret}; EXECUTE p`),
  strings("statement prepared anew in front of CREATE TABLE AS EXECUTE", "PREPARE p AS SELECT name FROM customers", `DEALLOCATE p; PREPARE p AS ${secret}; CREATE TEMP TABLE made AS EXECUTE p`, "SELECT * FROM made"),
  played("FETCH parsed before its cursor was declared anew", ...simple("BEGIN", `DECLARE k CURSOR FOR ${clean}`), [parse("f", "FETCH ALL FROM k"), sync()], ...simple("CLOSE k", `DECLARE k CURSOR FOR ${secret}`), run("f")),
  played("EXECUTE parsed before its statement was prepared anew", ...simple(`PREPARE p AS ${clean}`), [parse("e", "EXECUTE p"), sync()], ...simple("DEALLOCATE p", `PREPARE p AS ${secret}`), run("e")),
  played("EXECUTE parsed before its protocol statement was another", [parse("p", clean), sync()], [parse("e", "EXECUTE p"), sync()], [close("S", "p"), parse("p", secret), sync()], run("e")),
  played("EXECUTE and the statement it names in one pipeline", [parse("p", clean), sync()], [parse("e", "EXECUTE p"), close("S", "p"), parse("p", secret), bind({ statement: "e" }), execute(), sync()]),
  played("EXECUTE bound before its statement was another", ...simple("BEGIN"), [parse("p", clean), sync()], [parse("e", "EXECUTE p"), bind({ statement: "e", portal: "z" }), sync()], [close("S", "p"), parse("p", secret), sync()], [execute("z"), sync()]),
  // a setting or table that is gone when a later statement of the same string or pipeline runs
  strings("SET LOCAL search_path ends with a COMMIT in the string", ...shadowed, secret, `COMMIT; ${secret}`),
  strings("SET LOCAL search_path ends with COMMIT AND CHAIN in the string", ...shadowed, secret, `COMMIT AND CHAIN; ${secret}`),
  played("SET LOCAL search_path ends with a ROLLBACK in the pipeline", ...simple(...shadowed, secret), pipeline("ROLLBACK", secret)),
  played("SET LOCAL search_path ends in front of a bound statement", ...simple(...shadowed), [parse("a", secret), sync()], [parse("", "ROLLBACK"), bind(), execute(), bind({ statement: "a" }), execute(), sync()]),
  strings("EXECUTE behind a ROLLBACK of its search_path, in one string", ...shadowed, `PREPARE p AS ${secret}`, "EXECUTE p", "ROLLBACK; EXECUTE p"),
  played("EXECUTE behind a ROLLBACK of its search_path, in one pipeline", ...simple(...shadowed, `PREPARE p AS ${secret}`), [parse("e", "EXECUTE p"), sync()], [parse("", "ROLLBACK"), bind(), execute(), bind({ statement: "e" }), execute(), sync()]),
  strings("EXECUTE behind the DROP of its temp table, in one string", "CREATE TEMP TABLE customers (id int, email text)", `PREPARE p AS ${secret}`, "EXECUTE p", "DROP TABLE pg_temp.customers; EXECUTE p"),
  // more of them, found while closing these
  played("cursor declared anew in the pipeline of its FETCH", ...simple("BEGIN", `DECLARE k CURSOR FOR ${clean}`), pipeline("CLOSE k", `DECLARE k CURSOR FOR ${secret}`, "FETCH ALL FROM k")),
  played("statement prepared anew in the pipeline of its EXECUTE", ...simple(`PREPARE p AS ${clean}`), pipeline("DEALLOCATE p", `PREPARE p AS ${secret}`, "EXECUTE p")),
  played("statement prepared anew in the pipeline of its EXECUTE, binary", ...simple(`PREPARE p AS ${clean}`), [parse("", "DEALLOCATE ALL"), bind(), execute(), parse("", `PREPARE p AS ${secret}`), bind(), execute(), parse("", "EXECUTE p"), bind({ results: [1] }), describe("P"), execute(), sync()]),
  strings("DISCARD ALL in the session, then the name anew in one string", `PREPARE p AS ${clean}`, "DISCARD ALL", `PREPARE p AS ${clean}`, `DEALLOCATE ALL; PREPARE p AS ${secret}; EXECUTE p`),
  strings("statement prepared anew in front of EXPLAIN ANALYZE EXECUTE", `PREPARE p AS ${clean}`, "DEALLOCATE p; PREPARE p AS SELECT 1 FROM customers WHERE ssn = 'a-canary-5'; EXPLAIN (ANALYZE, TIMING off, COSTS off, SUMMARY off) EXECUTE p"),
  strings("statement of another that is an EXECUTE", `PREPARE p AS ${clean}`, "PREPARE q AS SELECT 1", `DEALLOCATE p; PREPARE p AS ${secret}; DEALLOCATE q; EXECUTE p`),
  played("EXECUTE of an EXECUTE whose statement is another", [parse("p", clean), sync()], [parse("e", "EXECUTE p"), sync()], [parse("f", "EXECUTE e"), sync()], [close("S", "p"), parse("p", secret), sync()], run("f")),
  played("FETCH from a portal that runs an EXECUTE", ...simple("BEGIN"), [parse("p", clean), parse("e", "EXECUTE p"), bind({ statement: "e", portal: "z" }), sync()], [close("S", "p"), parse("p", secret), sync()], ...simple("FETCH ALL FROM z")),
  played("names that differ beyond what the server looks at", [parse(long("x"), clean), sync()], [close("S", long("y")), parse(long("y"), secret), sync()], [bind({ statement: long("x") }), execute(), sync()]),
  played("portals that differ beyond what the server looks at", ...simple("BEGIN"), [parse("a", clean), parse("b", secret), bind({ statement: "a", portal: long("x") }), close("P", long("y")), bind({ statement: "b", portal: long("y") }), execute(long("x")), sync()]),
  played("a Query amid the batch prepares the name anew", ...simple(`PREPARE p AS ${clean}`), [parse("e", "EXECUTE p"), query(`DEALLOCATE p; PREPARE p AS ${secret}`), bind({ statement: "e" }), execute(), sync()]),
  played("a portal that was stopped is not another's after ROLLBACK TO", ...simple("CREATE SCHEMA s; CREATE TABLE s.customers (id int, email text)", "BEGIN"), [parse("a", secret), bind({ statement: "a", portal: "z" }), sync()], ...simple("SET LOCAL search_path = s", "SAVEPOINT b"), [execute("z"), sync()], ...simple("ROLLBACK TO b"), [execute("z"), sync()]),
  played("a portal that was stopped is not another's for FETCH", ...simple("CREATE SCHEMA s; CREATE TABLE s.customers (id int, email text)", "BEGIN"), [parse("a", secret), bind({ statement: "a", portal: "z" }), sync()], ...simple("SET LOCAL search_path = s", "SAVEPOINT b"), [execute("z"), sync()], ...simple("ROLLBACK TO b", "FETCH ALL FROM z")),
  strings("SET LOCAL search_path ends with ROLLBACK TO in the string", ...shadowed.slice(0, 2), "SAVEPOINT b", "SET LOCAL search_path = s", secret, `ROLLBACK TO b; ${secret}`),
  played("SET LOCAL search_path ends with ROLLBACK TO in the pipeline", ...simple(...shadowed.slice(0, 2), "SAVEPOINT b", "SET LOCAL search_path = s", secret), pipeline("ROLLBACK TO b", secret)),
  strings("SET of the session ends with ROLLBACK AND CHAIN in the string", ...shadowed.slice(0, 2), "SET search_path = s", secret, `ROLLBACK AND CHAIN; ${secret}`),
  strings("SET LOCAL search_path ends with COMMIT AND CHAIN in front of the string", ...shadowed, secret, "COMMIT AND CHAIN", secret),
  strings("SET LOCAL search_path ends with ABORT, and a cursor reads on", ...shadowed, secret, `ABORT; BEGIN; DECLARE k CURSOR FOR ${secret}; FETCH ALL FROM k`),
  strings("SET LOCAL search_path ends with END, and COPY reads on", ...shadowed, secret, `END; COPY (${secret}) TO STDOUT`),
  strings("SET LOCAL ROLE's path ends with a COMMIT in the string", ...shadowed.slice(0, 2), "SELECT set_config('search_path', 's', true)", secret, `COMMIT; ${secret}`),
  strings("a temp table is gone with its ROLLBACK in the string", "BEGIN", "CREATE TEMP TABLE customers (id int, email text)", secret, `ROLLBACK; ${secret}`),
  strings("a temp table dropped ON COMMIT is gone in the string", "BEGIN", "CREATE TEMP TABLE customers (id int, email text) ON COMMIT DROP", secret, `COMMIT; ${secret}`),
] satisfies readonly Leak[];
