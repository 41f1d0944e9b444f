import { bind, execute, parse, query, sync } from "../../support/messages.ts";
import { type Step, script } from "../../support/script.ts";

const simple = (name: string, ...texts: readonly string[]) => script(name, ...texts.map((text) => [query(text)]));
const on = (name: string, text: string): Step => ({ on: name, send: [query(text)] });
const quiet = (name: string): Step => ({ on: name, send: [], until: "quiet" });

export default [
  simple(
    "notice: all levels",
    "SELECT shout('x')",
    "SET client_min_messages = error",
    "SELECT shout('y')",
    "SET client_min_messages = debug1",
    "SELECT shout('z')",
  ),
  simple(
    "notice: of the server itself",
    "DROP TABLE IF EXISTS nothing",
    "CREATE TABLE made (a int); CREATE TABLE IF NOT EXISTS made (a int)",
    "COMMIT",
    "SELECT 'a' || repeat('b', 70) AS a_very_long_name_that_will_be_cut_because_it_is_above_sixty_three_bytes_long",
  ),
  simple("notice: amid rows", "SELECT id, shout(name) FROM items WHERE id < 4 ORDER BY id"),
  simple("notice: from a trigger", "INSERT INTO notes (item, note) VALUES (1, 'a'), (2, 'b') RETURNING item"),
  script("notice: in a pipeline", [
    parse("", "SELECT shout('a')"),
    bind(),
    execute(),
    parse("", "SELECT shout('b')"),
    bind(),
    execute(),
    sync(),
  ]),
  simple(
    "error: all fields of RAISE",
    "SELECT boom('22012', 'division')",
    "SELECT boom('WR001', 'ours?')",
    "SELECT boom('XX000', 'internal')",
    "SELECT boom('P0001', 'ünï ☃')",
  ),
  simple(
    "error: classes 08, 57 and 40 of a function's own",
    "SELECT boom('08006', 'x')",
    "SELECT boom('57014', 'x')",
    "SELECT boom('57P01', 'x')",
    "SELECT boom('40001', 'x')",
    "SELECT boom('40P01', 'x')",
    "SELECT boom('0A000', 'x')",
    "SELECT boom('53400', 'x')",
    "SELECT boom('42501', 'x')",
  ),
  simple(
    "error: DO with RAISE and context",
    "DO $$ BEGIN PERFORM 1/0; EXCEPTION WHEN division_by_zero THEN RAISE EXCEPTION 'wrapped %', SQLERRM; END $$",
    "DO $$ BEGIN PERFORM boom('22000', 'deep'); END $$",
  ),
  simple("error: ASSERT", "DO $$ BEGIN ASSERT 1 = 2, 'not so'; END $$"),
  script(
    "notify: to oneself",
    [query("LISTEN ch")],
    [query("NOTIFY ch, 'hello'")],
    [query("SELECT pg_notify('ch', 'from a function')")],
    [query("UNLISTEN ch")],
    [query("NOTIFY ch, 'unheard'")],
  ),
  script(
    "notify: to another session",
    on("a", 'LISTEN ch; LISTEN "Other Ch"'),
    on("b", "NOTIFY ch, 'one'"),
    quiet("a"),
    on("b", "BEGIN; NOTIFY ch, 'two'; NOTIFY \"Other Ch\"; NOTIFY ch, 'two'"),
    quiet("a"),
    on("b", "COMMIT"),
    { on: "a", send: [], until: "quiet" },
    on("a", "SELECT 1"),
  ),
  script(
    "notify: held while the listener is in a transaction",
    on("a", "LISTEN ch"),
    on("a", "BEGIN"),
    on("b", "NOTIFY ch, 'x'"),
    quiet("a"),
    on("a", "SELECT 1"),
    on("a", "COMMIT"),
  ),
  script(
    "notify: rolled back",
    on("a", "LISTEN ch"),
    on("a", "BEGIN; NOTIFY ch, 'never'; ROLLBACK"),
    on("a", "SELECT pg_listening_channels()"),
    on("a", "UNLISTEN *"),
  ),
  script(
    "notify: a long payload, and one too long",
    on("a", "LISTEN ch"),
    on("a", `NOTIFY ch, '${"x".repeat(7999)}'`),
    on("a", `NOTIFY ch, '${"x".repeat(8000)}'`),
  ),
  script(
    "notify: in a pipeline",
    [parse("", "LISTEN ch"), bind(), execute(), parse("", "SELECT pg_notify('ch', 'p')"), bind(), execute(), sync()],
    [query("SELECT 1")],
  ),
];
