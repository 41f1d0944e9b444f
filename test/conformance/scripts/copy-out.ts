import { bind, describe, execute, parse, query, sync } from "../../support/messages.ts";
import { script } from "../../support/script.ts";

const simple = (name: string, ...texts: readonly string[]) =>
  script(`copy out: ${name}`, ...texts.map((text) => [query(text)]));
const extended = (text: string, results: readonly number[] = []) => [
  parse("", text),
  bind({ results }),
  describe("P"),
  execute(),
  sync(),
];

export default [
  simple("text", "COPY items TO STDOUT"),
  simple(
    "csv with header and quotes",
    "COPY (SELECT id, name, tags, data FROM items ORDER BY id) TO STDOUT (FORMAT csv, HEADER, FORCE_QUOTE *)",
  ),
  simple(
    "csv with odd options",
    "COPY items (id, name) TO STDOUT (FORMAT csv, DELIMITER '|', QUOTE '''', ESCAPE '\\', NULL 'nil', FORCE_QUOTE (name))",
  ),
  simple("binary", "COPY items TO STDOUT (FORMAT binary)"),
  simple("a query, with an error at row 7", "COPY (SELECT 10 / (id - 7) FROM items ORDER BY id) TO STDOUT"),
  simple(
    "no rows",
    "COPY pairs TO STDOUT",
    "COPY pairs TO STDOUT (FORMAT csv, HEADER)",
    "COPY pairs TO STDOUT (FORMAT binary)",
  ),
  simple(
    "INSERT and DELETE RETURNING",
    "COPY (INSERT INTO pairs SELECT id, name FROM items RETURNING a) TO STDOUT",
    "COPY (DELETE FROM pairs WHERE a > 3 RETURNING *) TO STDOUT",
    "SELECT count(*) FROM pairs",
  ),
  simple(
    "inside a string",
    "SELECT 1; COPY (SELECT 2) TO STDOUT; SELECT 3; COPY (SELECT 4) TO STDOUT (FORMAT binary); SELECT 5",
  ),
  simple("inside a string that fails later", "COPY (SELECT 2) TO STDOUT; SELECT 1/0"),
  simple(
    "inside a transaction",
    "BEGIN",
    "COPY (SELECT 1) TO STDOUT",
    "COPY nothing TO STDOUT",
    "COPY (SELECT 1) TO STDOUT",
    "ROLLBACK",
  ),
  simple(
    "a view, a materialised view, a partitioned table",
    "COPY cheap TO STDOUT",
    "CREATE MATERIALIZED VIEW m AS SELECT 1 a",
    "COPY m TO STDOUT",
    "COPY parts TO STDOUT",
  ),
  simple("to a file without the right", "COPY items TO '/nowhere/x'", "COPY items TO PROGRAM 'true'"),
  simple("a column of a thousand lines", "COPY (SELECT n, repeat('x', n) FROM generate_series(1, 1000) n) TO STDOUT"),
  simple("with NOTICEs amid", "COPY (SELECT shout(name) FROM items WHERE id < 4) TO STDOUT"),
  script("copy out: extended text", extended("COPY items TO STDOUT")),
  script("copy out: extended binary", extended("COPY items TO STDOUT (FORMAT binary)")),
  script("copy out: extended, result format does not matter", extended("COPY items TO STDOUT", [1])),
  script("copy out: extended in a pipeline", [
    ...extended("COPY (SELECT 1) TO STDOUT"),
    ...extended("SELECT 2"),
    parse("", "COPY (SELECT 1/0) TO STDOUT"),
    bind(),
    execute(),
    parse("", "SELECT 3"),
    bind(),
    execute(),
    sync(),
  ]),
  script("copy out: extended with a row limit", [parse("", "COPY items TO STDOUT"), bind(), execute("", 2), sync()]),
];
