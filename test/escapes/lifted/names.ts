// Ways in which something comes to be protected: made, renamed, attached, replaced, under names that differ a little.
// biome-ignore-all format: one attempt a line
import { bind, execute, parse, sync } from "../../support/messages.ts";
import { type Attempt, attempt, SECRET, sent, waived } from "./attempt.ts";

const under = (pattern: string, one: Attempt): Attempt => ({ ...one, pattern });
const prepared = (name: string, reads: string, appears: string): Attempt =>
  attempt(name, "root: CREATE TABLE part (email text); GRANT ALL ON part TO app", "a: SELECT stolen()", sent("a", [parse("p", reads), sync()]), `root: ${appears}`, "root: SELECT pg_sleep(1.2)", sent("a", [bind({ statement: "p" }), execute(), sync()]));
const appears = (name: string, made: string, reads: string, pattern?: string): Attempt => {
  const one = attempt(name, "a: SELECT stolen()", `root: ${made}; GRANT ALL ON ALL TABLES IN SCHEMA public TO app`, `a: SELECT stolen('${reads}')`);
  return pattern === undefined ? one : { ...one, pattern };
};
const row = `('${SECRET}')`;

export default [
  appears("a table that is renamed", `INSERT INTO plain VALUES ${row}; ALTER TABLE plain RENAME TO people`, "SELECT email FROM people"),
  appears("a column that is renamed", `CREATE TABLE people (x text); INSERT INTO people VALUES ${row}; ALTER TABLE people RENAME x TO email`, "SELECT email FROM people"),
  appears("a column that is added", `CREATE TABLE people (); ALTER TABLE people ADD email text; INSERT INTO people VALUES ${row}`, "SELECT email FROM people"),
  appears("a column that is added behind one that was dropped", `CREATE TABLE people (email text); ALTER TABLE people DROP email; ALTER TABLE people ADD email text; INSERT INTO people VALUES ${row}`, "SELECT people::text FROM people"),
  appears("a table that comes from another schema", `CREATE SCHEMA s; CREATE TABLE s.people (email text); INSERT INTO s.people VALUES ${row}; ALTER TABLE s.people SET SCHEMA public`, "SELECT email FROM people"),
  appears("a schema that is renamed", `CREATE SCHEMA s; CREATE TABLE s.people (email text); INSERT INTO s.people VALUES ${row}; ALTER SCHEMA s RENAME TO vault; GRANT ALL ON SCHEMA vault TO app; GRANT ALL ON vault.people TO app`, "SELECT email FROM vault.people", "vault.people.email"),
  appears("a view", `CREATE VIEW people AS SELECT ''${SECRET}''::text AS email`.replaceAll("''", "'"), "SELECT email FROM people"),
  appears("a materialized view", `CREATE MATERIALIZED VIEW people AS SELECT '${SECRET}'::text AS email`, "SELECT email FROM people"),
  appears("a partitioned table", `CREATE TABLE people (email text) PARTITION BY LIST (email); CREATE TABLE p1 PARTITION OF people DEFAULT; INSERT INTO people VALUES ${row}`, "SELECT email FROM people"),
  appears("a partition, read by itself", `CREATE TABLE people (email text) PARTITION BY LIST (email); CREATE TABLE p1 PARTITION OF people DEFAULT; INSERT INTO people VALUES ${row}`, "SELECT email FROM p1"),
  appears("a child, read by itself", `CREATE TABLE people (email text); CREATE TABLE child () INHERITS (people); INSERT INTO child VALUES ${row}`, "SELECT email FROM child"),
  appears("a parent, whose child it is", `CREATE TABLE people () INHERITS (plain); INSERT INTO people VALUES ${row}`, "SELECT email FROM plain"),
  appears("a generated column", `CREATE TABLE people (x text, email text GENERATED ALWAYS AS (x) STORED); INSERT INTO people VALUES ${row}`, "SELECT email FROM people"),
  appears("a column of a domain", `CREATE DOMAIN dom AS text; CREATE TABLE people (email dom); INSERT INTO people VALUES ${row}`, "SELECT email FROM people"),
  appears("a column of an array", `CREATE TABLE people (email text[]); INSERT INTO people VALUES (ARRAY['${SECRET}'])`, "SELECT email[1] FROM people"),
  appears("a document with a path", `CREATE TABLE people (doc jsonb); INSERT INTO people VALUES ('{"kyc":{"no":"${SECRET}"}}')`, "SELECT doc #>> ''{kyc,no}'' FROM people", "public.people.doc#kyc.no"),
  appears("every column of some name", `CREATE SCHEMA s; CREATE TABLE s.t (ssn text); INSERT INTO s.t VALUES ${row}; GRANT ALL ON SCHEMA s TO app; GRANT ALL ON s.t TO app`, "SELECT ssn FROM s.t", "*.*.ssn"),
  appears("every table of some name", `CREATE SCHEMA s; CREATE TABLE s.people (x text); INSERT INTO s.people VALUES ${row}; GRANT ALL ON SCHEMA s TO app; GRANT ALL ON s.people TO app`, "SELECT x FROM s.people", "*.people.*"),
  appears("every column of some schema", `CREATE SCHEMA s; CREATE TABLE s.t (x text); INSERT INTO s.t VALUES ${row}; GRANT ALL ON SCHEMA s TO app; GRANT ALL ON s.t TO app`, "SELECT x FROM s.t", "s.*.*"),
  appears("names that begin so", `CREATE TABLE people_2026 (email text); INSERT INTO people_2026 VALUES ${row}`, "SELECT email FROM people_2026", "public.people_*.e*"),
  appears("names in capitals", `CREATE TABLE "People" ("EMAIL" text); INSERT INTO "People" VALUES ${row}`, 'SELECT "EMAIL" FROM "People"'),
  appears("names with letters that become others in lower case", `CREATE TABLE t ("\u212Ayc" text); INSERT INTO t VALUES ${row}`, 'SELECT "\u212Ayc" FROM t', "*.*.kyc"),
  appears("names with letters beyond ASCII", `CREATE TABLE "Größe" (x text); INSERT INTO "Größe" VALUES ${row}`, 'SELECT x FROM "Größe"', "public.größe.x"),
  appears("a name as long as names are", `CREATE TABLE ${"n".repeat(63)} (x text); INSERT INTO ${"n".repeat(63)} VALUES ${row}`, `SELECT x FROM ${"n".repeat(63)}`, `public.${"n".repeat(63)}.x`),
  // what a plain statement read before reads something else
  prepared("a partition that was a table of its own", "SELECT email FROM part", `CREATE TABLE people (email text) PARTITION BY LIST (email); ALTER TABLE people ATTACH PARTITION part DEFAULT; INSERT INTO people VALUES ${row}`),
  prepared("a table that becomes a child", "SELECT email FROM part", `CREATE TABLE people (email text); ALTER TABLE part INHERIT people; INSERT INTO part VALUES ${row}`),
  prepared("a parent that gets a child", "SELECT email FROM part", `CREATE TABLE people () INHERITS (part); INSERT INTO people VALUES ${row}`),
  prepared("a table that is renamed, and another takes its name", "SELECT email FROM part", `ALTER TABLE part RENAME TO old; CREATE TABLE people (email text); INSERT INTO people VALUES ${row}; CREATE VIEW part AS SELECT email FROM people; GRANT ALL ON part TO app`),
  prepared("a whole row", "SELECT part::text FROM part", `ALTER TABLE part RENAME TO people; INSERT INTO people VALUES ${row}; CREATE VIEW part AS SELECT * FROM people; GRANT ALL ON part TO app`),
  attempt("a view that is replaced", "root: CREATE VIEW v AS SELECT b AS x FROM own; GRANT ALL ON v TO app", "a: SELECT stolen()", sent("a", [parse("p", "SELECT x FROM v"), sync()]), `root: CREATE TABLE people (email text); INSERT INTO people VALUES ${row}; CREATE OR REPLACE VIEW v AS SELECT email AS x FROM people`, "root: SELECT pg_sleep(1.2)", sent("a", [bind({ statement: "p" }), execute(), sync()])),
  attempt("a function in SQL that is replaced", "root: CREATE FUNCTION f() RETURNS text LANGUAGE sql AS 'SELECT b FROM own LIMIT 1'", "a: SELECT stolen()", sent("a", [parse("p", "SELECT f()"), sync()]), `root: CREATE TABLE people (email text); INSERT INTO people VALUES ${row}; GRANT ALL ON people TO app; CREATE OR REPLACE FUNCTION f() RETURNS text LANGUAGE sql AS 'SELECT email FROM people'`, "root: SELECT pg_sleep(1.2)", sent("a", [bind({ statement: "p" }), execute(), sync()])),
  // a login for which the catalogue is not what it is for others
  attempt("rights to the catalogue are gone", "root: REVOKE ALL ON pg_catalog.pg_class, pg_catalog.pg_attribute FROM PUBLIC", "a: SELECT 1", `root: CREATE TABLE people (email text); INSERT INTO people VALUES ${row}; GRANT ALL ON people TO app`, "a: SELECT stolen()"),
  attempt("rights to functions of the server are gone", "root: REVOKE ALL ON FUNCTION lower(text), current_setting(text), json_build_array(VARIADIC \"any\") FROM PUBLIC", "a: SELECT 1", `root: CREATE TABLE people (email text); INSERT INTO people VALUES ${row}; GRANT ALL ON people TO app`, "a: SELECT stolen()"),
  attempt("rights to a schema are gone, and code has them", "a: SELECT stolen()", `root: CREATE SCHEMA vault; CREATE TABLE vault.people (email text); INSERT INTO vault.people VALUES ${row}; CREATE FUNCTION definer() RETURNS text SECURITY DEFINER LANGUAGE plpgsql AS 'BEGIN RETURN stolen(''SELECT email FROM vault.people''); END'`, "a: SELECT definer()"),
  attempt("in a transaction, rights to a schema are gone, and code has them", "root: CREATE SCHEMA vault; CREATE FUNCTION definer() RETURNS text SECURITY DEFINER LANGUAGE plpgsql AS 'BEGIN RETURN stolen(''SELECT email FROM vault.people''); END'", "a: BEGIN ISOLATION LEVEL REPEATABLE READ", "a: SELECT stolen()", "root: BEGIN; CREATE TABLE vault.people (email text); COPY vault.people FROM PROGRAM 'echo canary@secret.example' (FREEZE); COMMIT", "a: SELECT definer()"),
  attempt("a search_path that hides the catalogue", "a: CREATE SCHEMA s", "a: CREATE TABLE s.pg_class (oid oid, relname name, relnamespace oid)", "a: CREATE TABLE s.pg_attribute (attrelid oid, attname name, attnum int2, attisdropped bool)", "a: SET search_path = s, public, pg_catalog", "a: SELECT stolen()", `root: CREATE TABLE people (email text); INSERT INTO people VALUES ${row}; GRANT ALL ON people TO app`, "a: SELECT stolen()"),
  attempt("operators that hide the catalogue's", "a: CREATE SCHEMA s", "a: CREATE FUNCTION s.never(name, name) RETURNS bool LANGUAGE plpgsql AS 'BEGIN RETURN false; END'", "a: CREATE OPERATOR s.= (FUNCTION = s.never, LEFTARG = name, RIGHTARG = name)", "a: SET search_path = s, pg_catalog, public", "a: SELECT stolen()", `root: CREATE TABLE people (email text); INSERT INTO people VALUES ${row}; GRANT ALL ON people TO app`, "a: SELECT stolen()"),
  attempt("temp tables that hide the catalogue", "a: CREATE TEMP TABLE pg_class (oid oid, relname name, relnamespace oid)", "a: SET search_path = pg_temp, pg_catalog, public", "a: SELECT stolen()", `root: CREATE TABLE people (email text); INSERT INTO people VALUES ${row}; GRANT ALL ON people TO app`, "a: SELECT stolen()"),
  attempt("a temp table of the name hides it from the asker", "a: SELECT stolen()", "a: CREATE TEMP TABLE people (email text)", `root: CREATE TABLE people (email text); INSERT INTO people VALUES ${row}; GRANT ALL ON people TO app`, "a: SELECT stolen('SELECT email FROM public.people')"),
  attempt("a role that is set", "root: CREATE ROLE other_role; GRANT other_role TO app; GRANT ALL ON SCHEMA public TO other_role", "a: SET ROLE other_role", "a: SELECT stolen()", `root: CREATE TABLE people (email text); INSERT INTO people VALUES ${row}; GRANT ALL ON people TO other_role`, "a: SELECT stolen()", "root: DROP OWNED BY other_role; DROP ROLE other_role"),
  attempt("settings of the planner", "a: SET enable_indexscan = off", "a: SET enable_seqscan = off", "a: SET join_collapse_limit = 1", "a: SELECT stolen()", `root: CREATE TABLE people (email text); INSERT INTO people VALUES ${row}; GRANT ALL ON people TO app`, "a: SELECT stolen()"),
  attempt("a session that does not answer in UTF-8", "a: SET client_encoding = 'LATIN1'", "a: SELECT stolen()", `root: CREATE TABLE people (email text); INSERT INTO people VALUES ${row}; GRANT ALL ON people TO app`, "a: SELECT stolen()"),
  attempt("a statement that is cut off by its time", "a: SET statement_timeout = 1", "a: SELECT stolen()", `root: CREATE TABLE people (email text); INSERT INTO people VALUES ${row}; GRANT ALL ON people TO app`, "a: RESET statement_timeout", "a: SELECT stolen()"),
  under("public.plain.email", attempt("what was there from the start, in a session that is new", "root: INSERT INTO plain VALUES ('canary@secret.example')", "a: SELECT stolen('SELECT email FROM plain')")),
  under("public.plain.email", attempt("what was there from the start, and is renamed", "a: SELECT 1", "root: ALTER TABLE plain RENAME TO other; INSERT INTO other VALUES ('canary@secret.example')", "a: SELECT stolen('SELECT email FROM other')")),
  under("public.plain.email", attempt("what was there, dropped and made again", "a: SELECT 1", "root: DROP TABLE plain; CREATE TABLE plain (email text); INSERT INTO plain VALUES ('canary@secret.example'); GRANT ALL ON plain TO app", "a: SELECT stolen('SELECT email FROM plain')")),
  waived("left", "an event trigger of a superuser", "su: CREATE FUNCTION tell_event() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO loot VALUES (stolen()); END'", "su: CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION tell_event()", "su: GRANT ALL ON loot TO PUBLIC", `root: CREATE TABLE people (email text); INSERT INTO people VALUES ${row}; GRANT ALL ON people TO app`, "a: CREATE TABLE made ()", "a: SELECT x FROM loot"),
] satisfies readonly Attempt[];
