import { bind, close, describe, execute, flush, parse, query, sync } from "../../support/messages.ts";
import { script } from "../../support/script.ts";

const ids = "SELECT id FROM items ORDER BY id";

export default [
  script("portal: pages inside one Sync", [parse("", ids), bind(), execute("", 5), execute("", 5), execute("", 0), sync()]),
  script("portal: suspended portal ends with Sync", [parse("", ids), bind({ portal: "p" }), execute("p", 5), sync()], [execute("p", 5), sync()]),
  script("portal: pages over Syncs inside a transaction", [query("BEGIN")], [parse("", ids), bind({ portal: "p" }), execute("p", 5), sync()], [execute("p", 5), sync()], [execute("p", 100), sync()], [execute("p", 1), sync()], [query("COMMIT")], [execute("p"), sync()]),
  script("portal: exactly as many rows as the limit", [parse("", "SELECT id FROM items WHERE id <= 5 ORDER BY id"), bind(), execute("", 5), execute("", 5), sync()]),
  script("portal: two interleaved in a transaction", [query("BEGIN")], [parse("s", ids), bind({ statement: "s", portal: "p" }), bind({ statement: "s", portal: "q", results: [1] }), execute("p", 2), execute("q", 3), execute("p", 2), execute("q", 3), sync()], [execute("q", 1), execute("p", 1), close("P", "p"), sync()], [execute("p"), sync()], [query("ROLLBACK")]),
  script("portal: DML with a row limit runs whole", [query("BEGIN")], [parse("", "INSERT INTO pairs SELECT id, name FROM items RETURNING a"), bind({ portal: "p" }), execute("p", 3), sync()], [execute("p", 3), sync()], [query("SELECT count(*) FROM pairs; COMMIT")]),
  script("portal: DML without rows under a limit", [parse("", "INSERT INTO pairs SELECT id, name FROM items"), bind(), execute("", 3), sync()]),
  script("portal: error while paging", [query("BEGIN")], [parse("", "SELECT 10 / (id - 7) FROM items ORDER BY id"), bind({ portal: "p" }), execute("p", 4), sync()], [execute("p", 4), sync()], [execute("p", 4), sync()], [query("ROLLBACK")]),
  script("portal: paging with Flush only", { send: [parse("", ids), bind(), execute("", 4), flush()], until: { frame: "s" } }, { send: [execute("", 4), flush()], until: { frame: "s" } }, [sync()]),
  script("portal: Describe between pages", [query("BEGIN")], [parse("", ids), bind({ portal: "p" }), execute("p", 2), describe("P", "p"), execute("p", 2), sync()], [query("ROLLBACK")]),
  script("portal: in pg_cursors, beside DECLARE", [query("BEGIN; DECLARE c CURSOR FOR SELECT 1")], [parse("", ids), bind({ portal: "p" }), execute("p", 1), sync()], [query("SELECT name, statement, is_holdable, is_binary, is_scrollable FROM pg_cursors ORDER BY name")], [execute("c"), sync()], [query("FETCH 2 FROM p")], [query("CLOSE p")], [execute("p"), sync()], [query("ROLLBACK")]),
  script("portal: Query ends the unnamed portal", [query("BEGIN")], [parse("", ids), bind(), execute("", 1), sync()], [query("SELECT 1")], [execute("", 1), sync()], [query("ROLLBACK")]),
  script("portal: after ROLLBACK TO a portal made later is gone", [query("BEGIN")], [parse("", ids), bind({ portal: "early" }), execute("early", 1), sync()], [query("SAVEPOINT s")], [parse("", ids), bind({ portal: "late" }), execute("late", 1), sync()], [query("ROLLBACK TO s")], [execute("early", 1), sync()], [execute("late", 1), sync()], [query("ROLLBACK")]),
  script("portal: of a statement closed meanwhile", [query("BEGIN")], [parse("s", ids), bind({ statement: "s", portal: "p" }), close("S", "s"), execute("p", 2), sync()], [query("ROLLBACK")]),
  script("portal: BEGIN through a portal twice", [parse("", "BEGIN"), bind({ portal: "p" }), execute("p"), execute("p"), sync()], [query("ROLLBACK")]),
  script("portal: SHOW and EXPLAIN paged", [query("BEGIN")], [parse("", "SHOW ALL"), bind({ portal: "p" }), execute("p", 2), sync()], [execute("p", 2), sync()], [query("ROLLBACK")]),
];
