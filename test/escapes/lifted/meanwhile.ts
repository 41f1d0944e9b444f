// Something becomes protected while a string, a batch or a statement is on its way.
// biome-ignore-all format: one attempt a line
import { bind, execute, flush, parse, sync } from "../../support/messages.ts";
import { type Attempt, attempt, PEOPLE, sent, turn, waived } from "./attempt.ts";

/** The string waits for the administrator's lock, and goes on when the table is there. */
const gate = ["root: BEGIN; LOCK TABLE own", "root: COMMIT"] as const;
const waits = "SELECT count(*) FROM own";
const inString = (name: string, then: string, ...after: readonly string[]): Attempt =>
  attempt(`in a string: ${name}`, "a: SELECT stolen()", gate[0], `a> ${waits}; ${then}`, "root: SELECT pg_sleep(0.2)", inTransaction, gate[1], "a: SELECT 1", ...after);
/** In the transaction that holds the lock. */
const inTransaction = PEOPLE;
const whileRuns = (name: string, runs: string, ...more: readonly string[]) =>
  waived("running", `while it runs: ${name}`, "b: LISTEN ch", `a> ${runs}`, "root: SELECT pg_sleep(0.3)", PEOPLE, "a: SELECT 1", ...more);
const polls = (then: string) => `DO $$ DECLARE s text; BEGIN s := wait(); ${then} END $$`;

export default [
  inString("a function", "SELECT stolen()"),
  inString("a function behind SET", "SET work_mem = '1MB'; SELECT stolen()"),
  inString("a notice", "SELECT tell()"),
  inString("DO, by notice", "DO $$ BEGIN PERFORM tell(); END $$"),
  inString("DO, by error", "DO $$ BEGIN PERFORM fail(); END $$"),
  inString("the text of an error", "SELECT fail()"),
  inString("COPY TO STDOUT", "COPY (SELECT stolen()) TO STDOUT"),
  inString("CALL", "CALL keep()", "b: SELECT x FROM loot"),
  inString("INSERT, by a table", "INSERT INTO loot SELECT stolen()", "b: SELECT x FROM loot"),
  inString("UPDATE, by a table", "UPDATE own SET b = stolen()", "b: SELECT b FROM own"),
  inString("CREATE TABLE AS", "CREATE TABLE made AS SELECT stolen() x", "b: SELECT x FROM made"),
  inString("EXPLAIN ANALYZE", "EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off) SELECT tell()"),
  inString("DECLARE and FETCH", "BEGIN; DECLARE k CURSOR FOR SELECT stolen(); FETCH k; COMMIT"),
  inString("PREPARE and EXECUTE", "PREPARE p AS SELECT stolen(); EXECUTE p"),
  inString("behind COMMIT", "COMMIT; SELECT stolen()"),
  inString("in a transaction of its own", "COMMIT; BEGIN; SELECT stolen(); COMMIT"),
  inString("in a savepoint", "BEGIN; SAVEPOINT s; SELECT stolen(); ROLLBACK"),
  inString("behind one that is refused, as a comment", "/* x */ SELECT stolen() -- y"),
  inString("a default that ALTER TABLE evaluates", "INSERT INTO loot VALUES (1); ALTER TABLE loot ADD y text DEFAULT stolen()", "b: TABLE loot"),
  inString("an index", "CREATE FUNCTION still(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS 'BEGIN PERFORM public.tell(); RETURN NULL; END'; CREATE INDEX i ON own (still(b))"),
  inString("a plain query of the new table", "SELECT email FROM people"),
  inString("a whole row of the new table", "SELECT people::text FROM people"),
  attempt("in a string: a deferred trigger at its COMMIT", "a: CREATE CONSTRAINT TRIGGER t AFTER INSERT ON loot DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION tell_trigger()", gate[0], `a> BEGIN; INSERT INTO loot VALUES ('x'); ${waits}; COMMIT`, "root: SELECT pg_sleep(0.2)", inTransaction, gate[1], "a: SELECT 1"),
  attempt("in a string: the snapshot is older, and rows are frozen", "a: SELECT stolen()", "a: BEGIN ISOLATION LEVEL REPEATABLE READ", "a: SELECT count(*) FROM loot", gate[0], `a> ${waits}; SELECT stolen()`, "root: SELECT pg_sleep(0.2)", gate[1], "a: SELECT 1", "a: ROLLBACK", PEOPLE, "a: SELECT stolen()"),
  // snapshots that are older than the table, whose rows are visible in them all the same
  ...["REPEATABLE READ", "SERIALIZABLE", "SERIALIZABLE READ ONLY"].map((level) =>
    attempt(`a snapshot that is older than frozen rows (${level})`, `a: BEGIN ISOLATION LEVEL ${level}`, "a: SELECT stolen()", "root: BEGIN; CREATE TABLE people (email text); COPY people FROM PROGRAM 'echo canary@secret.example' (FREEZE); GRANT ALL ON people TO app; COMMIT", "a: SELECT stolen()")),
  attempt("a snapshot that was handed over", "b: BEGIN ISOLATION LEVEL REPEATABLE READ", "b: SELECT pg_export_snapshot() IS NULL", "a: SELECT stolen()", "root: BEGIN; CREATE TABLE people (email text); COPY people FROM PROGRAM 'echo canary@secret.example' (FREEZE); GRANT ALL ON people TO app; COMMIT", "b: SELECT stolen()"),
  attempt("sessions whose transactions are REPEATABLE READ by default", "a: SET default_transaction_isolation = 'repeatable read'", "a: SELECT stolen()", PEOPLE, "a: SELECT stolen()"),
  // an open transaction of somebody else's
  attempt("made in a transaction that is still open", "a: SELECT stolen()", "root: BEGIN", PEOPLE, "a: SELECT stolen()", "root: COMMIT", "a: SELECT stolen()"),
  attempt("made and taken away again", "a: SELECT stolen()", PEOPLE, "a: SELECT stolen()", "root: DROP TABLE people", "a: SELECT 1"),
  // a batch that is kept open: the word is for what is at hand, and at most a tenth of a second
  waived("running", "a batch that is kept open, parsed before", sent("a", [parse("p", "SELECT stolen()"), flush()], 0), PEOPLE, sent("a", [bind({ statement: "p" }), execute(), sync()])),
  attempt("a batch that is kept open for longer", sent("a", [parse("p", "SELECT stolen()"), flush()], 0), PEOPLE, "root: SELECT pg_sleep(0.3)", sent("a", [bind({ statement: "p" }), execute(), sync()])),
  attempt("a batch that is kept open behind something that ran", sent("a", [parse("", "SELECT 1"), bind(), execute(), flush()], 0), PEOPLE, "root: SELECT pg_sleep(0.3)", sent("a", [parse("p", "SELECT stolen()"), bind({ statement: "p" }), execute(), sync()])),
  attempt("a pipeline: the second runs behind one that waits", "a: SELECT stolen()", gate[0], { ...sent("a", [parse("", waits), bind(), execute(), parse("", "SELECT stolen()"), bind(), execute(), sync()]), starts: true }, "root: SELECT pg_sleep(0.2)", inTransaction, gate[1], "a: SELECT 1"),
  // code that runs when it comes: what no word of the server can stop
  whileRuns("the result", "SELECT wait()"),
  whileRuns("a notice", polls("RAISE NOTICE '%', s;")),
  whileRuns("the text of an error", polls("RAISE EXCEPTION '%', s;")),
  whileRuns("a table", polls("INSERT INTO loot VALUES (s);"), "a: SELECT 1", "b: SELECT x FROM loot"),
  whileRuns("a notification", polls("PERFORM pg_notify('ch', s);"), "a: SELECT 1", "b: SELECT 1"),
  whileRuns("a setting of the session", polls("PERFORM set_config('application_name', s, false);")),
  whileRuns("a setting of the session that is read later", polls("PERFORM set_config('weir_test.x', s, false);"), "a: SHOW weir_test.x"),
  whileRuns("a function that is made with it", polls("EXECUTE format('CREATE FUNCTION got() RETURNS text LANGUAGE sql AS %L', format('SELECT %L', s));"), "a: SELECT 1", "b: SELECT got()"),
  whileRuns("the comment of a table", polls("EXECUTE format('COMMENT ON TABLE own IS %L', s);"), "a: SELECT 1", "b: SELECT obj_description('own'::regclass)"),
  whileRuns("the name of a table", polls("EXECUTE format('CREATE TABLE %I ()', s);"), "a: SELECT 1", "b: SELECT relname FROM pg_class WHERE relname LIKE 'canary%'"),
  whileRuns("a label of a type", polls("EXECUTE format('CREATE TYPE got AS ENUM (%L)', s);"), "a: SELECT 1", "b: SELECT enum_range(NULL::got)::text"),
  whileRuns("a large object", polls("PERFORM lo_from_bytea(4711, s::bytea);"), "a: SELECT 1", "b: SELECT convert_from(lo_get(4711), 'UTF8')"),
  whileRuns("a statement that waits for a lock when it begins", "SELECT wait() FROM own"),
  waived("running", "while it waits for its lock", gate[0], "a> SELECT stolen() FROM own", "root: SELECT pg_sleep(0.2)", inTransaction, gate[1], "a: SELECT 1"),
  turnsOf("a cursor of a function that goes on by itself"),
] satisfies readonly Attempt[];

/** Parsed, bound and executed in part by one Flush, the rest by the next. */
function turnsOf(name: string): Attempt {
  const many = "SELECT stolen() FROM generate_series(1, 9)";
  return attempt(name, turn("a: BEGIN"), sent("a", [parse("p", many), bind({ portal: "z", statement: "p" }), execute("z", 1), flush()], 0), PEOPLE, "root: SELECT pg_sleep(0.3)", sent("a", [execute("z"), sync()]));
}
