// Found by an attack in November 2026: names whose meaning changes behind a decision, code and defaults in
// definitions, texts of the server about what no output column shows, conditions judged without a catalogue.
// biome-ignore-all format: one attempt a line
import { bind, copyData, copyDone, execute, parse, query, sync } from "../../support/messages.ts";
import type { Step } from "../../support/script.ts";
import { type Leak, leak } from "../escape.ts";

const stored = (name: string, probe: string, ...sql: readonly string[]): Leak => ({ name, sql, probe, silent: true });
const played = (name: string, ...steps: readonly Step[]): Leak => ({ name, sql: [], steps });
const simple = (...sql: readonly string[]): Step[] => sql.map((text) => [query(text)]);
const strings = (name: string, ...sql: readonly string[]): Leak => played(name, ...simple(...sql));
const pipeline = (...sql: readonly string[]): Step => [...sql.flatMap((text) => [parse("", text), bind(), execute()]), sync()];

const counter = "SELECT last_value, is_called FROM audit_log_id_seq";
const steered = "SELECT 1 FROM customers WHERE ssn = 'a-canary-5'";

export default [
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
  strings("ORDER BY behind a SET of search_path in the string", "SET search_path = public; SELECT id FROM customers ORDER BY ssn"),
  strings("join behind a SET of search_path in the string", "SET search_path = public; SELECT c.id FROM customers c JOIN (VALUES ('a-canary-5')) v(s) ON v.s = c.ssn"),
  strings("GROUP BY behind a SET of search_path in the string", "SET search_path = public; SELECT count(*) FROM customers GROUP BY ssn = 'a-canary-5' ORDER BY 1"),
  strings("DELETE behind a SET of search_path in the string", "BEGIN", "SET search_path = public; DELETE FROM scratch USING customers WHERE ssn = 'a-canary-5'", "ROLLBACK"),
  // json paths
  leak("jsonb_extract_path with VARIADIC array", "SELECT jsonb_extract_path(profile, VARIADIC ARRAY['kyc']) FROM customers ORDER BY id"),
  leak("jsonb_extract_path with VARIADIC literal", "SELECT jsonb_extract_path(profile, VARIADIC '{kyc}') FROM customers ORDER BY id"),
  leak("jsonb_extract_path_text with VARIADIC literal", "SELECT jsonb_extract_path_text(profile, VARIADIC '{kyc,passport_no}') FROM customers ORDER BY id"),
  leak("jsonb_extract_path_text with VARIADIC typed literal", "SELECT jsonb_extract_path_text(profile, VARIADIC '{kyc,passport_no}'::text[]) FROM customers ORDER BY id"),
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
  leak("default of a domain", "CREATE DOMAIN made_domain AS text DEFAULT email_of(1)", "CREATE TEMP TABLE made (a int, b made_domain)", "INSERT INTO made (a) VALUES (1) RETURNING b"),
  leak("default set on a domain", "CREATE DOMAIN made_domain AS text", "CREATE TEMP TABLE made (a int, b made_domain)", "ALTER DOMAIN made_domain SET DEFAULT email_of(1)", "INSERT INTO made (a) VALUES (1) RETURNING b"),
  leak("check of a domain as a condition", "CREATE DOMAIN made_domain AS int CHECK (email_of(VALUE) LIKE 'canarya%')", "SELECT 1::made_domain"),
  leak("check added to a domain as a condition", "CREATE DOMAIN made_domain AS int", "ALTER DOMAIN made_domain ADD CHECK (email_of(VALUE) LIKE 'canarya%')", "SELECT 1::made_domain"),
  leak("check of a new column as a condition", "ALTER TABLE scratch ADD COLUMN c int CHECK (c IS NULL AND email_of(1) LIKE 'canarya%')"),
  leak("check of a partition as a condition", "CREATE TABLE made (a int) PARTITION BY LIST (a)", "CREATE TABLE made_1 PARTITION OF made (CHECK (email_of(a) LIKE 'canarya%')) DEFAULT", "INSERT INTO made VALUES (1)"),
  leak("check of an inheriting table as a condition", "CREATE TABLE made (CHECK (email_of(a) LIKE 'canarya%')) INHERITS (scratch)", "INSERT INTO made (a) VALUES (1)"),
  leak("bound of a new partition", "CREATE TABLE made (v text) PARTITION BY LIST (v)", "CREATE TABLE made_1 PARTITION OF made FOR VALUES IN (email_of(1))", "SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE relname = 'made_1'"),
  leak("bound of an attached partition", "CREATE TABLE made (v text) PARTITION BY LIST (v)", "CREATE TABLE made_1 (v text)", "ALTER TABLE made ATTACH PARTITION made_1 FOR VALUES IN (email_of(1))", "SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE relname = 'made_1'"),
  leak("check constraint that tells", "CREATE TEMP TABLE made (a int CHECK (tell(hidden_email(a)) IS NOT NULL))", "INSERT INTO made VALUES (1)"),
  leak("check constraint that fails over the value", "CREATE TEMP TABLE made (a int CHECK (email_of(a)::int > 0))", "INSERT INTO made VALUES (1)"),
  leak("check constraint as a condition", "CREATE TEMP TABLE made (a int CHECK (email_of(a) LIKE 'canarya%'))", "INSERT INTO made VALUES (1)"),
  stored("check constraint that runs text", "SELECT b FROM scratch WHERE a = 1", "CREATE TABLE made (a int CHECK (run_text('UPDATE public.scratch SET b = (SELECT email FROM public.customers WHERE id = 1) WHERE a = 1 RETURNING b') IS NOT NULL))", "INSERT INTO made VALUES (1)"),
  // order of rows, and parts that are evaluated or not
  leak("order: rows as a window sorted them", "SELECT id, row_number() OVER (ORDER BY email) FROM customers"),
  leak("order: rows as a window parted them", "SELECT id, count(*) OVER (PARTITION BY score) FROM customers"),
  leak("order: rows as a named window sorted them", "SELECT id, sum(id) OVER w FROM customers WINDOW w AS (PARTITION BY 1 ORDER BY ssn)"),
  leak("order: rows as a window over a copied window sorted them", "SELECT id, sum(id) OVER (w ORDER BY ssn) FROM customers WINDOW w AS (PARTITION BY 1)"),
  leak("a row comparison stops early", "SELECT (score, 1) = (770055, nextval('audit_log_id_seq')) FROM customers", counter),
  leak("a row comparison by order stops early", "SELECT (score, 1) < (770055, nextval('audit_log_id_seq')) FROM customers", counter),
  leak("IN of rows stops early", "SELECT (score, 1) IN ((770055, nextval('audit_log_id_seq')), (1, 2)) FROM customers", counter),
  leak("IS DISTINCT FROM of rows stops early", "SELECT (score, 1) IS DISTINCT FROM (770055, nextval('audit_log_id_seq')) FROM customers", counter),
  leak("BETWEEN stops early", "SELECT score BETWEEN 770056 AND nextval('audit_log_id_seq') FROM customers", counter),
  leak("NOT IN stops early", "SELECT score NOT IN (770055, (nextval('audit_log_id_seq'))::int, id) FROM customers", counter),
  leak("NOT BETWEEN SYMMETRIC stops early", "SELECT score NOT BETWEEN SYMMETRIC 770056 AND nextval('audit_log_id_seq') FROM customers", counter),
  leak("IN of a subquery stops early", "SELECT score IN (SELECT 770055 + 0 * nextval('audit_log_id_seq') + 0 * c.id FROM orders) FROM customers c", counter),
  leak("ANY of a subquery stops early", "SELECT score = ANY (SELECT 770055 + 0 * nextval('audit_log_id_seq') + 0 * c.id FROM orders) FROM customers c", counter),
  leak("ALL of a subquery stops early", "SELECT score > ALL (SELECT 770055 + 0 * nextval('audit_log_id_seq') + 0 * c.id FROM orders) FROM customers c", counter),
  // statistics
  leak("EXPLAIN tells widths", "EXPLAIN SELECT email FROM customers"),
  leak("EXPLAIN tells widths of what is computed inside", "EXPLAIN WITH x AS MATERIALIZED (SELECT email FROM customers) SELECT count(*) FROM x"),
  leak("EXPLAIN tells widths of what a prepared statement reads", "PREPARE p AS WITH x AS MATERIALIZED (SELECT email FROM customers) SELECT count(*) FROM x", "EXPLAIN EXECUTE p"),
] satisfies readonly Leak[];
