// Arguments of EXECUTE: what they hold flows into the prepared statement.
// biome-ignore-all format: one attempt a line
import { type Leak, leak } from "../escape.ts";

const stored = (name: string, probe: string, ...sql: readonly string[]): Leak => ({ name, sql, probe, silent: true });

export default [
  // arguments of EXECUTE
  leak("EXECUTE with a function of protected data", "PREPARE p(text) AS SELECT $1", "EXECUTE p(email_of(1))"),
  leak("EXECUTE whose argument fails", "PREPARE p(int) AS SELECT $1", "EXECUTE p(email_of(1)::int)"),
  leak("EXECUTE whose argument steers", "PREPARE p(text) AS SELECT id FROM orders WHERE $1 LIKE 'canarya5%'", "EXECUTE p(email_of(1))"),
  leak("EXECUTE of a statement that returns its argument beside others", "PREPARE p(text, int) AS SELECT $2, $1 FROM orders ORDER BY id", "EXECUTE p(email_of(2), 5)"),
  leak("EXECUTE whose argument is a part of a protected value", "PREPARE p(text) AS SELECT upper($1)", "EXECUTE p(substr(email_of_atomic(1), 1, 8))"),
  leak("EXECUTE whose argument is a number of one", "PREPARE p(int) AS SELECT $1 + 1", "EXECUTE p(ascii(substr(email_of(1), 7, 1)))"),
  leak("EXECUTE whose argument orders the rows", "PREPARE p(text) AS SELECT id FROM orders ORDER BY CASE WHEN $1 LIKE 'canarya%' THEN id ELSE -id END", "EXECUTE p(email_of(1))"),
  leak("EXECUTE whose argument limits the rows", "PREPARE p(int) AS SELECT id FROM orders ORDER BY id LIMIT $1", "EXECUTE p(ascii(substr(email_of(1), 7, 1)) - 96)"),
  leak("EXPLAIN ANALYZE EXECUTE whose argument steers", "PREPARE p(text) AS SELECT id FROM orders WHERE $1 LIKE 'canarya%'", "EXPLAIN (ANALYZE, TIMING off, COSTS off, SUMMARY off, BUFFERS off) EXECUTE p(email_of(1))"),
  leak("CREATE TABLE AS EXECUTE with protected data", "PREPARE p(text) AS SELECT $1 AS x", "CREATE TEMP TABLE made AS EXECUTE p(email_of(1))", "SELECT x FROM made"),
  stored("EXECUTE that stores its argument", "SELECT b FROM scratch WHERE a = 77", "PREPARE p(text) AS INSERT INTO scratch VALUES (77, $1)", "EXECUTE p(email_of(1))"),
  stored("EXECUTE that updates with its argument", "SELECT b FROM scratch WHERE a = 1", "PREPARE p(text) AS UPDATE scratch SET b = $1 WHERE a = 1", "EXECUTE p(email_of(1))"),
  stored("EXECUTE that deletes by its argument", "SELECT count(*) FROM scratch", "PREPARE p(text) AS DELETE FROM scratch WHERE $1 LIKE 'canarya%'", "EXECUTE p(email_of(1))"),
] satisfies readonly Leak[];
