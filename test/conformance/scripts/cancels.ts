import { bind, execute, parse, query, sync } from "../../support/messages.ts";
import { type Step, script } from "../../support/script.ts";

const sleeping: Step = {
  wait: "SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = 'play' AND wait_event = 'PgSleep'",
};
const starts = (...send: readonly Buffer[]): Step => ({ send, until: "nothing" });
const ends: Step = { send: [], until: "ready" };

export default [
  script("cancel: a simple query", starts(query("SELECT pg_sleep(60)")), sleeping, { cancel: "a" }, ends, [
    query("SELECT 1"),
  ]),
  script(
    "cancel: in a transaction",
    [query("BEGIN")],
    starts(query("SELECT pg_sleep(60)")),
    sleeping,
    { cancel: "a" },
    ends,
    [query("SELECT 1")],
    [query("ROLLBACK")],
  ),
  script(
    "cancel: an extended query and the rest of its pipeline",
    starts(
      parse("", "SELECT pg_sleep(60)"),
      bind(),
      execute(),
      parse("", "INSERT INTO pairs VALUES (1)"),
      bind(),
      execute(),
      sync(),
    ),
    sleeping,
    { cancel: "a" },
    ends,
    [query("TABLE pairs")],
  ),
  script(
    "cancel: amid a string of statements",
    starts(query("INSERT INTO pairs VALUES (1); SELECT pg_sleep(60); SELECT 3")),
    sleeping,
    { cancel: "a" },
    ends,
    [query("TABLE pairs")],
  ),
  script("cancel: while idle does nothing", [query("SELECT 1")], { cancel: "a" }, { send: [], until: "quiet" }, [
    query("SELECT 2"),
  ]),
  script(
    "cancel: twice",
    starts(query("SELECT pg_sleep(60)")),
    sleeping,
    { cancel: "a" },
    { cancel: "a" },
    ends,
    { send: [], until: "quiet" },
    [query("SELECT 2")],
  ),
  script(
    "cancel: only its own session",
    { on: "b", send: [query("SELECT 1")] },
    starts(query("SELECT pg_sleep(0.4)")),
    sleeping,
    { cancel: "b" },
    ends,
    { on: "b", send: [query("SELECT 2")] },
  ),
  {
    ...script(
      "cancel: protocol 3.2 with its long key",
      starts(query("SELECT pg_sleep(60)")),
      sleeping,
      { cancel: "a" },
      ends,
      [query("SELECT 1")],
    ),
    version: 0x00030002,
  },
  script(
    "cancel: COPY OUT",
    starts(
      query("COPY (SELECT n, pg_sleep(CASE WHEN n = 3 THEN 60 ELSE 0 END) FROM generate_series(1, 5) n) TO STDOUT"),
    ),
    sleeping,
    { cancel: "a" },
    ends,
    [query("SELECT 1")],
  ),
  script(
    "terminate: by another session",
    starts(query("SELECT pg_sleep(60)")),
    sleeping,
    {
      wait: "SELECT bool_and(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = 'play' AND wait_event = 'PgSleep'",
    },
    { send: [], until: "closed" },
  ),
  script(
    "terminate: while idle",
    [query("SELECT 1")],
    { wait: "SELECT bool_and(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = 'play'" },
    { send: [], until: "closed" },
  ),
  script("terminate: idle in transaction timeout", [query("SET idle_in_transaction_session_timeout = '30ms'")], {
    send: [query("BEGIN")],
    until: "closed",
  }),
  script("terminate: idle session timeout", { send: [query("SET idle_session_timeout = '30ms'")], until: "closed" }),
];
