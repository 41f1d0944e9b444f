// Conversations that show nothing protected, though their statements read protected relations beside others: for a masked principal
// they go byte for byte as without Weir, whatever transaction, string or pipeline they stand in.
import { bind, close, describe, execute, parse, query, sync } from "../support/messages.ts";
import type { Step } from "../support/script.ts";

const joined = "SELECT o.*, c.name FROM orders o JOIN customers c ON c.id = o.customer_id ORDER BY o.id LIMIT 3";
const cities = "SELECT town, status FROM customer_cities, orders ORDER BY town, status LIMIT 2";
const simple = (...sql: readonly string[]): Step[] => sql.map((text) => [query(text)]);
const run = (text: string, results: readonly number[] = []): Buffer[] => [
  parse("", text),
  bind({ results }),
  describe("P"),
  execute(),
];

export const conversations: Readonly<Record<string, readonly Step[]>> = {
  "one after another": simple(joined, cities, joined),
  "in a transaction": simple("BEGIN", joined, "SAVEPOINT a", cities, "ROLLBACK TO a", joined, "COMMIT", joined),
  "with a fixed snapshot": simple("BEGIN ISOLATION LEVEL REPEATABLE READ", joined, cities, "COMMIT"),
  "as the first of a serializable one": simple("BEGIN", "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", joined, "END"),
  "in a string": simple(`${joined}; ${cities}; SELECT 1`),
  "in a string with its own transaction": simple(`BEGIN; ${joined}; ${cities}; COMMIT`, `BEGIN; ${joined}`, "ROLLBACK"),
  "in a string that fails": simple(
    `${joined}; SELECT 1/0; ${cities}`,
    "BEGIN",
    `${cities}; SELECT 1/0`,
    joined,
    "ROLLBACK",
  ),
  "in a failed transaction": simple("BEGIN", "SELECT 1/0", joined, "ROLLBACK", joined),
  "by a cursor": simple("BEGIN", `DECLARE k CURSOR FOR ${joined}`, "FETCH 2 FROM k", "MOVE k", "CLOSE k", "COMMIT"),
  "by a cursor that is held": simple(`DECLARE k CURSOR WITH HOLD FOR ${joined}`, "FETCH ALL FROM k", "CLOSE k"),
  "prepared in SQL": simple(`PREPARE p AS ${joined}`, "EXECUTE p", "EXECUTE p", "DEALLOCATE p"),
  "prepared and executed in one string": simple(`PREPARE p AS ${joined}; EXECUTE p; EXECUTE p; DEALLOCATE p`),
  "declared and fetched in one string": simple(
    `BEGIN; DECLARE k CURSOR FOR ${joined}; FETCH 1 FROM k; CLOSE k; COMMIT`,
  ),
  "copied out": simple(`COPY (${joined}) TO STDOUT`, `COPY (${cities}) TO STDOUT (FORMAT binary)`),
  "by the extended protocol": [
    [...run(joined), sync()],
    [...run(cities, [1]), sync()],
    [...run(joined), ...run("SELECT 1"), ...run(cities), sync()],
  ],
  "prepared by the protocol": [
    [parse("p", joined), describe("S", "p"), sync()],
    [bind({ statement: "p" }), execute(), sync()],
    [bind({ statement: "p" }), execute(), bind({ statement: "p", results: [1] }), execute(), sync()],
    [query("BEGIN")],
    [bind({ statement: "p", portal: "z" }), execute("z", 1), sync()],
    [execute("z"), close("P", "z"), sync()],
    [query("COMMIT")],
    [close("S", "p"), sync()],
  ],
  "behind a Query, which ends the unnamed statement": [
    [parse("", joined), sync()],
    [query(cities)],
    [bind(), execute(), sync()],
  ],
  "with values that Bind does not take": [
    [parse("p", "SELECT o.id, c.name FROM orders o JOIN customers c ON c.id = o.customer_id AND o.id = $1"), sync()],
    [bind({ statement: "p" }), execute(), sync()],
    [bind({ statement: "p", values: ["1", "2"] }), execute(), sync()],
    [bind({ statement: "p", values: ["1"] }), execute(), sync()],
  ],
  "fetched and executed by name in a pipeline": [
    [
      ...run("BEGIN"),
      ...run(`DECLARE k CURSOR FOR ${joined}`),
      ...run("FETCH ALL FROM k"),
      ...run("CLOSE k"),
      ...run(`PREPARE p AS ${cities}`),
      ...run("EXECUTE p"),
      ...run("DEALLOCATE p"),
      ...run("COMMIT"),
      sync(),
    ],
  ],
  "in a pipeline that fails": [
    [...run(joined), ...run("SELECT 1/0"), ...run(cities), sync()],
    [...run(cities), sync()],
  ],
  "with a temp table of a protected one's name": simple(
    "CREATE TEMP TABLE customers AS SELECT id, city FROM public.customers",
    "SELECT o.id, c.city || '' FROM orders o JOIN customers c ON c.id = o.customer_id ORDER BY o.id LIMIT 2",
    "DROP TABLE pg_temp.customers",
  ),
  "with settings that end with the transaction": simple(
    "BEGIN",
    "SET LOCAL search_path = public, pg_catalog",
    joined,
    "COMMIT",
    joined,
  ),
};
