import { bind, describe, execute, parse, query, sync } from "../../support/messages.ts";
import { script } from "../../support/script.ts";

const simple = (name: string, ...texts: readonly string[]) => script(`cursor: ${name}`, ...texts.map((text) => [query(text)]));
const run = (text: string, results: readonly number[] = []) => [parse("", text), bind({ results }), describe("P"), execute(), sync()];

export default [
  simple("fetch and close", "BEGIN", "DECLARE c CURSOR FOR SELECT id, name FROM items ORDER BY id", "FETCH 3 FROM c", "FETCH c", "FETCH FORWARD ALL FROM c", "FETCH c", "CLOSE c", "FETCH c", "ROLLBACK"),
  simple("scroll both ways", "BEGIN", "DECLARE c SCROLL CURSOR FOR SELECT id FROM items ORDER BY id", "FETCH LAST FROM c", "FETCH PRIOR FROM c", "FETCH ABSOLUTE 4 FROM c", "FETCH RELATIVE -2 FROM c", "FETCH BACKWARD ALL FROM c", "FETCH FIRST FROM c", "FETCH 0 FROM c", "MOVE 5 FROM c", "MOVE ABSOLUTE 0 IN c", "MOVE ALL FROM c", "COMMIT"),
  simple("no scroll", "BEGIN", "DECLARE c NO SCROLL CURSOR FOR SELECT id FROM items ORDER BY id", "FETCH 2 FROM c", "FETCH PRIOR FROM c", "ROLLBACK"),
  simple("with hold", "BEGIN", "DECLARE c CURSOR WITH HOLD FOR SELECT id FROM items ORDER BY id", "FETCH 2 FROM c", "COMMIT", "FETCH 2 FROM c", "CLOSE c", "FETCH c"),
  simple("with hold outside a transaction", "DECLARE c CURSOR WITH HOLD FOR SELECT 1", "FETCH ALL FROM c", "CLOSE ALL"),
  simple("with hold fails at COMMIT", "BEGIN", "DECLARE c CURSOR WITH HOLD FOR SELECT 1 / (id - 5) FROM items ORDER BY id", "FETCH 2 FROM c", "COMMIT", "SELECT 1", "FETCH c"),
  simple("without transaction", "DECLARE c CURSOR FOR SELECT 1"),
  simple("binary", "BEGIN", "DECLARE c BINARY CURSOR FOR SELECT id, name, price FROM items ORDER BY id", "FETCH 3 FROM c", "ROLLBACK"),
  simple("for update and WHERE CURRENT OF", "BEGIN", "DECLARE c CURSOR FOR SELECT id, name FROM items ORDER BY id FOR UPDATE", "FETCH 2 FROM c", "UPDATE items SET name = 'current' WHERE CURRENT OF c", "DELETE FROM items WHERE CURRENT OF nothing", "ROLLBACK"),
  simple("for update without order", "BEGIN", "DECLARE c CURSOR FOR SELECT * FROM items FOR UPDATE", "FETCH c", "UPDATE items SET name = 'current' WHERE CURRENT OF c RETURNING id, name", "COMMIT"),
  simple("insensitive, asensitive", "BEGIN", "DECLARE c INSENSITIVE CURSOR FOR SELECT id FROM items ORDER BY id", "DELETE FROM items", "FETCH 2 FROM c", "ROLLBACK"),
  simple("declared twice", "BEGIN", "DECLARE c CURSOR FOR SELECT 1", "DECLARE c CURSOR FOR SELECT 2", "ROLLBACK"),
  simple("dies with its savepoint", "BEGIN", "SAVEPOINT s", "DECLARE c CURSOR FOR SELECT id FROM items ORDER BY id", "ROLLBACK TO s", "FETCH c", "ROLLBACK"),
  simple("refcursor from a function", "CREATE FUNCTION opens() RETURNS refcursor LANGUAGE plpgsql AS $$ DECLARE c refcursor := 'named'; BEGIN OPEN c FOR SELECT id FROM items ORDER BY id; RETURN c; END $$", "BEGIN", "SELECT opens()", "FETCH 3 FROM named", "COMMIT"),
  simple("odd names", "BEGIN", "DECLARE \"Ü c;ursor\" CURSOR FOR SELECT 1", "FETCH ALL IN \"Ü c;ursor\"", "CLOSE \"Ü c;ursor\"", "ROLLBACK"),
  script("cursor: extended fetch, text and binary", [query("BEGIN")], run("DECLARE c CURSOR FOR SELECT id, price, name FROM items ORDER BY id"), run("FETCH 2 FROM c"), run("FETCH 2 FROM c", [1]), run("MOVE 2 FROM c"), run("CLOSE c"), [query("COMMIT")]),
  script("cursor: FETCH paged by a row limit", [query("BEGIN; DECLARE c CURSOR FOR SELECT id FROM items ORDER BY id")], [parse("", "FETCH 6 FROM c"), bind({ portal: "p" }), execute("p", 2), sync()], [execute("p", 2), sync()], [query("FETCH 1 FROM c")], [execute("p", 0), sync()], [query("ROLLBACK")]),
  script("cursor: DECLARE with a parameter", [query("BEGIN")], [parse("", "DECLARE c CURSOR FOR SELECT $1::int"), bind({ values: ["4"] }), execute(), sync()], [query("FETCH c")], [query("ROLLBACK")]),
];
