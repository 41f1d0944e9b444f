import type pg from "pg";
import { reusable } from "../../pkg/catalog/queries.ts";
import { freshDatabase, load, probe, type RealServer, realServer } from "./real-catalog.ts";

let server: RealServer;
let client: pg.Client;

beforeAll(async () => {
  server = await realServer();
  client = await freshDatabase(
    server,
    "catalog_probe",
    `
    CREATE TABLE t (a int, b text, c int GENERATED ALWAYS AS (1) STORED); CREATE TABLE u (a int UNIQUE, b text); CREATE TABLE parent (a int);
    CREATE TABLE p (a int) PARTITION BY LIST (a); CREATE VIEW v AS SELECT a FROM t; INSERT INTO t VALUES (1, 'x');
    CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE TYPE e AS ENUM ('a'); CREATE DOMAIN d AS int; CREATE SCHEMA s;
    CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; CREATE SEQUENCE q`,
  );
});
afterAll(() => server.stop());

test.each([
  "ALTER TABLE t RENAME COLUMN a TO a2",
  "ALTER TABLE t RENAME COLUMN a2 TO a",
  "ALTER TABLE t ADD COLUMN n int",
  "ALTER TABLE t DROP COLUMN n",
  "ALTER TABLE t ALTER COLUMN b TYPE varchar(20)",
  "ALTER TABLE t ALTER COLUMN b TYPE varchar(30)",
  "ALTER TABLE t ALTER COLUMN b SET NOT NULL",
  "ALTER TABLE t ALTER COLUMN b SET DEFAULT 'x'",
  "ALTER TABLE t ALTER COLUMN b SET DEFAULT 'y'",
  "ALTER TABLE t ALTER COLUMN b DROP DEFAULT",
  "ALTER TABLE t RENAME TO t2",
  "ALTER TABLE t2 RENAME TO t",
  "ALTER TABLE t SET SCHEMA s",
  "ALTER TABLE s.t SET SCHEMA public",
  "CREATE UNIQUE INDEX ix ON t (a)",
  "DROP INDEX ix",
  "ALTER TABLE t ENABLE ROW LEVEL SECURITY",
  "ALTER TABLE t INHERIT parent",
  "ALTER TABLE t NO INHERIT parent",
  "CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1)",
  "ALTER TABLE p DETACH PARTITION p1",
  "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u (a) NOT VALID",
  "CREATE OR REPLACE VIEW v AS SELECT a + 1 AS a FROM t",
  "CREATE RULE r AS ON INSERT TO u DO ALSO NOTHING",
  "CREATE TRIGGER g BEFORE INSERT ON u EXECUTE FUNCTION tf()",
  "CREATE OR REPLACE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 2'",
  "ALTER FUNCTION f(int) SET search_path = s",
  "DROP FUNCTION f(int)",
  "CREATE OPERATOR === (LEFTARG = int4, RIGHTARG = int4, FUNCTION = int4eq)",
  "CREATE CAST (e AS int) WITH INOUT AS IMPLICIT",
  "ALTER TYPE e RENAME TO e2",
  "ALTER DOMAIN d ADD CHECK (VALUE > 0)",
  "CREATE SCHEMA s2",
  "GRANT USAGE ON SCHEMA s2 TO PUBLIC",
  "DROP SCHEMA s2",
  "CREATE TABLE last (x int)",
  "DROP TABLE last",
])("the probe changes with %s", async (ddl) => {
  const before = await probe(client);
  await client.query(ddl);
  expect(await probe(client)).not.toBe(before);
});

test.each([
  "INSERT INTO t (b) SELECT n::text FROM generate_series(1, 2000) n",
  "ANALYZE",
  "VACUUM",
  "TRUNCATE t",
  "UPDATE t SET b = 'z'",
  "SELECT nextval('q')",
  "CREATE TEMP TABLE mine (x int PRIMARY KEY DEFAULT 1, y text); CREATE TEMP VIEW w AS SELECT x FROM mine",
  "BEGIN; DROP TABLE u CASCADE; ROLLBACK",
  "CREATE ROLE probe_role; DROP ROLE probe_role",
  "COMMENT ON TABLE t IS 'x'",
  "GRANT SELECT ON t TO PUBLIC",
])("the probe stays with %s", async (sql) => {
  const before = await probe(client);
  await client.query(sql);
  expect(await probe(client)).toBe(before);
});

test("users' DDL lets the server's own objects be taken over; a change to one of those does not", async () => {
  const known = await load(client);
  await client.query("CREATE TABLE another (x int)");
  expect(reusable(known, await probe(client))).toBe(known);
  await client.query("ALTER FUNCTION pg_catalog.lower(text) COST 2");
  expect(reusable(known, await probe(client))).toBeNull();
  await client.query("ALTER FUNCTION pg_catalog.lower(text) COST 1");
});
