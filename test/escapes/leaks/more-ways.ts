// More attempts for the ways out that the other lists try less: notices, notifications, EXPLAIN, statistics, large objects, functions
// that run text, renames.
// biome-ignore-all format: one attempt a line
import { type Leak, leak } from "../escape.ts";

const lo = (oid: number, name: string, value: string, from: string): Leak =>
  leak(`large object: ${name}`, `SELECT lo_from_bytea(${oid}, convert_to(${value}, 'UTF8')) FROM ${from}`, `SELECT convert_from(lo_get(${oid}), 'UTF8')`);
const notify = (name: string, ...sql: readonly string[]): Leak => leak(`notification: ${name}`, "LISTEN ch", ...sql);
const renamed = (name: string, ...sql: readonly string[]): Leak => leak(`renamed: ${name}`, ...sql);
const foreign = (name: string, ...sql: readonly string[]): Leak => leak(`foreign table: ${name}`, ...sql);
const bounds = "histogram_bounds::text FROM pg_stats WHERE tablename = 'customers' AND attname = 'email'";

export default [
  leak("notice: of an aggregate", "SELECT tell(string_agg(ssn, ',' ORDER BY id)) FROM customers"),
  leak("notice: in a condition", "SELECT count(*) FROM customers WHERE tell(email) IS NULL"),
  leak("notice: in RETURNING", "UPDATE scratch SET a = a WHERE a = 1 RETURNING tell((SELECT email FROM customers WHERE id = 1))"),
  leak("notice: in VALUES", "VALUES (tell((SELECT ssn FROM customers WHERE id = 2)))"),
  leak("notice: from a trigger, by MERGE", "MERGE INTO customers c USING (VALUES (1)) v(i) ON c.id = v.i WHEN MATCHED THEN UPDATE SET note = 'seen'"),
  leak("notice: from a trigger, by ON CONFLICT", "INSERT INTO customers (id, name) VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET note = 'seen'"),
  leak("notice: from a trigger, through a view", "UPDATE customer_emails SET name = 'x' WHERE id = 1"),
  leak("notice: from a trigger, in a CTE", "WITH u AS (UPDATE customers SET note = 'x' WHERE id = 2 RETURNING id) SELECT id FROM u"),
  leak("notice: from a trigger, prepared", "PREPARE p AS UPDATE customers SET note = 'x' WHERE id = 3", "EXECUTE p"),
  leak("notice: from a trigger, for all", "UPDATE customers SET note = note"),
  leak("notice: RAISE WARNING in DO", "DO $$ BEGIN RAISE WARNING '%', (SELECT ssn FROM public.customers WHERE id = 2); END $$"),
  leak("notice: RAISE INFO in DO", "DO $$ BEGIN RAISE INFO '%', (SELECT card FROM public.payments WHERE id = 2); END $$"),

  notify("an expression", "SELECT pg_notify('ch', 'x' || ssn) FROM customers WHERE id = 2"),
  notify("a whole row", "SELECT pg_notify('ch', c::text) FROM customers c WHERE id = 1"),
  notify("json", "SELECT pg_notify('ch', to_json(c)::text) FROM customers c WHERE id = 1"),
  notify("an aggregate", "SELECT pg_notify('ch', string_agg(email, ',' ORDER BY id)) FROM customers"),
  notify("in a condition", "SELECT 1 FROM customers WHERE id = 1 AND pg_notify('ch', email) IS NOT NULL"),
  notify("in ORDER BY", "SELECT 1 FROM customers WHERE id = 1 ORDER BY pg_notify('ch', ssn)::text"),
  notify("in RETURNING", "UPDATE scratch SET a = a WHERE a = 1 RETURNING pg_notify('ch', (SELECT email FROM customers WHERE id = 1))"),
  notify("in a CTE", "WITH n AS MATERIALIZED (SELECT pg_notify('ch', email) FROM customers WHERE id = 1) SELECT count(*) FROM n"),
  notify("through a view", "SELECT pg_notify('ch', b) FROM nested_emails WHERE a = 1"),
  notify("of a path in a document", "SELECT pg_notify('ch', profile #>> '{kyc,passport_no}') FROM customers WHERE id = 1"),
  notify("prepared", "PREPARE p AS SELECT pg_notify('ch', email) FROM customers WHERE id = 1", "EXECUTE p"),
  notify("as an argument of EXECUTE", "PREPARE p(text) AS SELECT pg_notify('ch', $1)", "EXECUTE p(email_of(1))"),
  notify("by DO", "DO $$ BEGIN EXECUTE format('NOTIFY ch, %L', (SELECT email FROM public.customers WHERE id = 1)); END $$"),

  leak("EXPLAIN as JSON", "EXPLAIN (FORMAT json) SELECT id FROM customers WHERE email < 'canarya5'"),
  leak("EXPLAIN of a write", "EXPLAIN UPDATE scratch SET b = 'x' FROM customers WHERE email < 'canarya5' AND scratch.a = customers.id"),
  leak("EXPLAIN ANALYZE of a write", "EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off, BUFFERS off) INSERT INTO scratch SELECT id, '' FROM customers WHERE score > 770056"),
  leak("EXPLAIN EXECUTE", "PREPARE p AS SELECT id FROM customers WHERE email < 'canarya5'", "EXPLAIN EXECUTE p"),

  leak("statistics: in a scalar subquery", `SELECT (SELECT ${bounds})`),
  leak("statistics: as a condition", "SELECT count(*) FROM pg_stats WHERE tablename = 'customers' AND histogram_bounds::text LIKE '%canarya%'"),
  leak("statistics: in EXISTS", "SELECT a FROM scratch WHERE EXISTS (SELECT FROM pg_stats WHERE histogram_bounds::text LIKE '%a-canary-%') ORDER BY a"),
  leak("statistics: stored", `CREATE TABLE made AS SELECT ${bounds.replace("::text", "::text AS h")}`, "SELECT h FROM made"),
  leak("statistics: in a CTE", `WITH s AS MATERIALIZED (SELECT ${bounds}) SELECT * FROM s`),
  leak("statistics: as json", "SELECT json_agg(s.histogram_bounds::text) FROM pg_stats s WHERE tablename = 'customers' AND attname IN ('email', 'ssn')"),
  leak("statistics: unnested", "SELECT unnest(histogram_bounds::text::text[]) FROM pg_stats WHERE tablename = 'customers' AND attname = 'ssn' ORDER BY 1"),

  lo(7101, "an expression", "upper(ssn)", "customers WHERE id = 1"),
  lo(7102, "a whole row", "c::text", "customers c WHERE id = 1"),
  lo(7103, "an aggregate", "string_agg(email, ',' ORDER BY id)", "customers"),
  lo(7104, "through a view", "b", "nested_emails WHERE a = 1"),
  lo(7105, "of a function", "email_of(id)", "scratch s(id) WHERE id = 1"),
  lo(7106, "of a document", "profile::text", "customers WHERE id = 1"),
  lo(7107, "of a card", "card", "payments WHERE id = 2"),
  leak("large object: in RETURNING", "UPDATE scratch SET a = a WHERE a = 1 RETURNING lo_from_bytea(7108, (SELECT convert_to(email, 'UTF8') FROM customers WHERE id = 1))", "SELECT lo_get(7108)"),
  leak("large object: in a condition", "SELECT 1 FROM customers WHERE id = 1 AND lo_from_bytea(7109, convert_to(ssn, 'UTF8')) > 0", "SELECT lo_get(7109)"),
  leak("large object: prepared", "PREPARE p AS SELECT lo_from_bytea(7110, convert_to(ssn, 'UTF8')) FROM customers WHERE id = 1", "EXECUTE p", "SELECT lo_get(7110)"),
  leak("large object: read back by loread", "SELECT lo_from_bytea(7111, convert_to(ssn, 'UTF8')) FROM customers WHERE id = 1", "BEGIN", "SELECT loread(lo_open(7111, 262144), 100)"),

  leak("text as SQL: query_to_xml in a condition", "SELECT a FROM scratch WHERE query_to_xml('SELECT email FROM customers WHERE id = 1', true, false, '')::text LIKE '%canarya%' ORDER BY a"),
  leak("text as SQL: query_to_xml stored", "INSERT INTO scratch SELECT 9, query_to_xml('SELECT ssn FROM customers', true, false, '')::text", "SELECT b FROM scratch WHERE a = 9"),
  leak("text as SQL: query_to_xml_and_xmlschema", "SELECT query_to_xml_and_xmlschema('SELECT email FROM customers ORDER BY id', true, false, '')"),
  leak("text as SQL: schema_to_xml", "SELECT schema_to_xml('public', true, false, '')"),
  leak("text as SQL: XMLTABLE over table_to_xml", "SELECT x.e FROM XMLTABLE('//email' PASSING table_to_xml('customers', true, false, '') COLUMNS e text PATH '.') x"),
  leak("text as SQL: ts_stat", "SELECT word FROM ts_stat('SELECT to_tsvector(''simple'', ssn) FROM customers') ORDER BY word"),
  leak("text as SQL: ts_rewrite", "SELECT ts_rewrite('x'::tsquery, 'SELECT ''x''::tsquery, plainto_tsquery(''simple'', email) FROM customers WHERE id = 1')"),
  leak("text as SQL: a function in RETURNING", "UPDATE scratch SET a = a WHERE a = 1 RETURNING run_text('SELECT email FROM customers WHERE id = 1')"),

  leak("trigger: put on a clean table", "CREATE TRIGGER made BEFORE INSERT ON scratch FOR EACH ROW EXECUTE FUNCTION log_it()", "INSERT INTO scratch SELECT 9, email FROM customers WHERE id = 1"),
  leak("trigger: its condition", "CREATE TRIGGER made BEFORE INSERT OR UPDATE ON scratch FOR EACH ROW WHEN (email_of(1) LIKE 'canarya5%') EXECUTE FUNCTION log_it()", "UPDATE scratch SET a = a WHERE a = 1"),
  leak("trigger: a condition on a protected column", "CREATE TRIGGER made BEFORE UPDATE ON customers FOR EACH ROW WHEN (NEW.ssn = 'a-canary-5') EXECUTE FUNCTION log_it()", "UPDATE customers SET note = note WHERE id = 1"),
  leak("trigger: built-in, that tells equal values", "CREATE TRIGGER made BEFORE UPDATE ON customers FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()", "UPDATE customers SET ssn = 'a-canary-5' WHERE id = 1"),
  leak("trigger: built-in, that copies", "ALTER TABLE customers ADD COLUMN made tsvector", "CREATE TRIGGER made BEFORE UPDATE ON customers FOR EACH ROW EXECUTE FUNCTION tsvector_update_trigger(made, 'pg_catalog.simple', email)", "UPDATE customers SET note = note", "SELECT made FROM customers ORDER BY id"),
  leak("trigger: enabled always", "ALTER TABLE customers ENABLE ALWAYS TRIGGER log_it", "UPDATE customers SET note = 'x' WHERE id = 4"),

  leak("CASE that fails", "SELECT CASE WHEN ssn = 'a-canary-5' THEN 1 / (id - id) ELSE 1 END FROM customers"),
  leak("CASE that fails in a condition", "SELECT count(*) FROM customers WHERE 1 / (CASE WHEN ssn = 'a-canary-5' THEN 0 ELSE 1 END) = 1"),
  leak("COALESCE that fails", "SELECT COALESCE(NULLIF(score, 770055), 1 / (id - id)) FROM customers ORDER BY id"),
  leak("COALESCE of a subquery that fails", "SELECT COALESCE((SELECT 1 / (id - id) FROM customers WHERE ssn = 'a-canary-5'), 1)"),
  leak("NULLIF as a comparison", "SELECT NULLIF(ssn, 'a-canary-5') IS NULL FROM customers ORDER BY id"),
  leak("CASE over a function, failing", "SELECT id FROM orders WHERE CASE WHEN email_of(1) LIKE 'canarya5%' THEN 1 / (id - id) = 1 ELSE true END ORDER BY id"),

  foreign("plain", "SELECT email FROM remote_customers ORDER BY id"),
  foreign("whole", "SELECT * FROM remote_customers ORDER BY id"),
  foreign("derived", "SELECT upper(ssn) FROM remote_customers ORDER BY id"),
  foreign("as json", "SELECT json_agg(r ORDER BY id) FROM remote_customers r"),
  foreign("as a condition", "SELECT id FROM remote_customers WHERE ssn = 'a-canary-5'"),
  foreign("as an order", "SELECT id FROM remote_customers ORDER BY score * (CASE WHEN ssn = 'a-canary-5' THEN -1 ELSE 1 END), id"),
  foreign("joined", "SELECT c.id FROM remote_customers r JOIN customers c ON c.email = r.email AND r.ssn = 'a-canary-5'"),
  foreign("through a view", "CREATE TEMP VIEW made AS SELECT email AS harmless FROM remote_customers", "SELECT harmless FROM made ORDER BY 1"),
  foreign("stored", "INSERT INTO scratch SELECT id + 100, email FROM remote_customers", "SELECT b FROM scratch ORDER BY a"),
  foreign("as a new table", "CREATE TEMP TABLE made AS SELECT ssn AS s FROM remote_customers", "SELECT s FROM made ORDER BY 1"),
  foreign("imported", "CREATE SCHEMA s", "IMPORT FOREIGN SCHEMA public LIMIT TO (payments) FROM SERVER self INTO s", "SELECT card FROM s.payments ORDER BY id"),
  foreign("made for it", "CREATE FOREIGN TABLE made (id int, card text) SERVER self OPTIONS (schema_name 'public', table_name 'payments')", "SELECT card FROM made ORDER BY id"),
  foreign("in RETURNING", "UPDATE remote_customers SET name = name WHERE id = 1 RETURNING email"),
  foreign("in the text of an error", "SELECT email::int FROM remote_customers"),

  renamed("column", "ALTER TABLE customers RENAME COLUMN email TO harmless", "SELECT harmless FROM customers ORDER BY id"),
  renamed("table", "ALTER TABLE customers RENAME TO harmless", "SELECT email FROM harmless ORDER BY id"),
  renamed("schema", "CREATE SCHEMA s", "ALTER TABLE payments SET SCHEMA s", "SELECT card FROM s.payments ORDER BY id"),
  renamed("column of a view", "ALTER VIEW customer_emails RENAME COLUMN email TO harmless", "SELECT harmless FROM customer_emails ORDER BY id"),
  renamed("view", "ALTER VIEW nested_emails RENAME TO harmless", "SELECT b FROM harmless ORDER BY a"),
  renamed("partition", "ALTER TABLE contacts_mail RENAME TO harmless", "SELECT value FROM harmless ORDER BY id"),
  renamed("generated column", "ALTER TABLE customers RENAME COLUMN email_lower TO harmless", "SELECT harmless FROM customers ORDER BY id"),
  renamed("column, its name given to another", "ALTER TABLE customers RENAME COLUMN email TO harmless", "ALTER TABLE customers RENAME COLUMN note TO email", "SELECT harmless FROM customers ORDER BY id"),
  renamed("table, its name given to another", "ALTER TABLE people RENAME TO harmless", "CREATE TABLE people (id int, alias text)", "SELECT alias FROM harmless ORDER BY id"),
  renamed("field of a composite type", "ALTER TYPE address RENAME ATTRIBUTE street TO harmless", "SELECT (home).harmless FROM customers ORDER BY id"),
  renamed("in an open transaction", "BEGIN", "ALTER TABLE customers RENAME COLUMN ssn TO harmless", "SELECT harmless FROM customers ORDER BY id"),
  renamed("parent table", "ALTER TABLE people RENAME COLUMN alias TO harmless", "SELECT harmless FROM staff ORDER BY id"),
] satisfies readonly Leak[];
