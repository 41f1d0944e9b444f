// Beyond the database: files, programs, other databases, what other sessions do.
// biome-ignore-all format: one attempt a line
import { type Attempt, waived } from "./attempt.ts";

const outside = (name: string, ...turns: readonly string[]) => waived("outside", `beyond: ${name}`, "root: COPY (SELECT 'canary@secret.example') TO '{file}'", ...turns);
export default [
  outside("COPY FROM a file", "su: COPY loot FROM '{file}'", "su: SELECT x FROM loot"),
  outside("COPY FROM a program", "su: COPY loot FROM PROGRAM 'cat {file}'", "su: SELECT x FROM loot"),
  outside("pg_read_file", "su: SELECT pg_read_file('{file}')"),
  outside("pg_read_file, by code", "su: DO $$ BEGIN RAISE NOTICE '%', pg_read_file('{file}'); END $$"),
  outside("pg_read_file, as a function of its own", "su: CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN pg_read_file('{file}'); END $$", "su: SELECT f()"),
  outside("COPY FROM a program, by code", "su: DO $$ BEGIN COPY loot FROM PROGRAM 'cat {file}'; END $$", "su: SELECT x FROM loot"),
  outside("COPY FROM a file in a string", "su: SELECT 1; COPY loot FROM '{file}'; SELECT x FROM loot"),
  outside("lo_import", "su: SELECT lo_import('{file}', 4711)", "su: SELECT convert_from(lo_get(4711), 'UTF8')"),
  outside("a superuser who calls himself somebody else", "su: SET SESSION AUTHORIZATION app", "su: DO $$ BEGIN RESET SESSION AUTHORIZATION; END $$", "su: DO $$ BEGIN RAISE NOTICE '%', pg_read_file('{file}'); END $$"),
  outside("rights to read files", "root: GRANT pg_read_server_files TO app; GRANT EXECUTE ON FUNCTION pg_read_file(text) TO app", "a: DO $$ BEGIN RAISE NOTICE '%', pg_read_file('{file}'); END $$", "root: REVOKE pg_read_server_files FROM app"),
  outside("rights to a function of the server", "root: GRANT EXECUTE ON FUNCTION pg_read_file(text) TO app; GRANT pg_read_server_files TO app", "a: SELECT pg_read_file('{file}')", "root: REVOKE pg_read_server_files FROM app"),
  outside("rights by a role that does not inherit", "root: CREATE ROLE files; GRANT pg_read_server_files TO files; GRANT files TO app WITH INHERIT FALSE; GRANT EXECUTE ON FUNCTION pg_read_file(text) TO files", "a: DO $$ BEGIN SET LOCAL ROLE files; RAISE NOTICE '%', pg_read_file('{file}'); END $$", "root: DROP OWNED BY files; DROP ROLE files"),
  outside("code with the rights of its owner", "root: CREATE FUNCTION definer(f text) RETURNS text SECURITY DEFINER LANGUAGE plpgsql AS 'BEGIN RETURN pg_read_file(f); END'", "a: DO $$ BEGIN RAISE NOTICE '%', definer('{file}'); END $$"),
  outside("dblink, in code", "root: CREATE EXTENSION dblink", "su: DO $$ BEGIN RAISE NOTICE '%', (SELECT x FROM dblink('{vault}', 'SELECT x FROM secrets') AS t(x text)); END $$"),
  outside("dblink", "root: CREATE EXTENSION dblink", "su: SELECT x FROM dblink('{vault}', 'SELECT x FROM secrets') AS t(x text)"),
  outside("dblink, of an ordinary login that has its password", "root: CREATE EXTENSION dblink", "a: DO $$ BEGIN RAISE NOTICE '%', (SELECT x FROM dblink('{vault as app}', 'SELECT x FROM secrets') AS t(x text)); END $$"),
  outside("a foreign table", "root: CREATE EXTENSION file_fdw; CREATE SERVER files FOREIGN DATA WRAPPER file_fdw; CREATE FOREIGN TABLE f (x text) SERVER files OPTIONS (filename '{file}'); GRANT ALL ON f TO app", "a: SELECT x FROM f"),
  outside("a foreign table, in code", "root: CREATE EXTENSION file_fdw; CREATE SERVER files FOREIGN DATA WRAPPER file_fdw; CREATE FOREIGN TABLE f (x text) SERVER files OPTIONS (filename '{file}'); GRANT ALL ON f TO app", "a: DO $$ BEGIN RAISE NOTICE '%', (SELECT x FROM f); END $$"),
  outside("a foreign table of its own", "root: CREATE EXTENSION file_fdw", "su: CREATE SERVER files FOREIGN DATA WRAPPER file_fdw", "su: CREATE FOREIGN TABLE f (x text) SERVER files OPTIONS (filename '{file}')", "su: SELECT x FROM f"),
  waived("outside", "beyond: texts of others' statements, as a superuser", "root: SELECT 'canary@secret.example'", "su: SELECT query FROM pg_stat_activity WHERE query LIKE '%canary%' AND pid <> pg_backend_pid()"),
  waived("outside", "beyond: texts of the login's own statements on another database", "vault: SELECT 'canary@secret.example'", "a: SELECT query FROM pg_stat_activity WHERE query LIKE '%canary%' AND pid <> pg_backend_pid()"),
  waived("outside", "beyond: texts of the login's own statements, by the function", "vault: SELECT 'canary@secret.example'", "a: SELECT query FROM pg_stat_get_activity(NULL) WHERE datid <> 0 AND usesysid <> 10 AND pid <> pg_backend_pid()"),
  waived("outside", "beyond: texts of the login's own statements, prepared", "vault: SELECT 'canary@secret.example'", "a: PREPARE p AS SELECT query FROM pg_stat_activity WHERE query LIKE '%canary%' AND pid <> pg_backend_pid()", "a: EXECUTE p"),
  waived("own activity", "beyond: texts of the login's own statements, in code", "vault: SELECT 'canary@secret.example'", "a: DO $$ BEGIN RAISE NOTICE '%', (SELECT string_agg(query, ' ') FROM pg_stat_activity WHERE pid <> pg_backend_pid()); END $$"),
] satisfies readonly Attempt[];
