import { bind, close, describe, execute, flush, parse, query, sync } from "../../support/messages.ts";
import { script } from "../../support/script.ts";

const run = (text: string) => [parse("", text), bind(), execute()];
const insert = (n: number) => run(`INSERT INTO pairs VALUES (${n}, 'p')`);
const bad = run("SELECT 1/0");
const all = [query("SELECT a FROM pairs ORDER BY a")];

export default [
  script("pipeline: one Sync after three statements", [...insert(1), ...insert(2), ...insert(3), sync()], all),
  script(
    "pipeline: fifty Syncs in one write",
    [...Array.from({ length: 50 }, (_, n) => [...insert(n), sync()]).flat()],
    all,
  ),
  script("pipeline: error first rolls all back", [...bad, ...insert(1), ...insert(2), sync()], all),
  script("pipeline: error amid", [...insert(1), ...bad, ...insert(2), sync()], all),
  script("pipeline: error last", [...insert(1), ...insert(2), ...bad, sync()], all),
  script(
    "pipeline: error in one segment of three",
    [...insert(1), sync(), ...insert(2), ...bad, ...insert(3), sync(), ...insert(4), sync()],
    all,
  ),
  script("pipeline: two failing segments", [...bad, sync(), ...bad, ...insert(1), sync(), ...insert(2), sync()], all),
  script(
    "pipeline: Parse error amid",
    [...insert(1), parse("", "SELEC"), bind(), execute(), ...insert(2), sync()],
    all,
  ),
  script(
    "pipeline: Bind error amid",
    [...insert(1), bind({ statement: "none" }), execute(), ...insert(2), sync()],
    all,
  ),
  script("pipeline: Execute error amid", [...insert(1), execute("none"), ...insert(2), sync()], all),
  script("pipeline: Describe error amid", [...insert(1), describe("P", "none"), ...insert(2), sync()], all),
  script(
    "pipeline: nothing is done after an error until Sync",
    [...bad, flush(), parse("kept", "SELECT 1"), close("S", "x"), describe("S", "y"), flush(), sync()],
    [bind({ statement: "kept" }), execute(), sync()],
  ),
  script(
    "pipeline: Query after an error without Sync",
    { send: [...bad, query("SELECT 'now'")], readies: 0, until: "quiet" },
    [sync()],
    [query("SELECT 'then'")],
  ),
  script("pipeline: Query without Sync before it", [...insert(1), query("SELECT 1/0")], all),
  script(
    "pipeline: Query amid, without Sync, commits what was before",
    [...insert(1), query("INSERT INTO pairs VALUES (2)"), ...bad, sync()],
    all,
  ),
  script(
    "pipeline: Queries in one write",
    [query("SELECT 1"), query("SELECT 1/0"), query("SELECT 3; SELECT 4"), query("")],
    [query("SELECT 5")],
  ),
  script(
    "pipeline: Queries and extended mixed in one write",
    [
      query("SELECT 1"),
      ...insert(1),
      sync(),
      query("BEGIN"),
      ...insert(2),
      sync(),
      query("ROLLBACK"),
      ...insert(3),
      sync(),
    ],
    all,
  ),
  script(
    "pipeline: BEGIN and COMMIT inside",
    [...run("BEGIN"), ...insert(1), ...run("COMMIT"), ...insert(2), ...bad, sync()],
    all,
  ),
  script(
    "pipeline: BEGIN, error, COMMIT in one segment",
    [...run("BEGIN"), ...insert(1), ...bad, ...run("COMMIT"), sync()],
    [query("COMMIT")],
    all,
  ),
  script(
    "pipeline: BEGIN, error, COMMIT, with Syncs",
    [...run("BEGIN"), sync(), ...insert(1), sync(), ...bad, sync(), ...run("COMMIT"), sync()],
    all,
  ),
  script("pipeline: COMMIT in an implicit block warns", [...insert(1), ...run("COMMIT"), ...insert(2), sync()], all),
  script("pipeline: ROLLBACK in an implicit block", [...insert(1), ...run("ROLLBACK"), ...insert(2), sync()], all),
  script("pipeline: SAVEPOINT in an implicit block", [...insert(1), ...run("SAVEPOINT s"), ...insert(2), sync()], all),
  script(
    "pipeline: VACUUM after other work",
    [...insert(1), ...run("VACUUM pairs"), sync()],
    [...run("VACUUM pairs"), ...insert(2), sync()],
    all,
  ),
  script(
    "pipeline: SET LOCAL lasts to the Sync",
    [...run("SET LOCAL statement_timeout = '77s'"), ...run("SHOW statement_timeout"), sync()],
    [query("SHOW statement_timeout")],
  ),
  script("pipeline: two statements alternating", [
    parse("a", "SELECT 'a', $1::int"),
    parse("b", "SELECT 'b', $1::int"),
    ...[1, 2, 3, 4].flatMap((n) => [bind({ statement: n % 2 ? "a" : "b", values: [String(n)] }), execute()]),
    sync(),
  ]),
  script(
    "pipeline: a thousand executes under one Sync",
    [
      parse("i", "INSERT INTO pairs VALUES ($1, $2)"),
      ...Array.from({ length: 1000 }, (_, n) => [bind({ statement: "i", values: [String(n), "x"] }), execute()]).flat(),
      sync(),
    ],
    [query("SELECT count(*), sum(a) FROM pairs")],
  ),
  script(
    "pipeline: in slices of one byte",
    { send: [...insert(1), sync(), ...bad, ...insert(2), sync(), query("SELECT 9; SELECT 10")], sliceBytes: 1 },
    all,
  ),
  script(
    "pipeline: in slices of seven bytes",
    { send: [...run("SELECT * FROM items ORDER BY id"), sync(), ...insert(5), sync()], sliceBytes: 7 },
    all,
  ),
  script(
    "pipeline: deferred constraint fails at Sync",
    [
      query(
        "ALTER TABLE notes ADD CONSTRAINT late FOREIGN KEY (weight) REFERENCES items DEFERRABLE INITIALLY DEFERRED",
      ),
    ],
    [...run("INSERT INTO notes (item, weight) VALUES (1, 999)"), ...insert(1), sync()],
    [query("SELECT count(*) FROM notes")],
    all,
  ),
  script(
    "pipeline: results and errors flushed in order",
    { send: [...run("SELECT 1"), flush()], until: { frame: "C" } },
    { send: [...bad, flush()], until: { frame: "E" } },
    { send: [...run("SELECT 3"), flush()], until: "quiet" },
    [sync()],
  ),
];
