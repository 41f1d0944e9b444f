// Found by an attack in November 2026: names whose meaning changes behind a decision, code and defaults in
// definitions, texts of the server about what no output column shows, conditions judged without a catalogue.
// biome-ignore-all format: one attempt a line
import { bind, close, copyData, copyDone, execute, parse, query, sync } from "../../support/messages.ts";
import type { Step } from "../../support/script.ts";
import { type Leak, leak } from "../escape.ts";

const stored = (name: string, probe: string, ...sql: readonly string[]): Leak => ({ name, sql, probe, silent: true });
const played = (name: string, ...steps: readonly Step[]): Leak => ({ name, sql: [], steps });
const simple = (...sql: readonly string[]): Step[] => sql.map((text) => [query(text)]);
const strings = (name: string, ...sql: readonly string[]): Leak => played(name, ...simple(...sql));
const pipeline = (...sql: readonly string[]): Step => [...sql.flatMap((text) => [parse("", text), bind(), execute()]), sync()];
const run = (statement: string): Step => [bind({ statement }), execute(), sync()];

const clean = "SELECT name || '' AS x FROM customers ORDER BY id";
const secret = "SELECT email || '' AS x FROM customers ORDER BY id";
const shadowed = ["CREATE SCHEMA s; CREATE TABLE s.customers (id int, email text)", "BEGIN", "SET LOCAL search_path = s"];
const counter = "SELECT last_value, is_called FROM audit_log_id_seq";
const steered = "SELECT 1 FROM customers WHERE ssn = 'a-canary-5'";
const failing = "WITH x AS MATERIALIZED (SELECT email::int FROM customers) SELECT count(*) FROM x";

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
  // conditions of a statement that is judged without a catalogue
  strings("condition behind a SET of search_path in the string", `SET search_path = public; ${steered}`),
  strings("condition behind a temp table made in the string", `CREATE TEMP TABLE made (a int); ${steered}`),
  strings("EXISTS behind a SET of search_path in the string", "SET search_path = public; SELECT EXISTS (SELECT FROM patients WHERE diagnosis LIKE 'canarya%')"),
  strings("EXPLAIN behind a SET of search_path in the string", "SET search_path = public; EXPLAIN SELECT 1 FROM customers WHERE email < 'canarya5'"),
  strings("INSERT behind a SET of search_path in the string", `SET search_path = public; INSERT INTO scratch (a) ${steered}`),
  strings("UPDATE behind a SET of search_path in the string", "SET search_path = public; UPDATE scratch SET a = 99 FROM customers WHERE ssn = 'a-canary-5' AND id = scratch.a"),
  strings("MERGE behind a SET of search_path in the string", "SET search_path = public; MERGE INTO scratch USING customers ON id = a AND ssn = 'a-canary-5' WHEN MATCHED THEN UPDATE SET b = 'hit'"),
  strings("CREATE TABLE AS behind a SET of search_path in the string", `SET search_path = public; CREATE TABLE made AS ${steered}`, "SELECT count(*) FROM made"),
  played("condition behind a SET of search_path in the pipeline", pipeline("SET search_path = public", steered)),
  strings("condition where the snapshot is fixed and DDL is open", "BEGIN ISOLATION LEVEL REPEATABLE READ", "SELECT 1", "CREATE TEMP TABLE made (a int)", steered),
  // json paths
  leak("jsonb_extract_path with VARIADIC literal", "SELECT jsonb_extract_path(profile, VARIADIC '{kyc}') FROM customers ORDER BY id"),
  leak("jsonb_extract_path_text with VARIADIC literal", "SELECT jsonb_extract_path_text(profile, VARIADIC '{kyc,passport_no}') FROM customers ORDER BY id"),
  leak("jsonb_extract_path_text with VARIADIC typed literal", "SELECT jsonb_extract_path_text(profile, VARIADIC '{kyc,passport_no}'::text[]) FROM customers ORDER BY id"),
  // arguments of EXECUTE
  leak("EXECUTE with a function of protected data", "PREPARE p(text) AS SELECT $1", "EXECUTE p(email_of(1))"),
  leak("EXECUTE whose argument fails", "PREPARE p(int) AS SELECT $1", "EXECUTE p(email_of(1)::int)"),
  leak("EXECUTE whose argument steers", "PREPARE p(text) AS SELECT id FROM orders WHERE $1 LIKE 'canarya5%'", "EXECUTE p(email_of(1))"),
  // functions in definitions, which are called when rows are written or the definition is made
  leak("default of a new column", "ALTER TABLE scratch ADD COLUMN c text DEFAULT email_of(1)", "SELECT c FROM scratch"),
  leak("default set on a column", "ALTER TABLE scratch ALTER COLUMN b SET DEFAULT email_of(1)", "INSERT INTO scratch (a) VALUES (9) RETURNING b"),
  leak("default of a new table", "CREATE TABLE made (a int, b text DEFAULT email_of(1))", "INSERT INTO made (a) VALUES (9)", "SELECT b FROM made"),
  leak("default of a temp table", "CREATE TEMP TABLE made (a int, b text DEFAULT email_of(1))", "INSERT INTO made (a) VALUES (9) RETURNING b"),
  leak("default copied by LIKE", "CREATE TEMP TABLE first (a int, b text DEFAULT email_of(1))", "CREATE TEMP TABLE made (LIKE first INCLUDING DEFAULTS)", "INSERT INTO made (a) VALUES (9)", "SELECT b FROM made"),
  leak("default of a typed table", "CREATE TYPE ty AS (a int, b text)", "CREATE TABLE made OF ty (b DEFAULT email_of(1))", "INSERT INTO made (a) VALUES (1)", "SELECT b FROM made"),
  leak("default of a partition", "CREATE TABLE made (a int, b text) PARTITION BY LIST (a)", "CREATE TABLE made_1 PARTITION OF made (b DEFAULT email_of(1)) DEFAULT", "INSERT INTO made_1 (a) VALUES (1)", "SELECT b FROM made"),
  leak("default in CREATE SCHEMA", "CREATE SCHEMA s CREATE TABLE made (a int, b text DEFAULT email_of(1))", "INSERT INTO s.made (a) VALUES (1)", "SELECT b FROM s.made"),
  leak("default of a view's column", "CREATE TEMP VIEW made AS SELECT a, b FROM scratch", "ALTER VIEW made ALTER COLUMN b SET DEFAULT email_of(1)", "INSERT INTO made (a) VALUES (9)", "SELECT b FROM scratch ORDER BY a"),
  leak("default by UPDATE", "CREATE TABLE made (a int, b text DEFAULT email_of(1))", "INSERT INTO made VALUES (1, 'x')", "UPDATE made SET b = DEFAULT", "SELECT b FROM made"),
  leak("default by MERGE", "CREATE TABLE made (a int, b text DEFAULT email_of(1))", "MERGE INTO made USING (VALUES (1)) s(a) ON false WHEN NOT MATCHED THEN INSERT (a) VALUES (1)", "SELECT b FROM made"),
  played("default by COPY", ...simple("CREATE TEMP TABLE made (a int, b text DEFAULT email_of(1))"), { send: [query("COPY made (a) FROM STDIN")], until: "quiet" }, { send: [copyData("1\n"), copyDone()], readies: 0, until: "quiet" }, ...simple("SELECT b FROM made")),
  played("condition of COPY FROM", ...simple("CREATE TEMP TABLE made (a int)"), { send: [query("COPY made FROM STDIN WHERE email_of(a) LIKE 'canarya%'")], until: "quiet" }, { send: [copyData("1\n"), copyDone()], readies: 0, until: "quiet" }),
  leak("bound of a new partition", "CREATE TABLE made (v text) PARTITION BY LIST (v)", "CREATE TABLE made_1 PARTITION OF made FOR VALUES IN (email_of(1))", "SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE relname = 'made_1'"),
  leak("bound of an attached partition", "CREATE TABLE made (v text) PARTITION BY LIST (v)", "CREATE TABLE made_1 (v text)", "ALTER TABLE made ATTACH PARTITION made_1 FOR VALUES IN (email_of(1))", "SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE relname = 'made_1'"),
  leak("check constraint that tells", "CREATE TEMP TABLE made (a int CHECK (tell(hidden_email(a)) IS NOT NULL))", "INSERT INTO made VALUES (1)"),
  leak("check constraint that fails over the value", "CREATE TEMP TABLE made (a int CHECK (email_of(a)::int > 0))", "INSERT INTO made VALUES (1)"),
  leak("check constraint as a condition", "CREATE TEMP TABLE made (a int CHECK (email_of(a) LIKE 'canarya%'))", "INSERT INTO made VALUES (1)"),
  stored("check constraint that runs text", "SELECT b FROM scratch WHERE a = 1", "CREATE TABLE made (a int CHECK (run_text('UPDATE public.scratch SET b = (SELECT email FROM public.customers WHERE id = 1) WHERE a = 1 RETURNING b') IS NOT NULL))", "INSERT INTO made VALUES (1)"),
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
  // order of rows, and parts that are evaluated or not
  leak("order: rows as a window sorted them", "SELECT id, row_number() OVER (ORDER BY email) FROM customers"),
  leak("order: rows as a window parted them", "SELECT id, count(*) OVER (PARTITION BY score) FROM customers"),
  leak("a row comparison stops early", "SELECT (score, 1) = (770055, nextval('audit_log_id_seq')) FROM customers", counter),
  leak("a row comparison by order stops early", "SELECT (score, 1) < (770055, nextval('audit_log_id_seq')) FROM customers", counter),
  leak("IN of rows stops early", "SELECT (score, 1) IN ((770055, nextval('audit_log_id_seq')), (1, 2)) FROM customers", counter),
  leak("IS DISTINCT FROM of rows stops early", "SELECT (score, 1) IS DISTINCT FROM (770055, nextval('audit_log_id_seq')) FROM customers", counter),
  leak("BETWEEN stops early", "SELECT score BETWEEN 770056 AND nextval('audit_log_id_seq') FROM customers", counter),
  leak("ANY of a subquery stops early", "SELECT score = ANY (SELECT 770055 + 0 * nextval('audit_log_id_seq') + 0 * c.id FROM orders) FROM customers c", counter),
  leak("ALL of a subquery stops early", "SELECT score > ALL (SELECT 770055 + 0 * nextval('audit_log_id_seq') + 0 * c.id FROM orders) FROM customers c", counter),
  // statistics
  leak("EXPLAIN tells widths", "EXPLAIN SELECT email FROM customers"),
] satisfies readonly Leak[];
