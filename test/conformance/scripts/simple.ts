import { query } from "../../support/messages.ts";
import { script } from "../../support/script.ts";

const one = (name: string, ...texts: readonly string[]) =>
  script(`simple: ${name}`, ...texts.map((text) => [query(text)]));

export default [
  one("one row", "SELECT 1"),
  one("no column", "SELECT", "SELECT FROM items"),
  one("rows of a table", "SELECT * FROM items ORDER BY id"),
  one("empty query", ""),
  one("blanks only", "  \n\t "),
  one("semicolons only", ";", ";;;", " ; ; "),
  one("comments only", "-- nothing", "/* nothing /* nested */ */", "/* a */; -- b"),
  one("two statements", "SELECT 1; SELECT 2"),
  one("seven statements", "SELECT 1; SELECT 2; SELECT 3; SELECT 4; SELECT 5; SELECT 6; SELECT 7;"),
  one("blank statements between", "SELECT 1;; ;SELECT 2; --end"),
  one("error first of three", "SELECT 1/0; SELECT 2; SELECT 3", "SELECT 4"),
  one(
    "error amid three rolls the first back",
    "INSERT INTO pairs VALUES (1); SELECT 1/0; SELECT 3",
    "SELECT * FROM pairs",
  ),
  one("error last of three", "INSERT INTO pairs VALUES (1); SELECT 2; SELECT 1/0", "SELECT * FROM pairs"),
  one("syntax error keeps all from running", "INSERT INTO pairs VALUES (1); SELEC 2", "SELECT * FROM pairs"),
  one(
    "begin and commit inside a string",
    "BEGIN; INSERT INTO pairs VALUES (1); COMMIT; SELECT 1/0",
    "SELECT * FROM pairs",
  ),
  one(
    "begin inside a string stays open",
    "SELECT 1; BEGIN; SELECT 2",
    "INSERT INTO pairs VALUES (1)",
    "ROLLBACK",
    "SELECT * FROM pairs",
  ),
  one(
    "commit of an implicit block",
    "INSERT INTO pairs VALUES (1); COMMIT; INSERT INTO pairs VALUES (2); SELECT 1/0",
    "SELECT * FROM pairs",
  ),
  one(
    "rollback of an implicit block",
    "INSERT INTO pairs VALUES (1); ROLLBACK; INSERT INTO pairs VALUES (2)",
    "SELECT * FROM pairs",
  ),
  one("savepoint in an implicit block", "SELECT 1; SAVEPOINT s", "SAVEPOINT s"),
  one(
    "insert, update, delete tags",
    "INSERT INTO pairs VALUES (1,'a'),(2,'b')",
    "UPDATE pairs SET b = 'c'",
    "DELETE FROM pairs",
  ),
  one(
    "returning",
    "INSERT INTO pairs VALUES (1,'a'),(2,'b') RETURNING *",
    "UPDATE pairs SET a = a + 1 RETURNING a, b",
    "DELETE FROM pairs RETURNING pairs",
  ),
  one(
    "merge",
    "INSERT INTO pairs VALUES (1,'a')",
    "MERGE INTO pairs p USING (VALUES (1,'x'),(2,'y')) v(a,b) ON p.a = v.a WHEN MATCHED THEN UPDATE SET b = v.b WHEN NOT MATCHED THEN INSERT VALUES (v.a, v.b) RETURNING merge_action(), p.*",
  ),
  one(
    "merge without returning",
    "MERGE INTO pairs p USING items i ON p.a = i.id WHEN NOT MATCHED THEN INSERT VALUES (i.id, i.name)",
  ),
  one(
    "on conflict",
    "INSERT INTO items (id, name) VALUES (1, 'again') ON CONFLICT (id) DO UPDATE SET name = excluded.name || items.name RETURNING *",
    "INSERT INTO items (id, name) VALUES (1, 'x') ON CONFLICT DO NOTHING",
  ),
  one(
    "data-changing CTE",
    "WITH d AS (DELETE FROM items WHERE id > 18 RETURNING *) SELECT id, name FROM d ORDER BY id",
    "SELECT count(*) FROM items",
  ),
  one(
    "recursive CTE",
    "WITH RECURSIVE r(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM r WHERE n < 10) SELECT n FROM r",
  ),
  one(
    "explain",
    "EXPLAIN (COSTS off) SELECT * FROM items WHERE id = 3",
    "EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off, BUFFERS off) SELECT count(*) FROM items",
  ),
  one(
    "explain of DML",
    "EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off, BUFFERS off) INSERT INTO pairs SELECT id, name FROM items",
    "SELECT count(*) FROM pairs",
  ),
  one("show", "SHOW server_encoding", "SHOW ALL"),
  one("table and values", "TABLE pairs", "VALUES (1, 'a'), (2, NULL)"),
  one("select into", "SELECT id, name INTO copied FROM items", "SELECT * FROM copied ORDER BY id"),
  one(
    "create table as",
    "CREATE TABLE copied AS SELECT id FROM items",
    "CREATE TABLE IF NOT EXISTS copied AS SELECT 1",
    "SELECT count(*) FROM copied",
  ),
  one("union of two tables", "SELECT id, name FROM items WHERE id < 3 UNION ALL SELECT 0, 'zero' ORDER BY 1"),
  one(
    "windows and grouping sets",
    "SELECT mood, count(*), grouping(mood) FROM items GROUP BY ROLLUP (mood) ORDER BY 1",
    "SELECT id, sum(price) OVER (ORDER BY id ROWS 2 PRECEDING) FROM items WHERE id < 6 ORDER BY id",
  ),
  one("system columns", "SELECT tableoid::regclass, ctid, id FROM items WHERE id < 3"),
  one(
    "whole rows and composites",
    "SELECT i FROM items i WHERE id < 3",
    "SELECT (many(3)).*",
    "SELECT row(1, 'a', NULL)",
  ),
  one("many columns", `SELECT ${Array.from({ length: 1600 }, (_, index) => index).join(", ")}`),
  one("too many columns", `SELECT ${Array.from({ length: 1665 }, (_, index) => index).join(", ")}`),
  one(
    "lateral, tablesample, full join",
    "SELECT i.id, l.n FROM items i, LATERAL (SELECT i.id * 2 AS n) l WHERE i.id < 4 ORDER BY 1",
    "SELECT count(*) FROM items TABLESAMPLE SYSTEM (100)",
    "SELECT a.id, b.id FROM items a FULL JOIN items b ON a.id = b.id + 20 ORDER BY 1, 2 LIMIT 5",
  ),
  one("a quoted semicolon", 'SELECT \'a;b\', $$c;d$$, $t$e;$$;f$t$, "q""uote" FROM "Üml äut ☃"; SELECT 2'),
  one("DO block", "DO $$ BEGIN INSERT INTO pairs VALUES (7, 'do'); END $$", "SELECT * FROM pairs"),
  one(
    "CALL with transaction control",
    "CALL twice(4, NULL)",
    "SELECT * FROM pairs ORDER BY b",
    "BEGIN; CALL twice(5, NULL)",
    "ROLLBACK",
  ),
  one(
    "vacuum and friends",
    "VACUUM items",
    "ANALYZE items",
    "VACUUM items; SELECT 1",
    "REINDEX TABLE items",
    "CHECKPOINT",
  ),
  one(
    "json and xml functions",
    "SELECT json_build_object('a', 1, 'b', array[1,2])",
    "SELECT * FROM json_table('[{\"a\":1},{\"a\":2}]', '$[*]' COLUMNS (a int PATH '$.a')) t",
    "SELECT jsonb_path_query(data, '$.n') FROM items WHERE id < 3",
  ),
];
