import { bind, execute, parse, query, sync } from "../../support/messages.ts";
import { script } from "../../support/script.ts";

const simple = (name: string, ...texts: readonly string[]) => script(name, ...texts.map((text) => [query(text)]));
const run = (text: string) => [parse("", text), bind(), execute(), sync()];

export default [
  simple("prepare: execute and deallocate", "PREPARE p (int) AS SELECT id, name FROM items WHERE id < $1 ORDER BY id", "EXECUTE p(3)", "EXECUTE p(4)", "DEALLOCATE p", "EXECUTE p(3)"),
  simple("prepare: errors", "PREPARE p AS SELECT 1", "PREPARE p AS SELECT 2", "EXECUTE p(1)", "DEALLOCATE none", "DEALLOCATE ALL", "EXECUTE p", "PREPARE q AS CREATE TABLE x (a int)"),
  simple("prepare: DML", "PREPARE i AS INSERT INTO pairs VALUES ($1, $2) RETURNING *", "EXECUTE i(1, 'a')", "EXECUTE i('x', 'a')", "SELECT * FROM pairs"),
  simple("prepare: EXPLAIN EXECUTE and CREATE TABLE AS EXECUTE", "PREPARE p AS SELECT id FROM items WHERE id < 3", "EXPLAIN (COSTS off) EXECUTE p", "CREATE TABLE made AS EXECUTE p", "SELECT * FROM made ORDER BY 1"),
  script("prepare: SQL and protocol names are one namespace", [query("PREPARE p AS SELECT 'sql'")], [bind({ statement: "p" }), execute(), sync()], [parse("q", "SELECT 'protocol'"), sync()], [query("EXECUTE q")], [query("DEALLOCATE q")], [bind({ statement: "q" }), sync()], [query("SELECT name, statement, from_sql FROM pg_prepared_statements")]),
  script("prepare: DEALLOCATE ALL drops protocol statements", [parse("q", "SELECT 1"), sync()], run("DEALLOCATE ALL"), [bind({ statement: "q" }), sync()]),
  simple("transaction: commit, rollback", "BEGIN", "INSERT INTO pairs VALUES (1)", "COMMIT", "BEGIN", "INSERT INTO pairs VALUES (2)", "ROLLBACK", "TABLE pairs"),
  simple("transaction: failed until its end", "BEGIN", "SELECT 1/0", "SELECT 1", "INSERT INTO pairs VALUES (1)", "SAVEPOINT s", "COMMIT", "TABLE pairs"),
  simple("transaction: a string inside a failed one", "BEGIN", "SELECT 1/0", "SELECT 1; SELECT 2", "ROLLBACK; SELECT 3", "SELECT 4"),
  simple("transaction: syntax error inside", "BEGIN", "SELEC 1", "ROLLBACK"),
  simple("transaction: empty query inside a failed one", "BEGIN", "SELECT 1/0", "", "-- c", "ROLLBACK"),
  simple("transaction: nested begin, commit without", "BEGIN", "BEGIN", "COMMIT", "COMMIT", "ROLLBACK", "ABORT", "END"),
  simple("transaction: savepoints", "BEGIN", "INSERT INTO pairs VALUES (1)", "SAVEPOINT a", "INSERT INTO pairs VALUES (2)", "SAVEPOINT b", "SELECT 1/0", "ROLLBACK TO b", "RELEASE b", "ROLLBACK TO SAVEPOINT a", "ROLLBACK TO none", "ROLLBACK TO a", "INSERT INTO pairs VALUES (3)", "COMMIT", "TABLE pairs"),
  simple("transaction: same savepoint name twice", "BEGIN", "SAVEPOINT a", "INSERT INTO pairs VALUES (1)", "SAVEPOINT a", "INSERT INTO pairs VALUES (2)", "ROLLBACK TO a", "RELEASE a", "ROLLBACK TO a", "COMMIT", "TABLE pairs"),
  simple("transaction: AND CHAIN", "BEGIN ISOLATION LEVEL SERIALIZABLE", "COMMIT AND CHAIN", "SHOW transaction_isolation", "ROLLBACK AND CHAIN", "SELECT 1", "COMMIT", "COMMIT AND CHAIN"),
  simple("transaction: modes", "BEGIN READ ONLY", "INSERT INTO pairs VALUES (1)", "ROLLBACK", "START TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ WRITE", "SET TRANSACTION READ ONLY", "INSERT INTO pairs VALUES (1)", "END"),
  simple("transaction: SET TRANSACTION too late", "BEGIN", "SELECT 1", "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", "ROLLBACK", "SET TRANSACTION READ ONLY", "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", "INSERT INTO pairs VALUES (1)"),
  simple("transaction: deferred constraint fails at COMMIT", "ALTER TABLE notes ADD CONSTRAINT late FOREIGN KEY (weight) REFERENCES items DEFERRABLE INITIALLY DEFERRED", "BEGIN", "INSERT INTO notes (item, weight) VALUES (1, 999)", "COMMIT", "SELECT count(*) FROM notes"),
  simple("transaction: SET CONSTRAINTS", "ALTER TABLE notes ADD CONSTRAINT late FOREIGN KEY (weight) REFERENCES items DEFERRABLE INITIALLY DEFERRED", "BEGIN; INSERT INTO notes (item, weight) VALUES (1, 999)", "SET CONSTRAINTS ALL IMMEDIATE", "ROLLBACK"),
  simple("transaction: two-phase", "BEGIN", "INSERT INTO pairs VALUES (1)", "PREPARE TRANSACTION 'gid'", "TABLE pairs", "COMMIT PREPARED 'gid'", "TABLE pairs", "BEGIN; INSERT INTO pairs VALUES (2); PREPARE TRANSACTION 'gid2'", "ROLLBACK PREPARED 'gid2'", "ROLLBACK PREPARED 'none'", "PREPARE TRANSACTION 'out of one'"),
  simple("transaction: two-phase of a failed one", "BEGIN", "SELECT 1/0", "PREPARE TRANSACTION 'gid'", "SELECT 1"),
  simple("transaction: DDL rolled back", "BEGIN", "CREATE TABLE made (a int)", "INSERT INTO made VALUES (1) RETURNING *", "ALTER TABLE made ADD b text DEFAULT 'x'", "SELECT * FROM made", "DROP TABLE items CASCADE", "SELECT * FROM items", "ROLLBACK", "SELECT count(*) FROM items"),
  simple("ddl: create, alter, drop", "CREATE TABLE made (a serial PRIMARY KEY, b text UNIQUE)", "CREATE INDEX ON made (b)", "ALTER TABLE made RENAME TO renamed", "COMMENT ON TABLE renamed IS 'it''s'", "CREATE VIEW v AS SELECT * FROM renamed", "DROP TABLE renamed", "DROP TABLE renamed CASCADE", "DROP TABLE IF EXISTS renamed"),
  simple("ddl: functions, types, schemas", "CREATE SCHEMA s CREATE TABLE t (a int) CREATE VIEW v AS SELECT * FROM s.t", "CREATE FUNCTION s.f() RETURNS int LANGUAGE sql BEGIN ATOMIC; SELECT 1; END", "SELECT s.f()", "CREATE TYPE s.e AS ENUM ('a')", "ALTER TYPE s.e ADD VALUE 'b'", "SELECT 'b'::s.e", "DROP SCHEMA s", "DROP SCHEMA s CASCADE"),
  simple("ddl: grants and roles without the right", "CREATE ROLE nobody_else", "GRANT SELECT ON items TO PUBLIC", "REVOKE ALL ON items FROM PUBLIC", "ALTER TABLE items OWNER TO postgres", "SELECT has_table_privilege('items', 'SELECT')"),
  simple("ddl: concurrently", "CREATE INDEX CONCURRENTLY ON items (name)", "BEGIN; CREATE INDEX CONCURRENTLY ON items (name)", "ROLLBACK"),
  simple("temp: tables, shadowing, on commit", "CREATE TEMP TABLE items (mine int)", "INSERT INTO items VALUES (1)", "SELECT * FROM items", "SELECT count(*) FROM public.items", "DROP TABLE items", "SELECT count(*) FROM items", "BEGIN; CREATE TEMP TABLE gone (a int) ON COMMIT DROP; INSERT INTO gone VALUES (1)", "TABLE gone", "COMMIT", "TABLE gone"),
  simple("locks: LOCK TABLE and advisory locks", "LOCK TABLE items", "BEGIN; LOCK TABLE items IN SHARE MODE NOWAIT", "COMMIT", "SELECT pg_advisory_lock(1), pg_try_advisory_lock(1, 2)", "SELECT pg_advisory_unlock(1), pg_advisory_unlock(77)", "SELECT pg_advisory_unlock_all()", "BEGIN; SELECT pg_advisory_xact_lock(3)", "ROLLBACK"),
  simple("locks: SELECT FOR UPDATE variants", "BEGIN", "SELECT id FROM items WHERE id = 1 FOR UPDATE", "SELECT id FROM items WHERE id < 3 ORDER BY id FOR NO KEY UPDATE SKIP LOCKED", "SELECT id FROM items WHERE id = 2 FOR SHARE NOWAIT", "COMMIT"),
  simple("discard: all kinds", "PREPARE p AS SELECT 1", "SET work_mem = '7MB'", "CREATE TEMP TABLE t (a int)", "DISCARD PLANS", "DISCARD SEQUENCES", "DISCARD TEMP", "TABLE t", "DISCARD ALL", "SHOW work_mem", "EXECUTE p", "BEGIN; DISCARD ALL", "ROLLBACK"),
  script("discard: ALL drops protocol statements and listens", [parse("s", "SELECT 1"), sync()], [query("LISTEN x")], [query("DISCARD ALL")], [query("SELECT * FROM pg_listening_channels()")], [bind({ statement: "s" }), execute(), sync()]),
  simple("identifiers: unicode and quoting", "SELECT \"Größe\", \"q\"\"uote\" FROM \"Üml äut ☃\" ORDER BY 1", "SELECT U&\"Gr\\00f6\\00dfe\" FROM \"Üml äut ☃\" ORDER BY 1", "SELECT 1 AS \"\"", `SELECT 1 AS "${"x".repeat(80)}"`, "SELECT 1 AS \"☃\", 2 AS 雪", "SELECT größe FROM items"),
  simple("sequences and identity", "SELECT nextval('notes_id_seq'), currval('notes_id_seq'), lastval()", "SELECT setval('notes_id_seq', 40)", "CREATE TABLE made (a int GENERATED ALWAYS AS IDENTITY, b int GENERATED ALWAYS AS (a * 2) STORED)", "INSERT INTO made DEFAULT VALUES RETURNING *", "INSERT INTO made (a) VALUES (1)"),
];
