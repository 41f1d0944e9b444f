// What a name or a `*` means changes behind the decision: what was judged reads something else when it runs. The asker changes
// relations of his own in a second session. Directly each shows protected values, so that none is in the list that would not.
import { Frontend } from "../support/frontend.ts";
import { type Governed, startGoverned } from "../support/governed.ts";
import { bind, close, describe, execute, parse, query, sync } from "../support/messages.ts";
import { written } from "../support/recorder.ts";
import { PASSWORD, startTestServer, type TestServer } from "../support/server.ts";
import { makeWorlds, STRICT_POLICY, type World } from "../support/worlds.ts";

let server: TestServer;
let governed: Governed;

beforeAll(async () => {
  server = await startTestServer(["app", "analyst"]);
  await makeWorlds(server);
  governed = await startGoverned({ upstreamPort: server.port, policies: { "strict.yaml": STRICT_POLICY } });
});

afterAll(async () => {
  await governed?.stop();
  await server?.stop();
});

const secret = "SELECT email || '' AS x FROM customers ORDER BY id LIMIT 2";
/** A table of the asker's own beside a protected one: the fourth column is masked for as long as `s.t` has three. */
const beside = "SELECT t.*, c.email || '' AS x, u.* FROM s.t, public.customers c, s.u WHERE c.id < 3";
const sameShape =
  "SELECT q.*, c.email || '' AS x, r.* FROM (TABLE s.t UNION ALL TABLE s.t) q, public.customers c, (TABLE s.u UNION ALL TABLE s.u) r WHERE c.id < 3";
const rowType =
  "COPY (SELECT (NULL::s.t).*, c.email || '' AS x, (NULL::s.u).* FROM public.customers c WHERE c.id < 3) TO STDOUT";
const rowColumn =
  "COPY (SELECT (w.r).*, c.email || '' AS x, (w.q[1]).* FROM s.w, public.customers c WHERE c.id < 3) TO STDOUT";
/** The inner `email` is the asker's own for as long as `s.v` has one. */
const outer = "SELECT (SELECT email || '' FROM s.v LIMIT 1) FROM public.customers ORDER BY id LIMIT 2";
const shift = ["ALTER TABLE s.t DROP COLUMN x", "ALTER TABLE s.u DROP COLUMN y, ADD COLUMN x text, ADD COLUMN y text"];
const drop = ["DROP TABLE s.customers"];

interface Race {
  readonly message: readonly Buffer[];
  readonly before?: readonly Buffer[];
  readonly after?: readonly Buffer[];
  /** What the other session does meanwhile. */
  readonly meanwhile?: readonly string[];
  /** The message sleeps in front of the statement; else the other session has its change open when the message comes. */
  readonly sleeps?: boolean;
}

const extended = (text: string, results: readonly number[] = []) => [
  parse("", text),
  bind({ results }),
  describe("P"),
  execute(),
  sync(),
];
const sleepy = (...sql: readonly string[]): Race => ({
  message: [query(["SELECT pg_sleep(0.4)", ...sql].join("; "))],
  sleeps: true,
});

const races: readonly (readonly [string, Race])[] = [
  ["dropped: a later statement of a string", sleepy(secret)],
  [
    "dropped: a later statement of a string, in a transaction",
    { ...sleepy(secret, "COMMIT"), before: [query("BEGIN")] },
  ],
  ["dropped: a cursor of a string", sleepy("BEGIN", `DECLARE k CURSOR FOR ${secret}`, "FETCH ALL FROM k")],
  ["dropped: COPY in a string", sleepy(`COPY (${secret}) TO STDOUT`)],
  ["dropped: a Query between its inspection and its run", { message: [query(secret)] }],
  ["dropped: COPY", { message: [query(`COPY (${secret}) TO STDOUT`)] }],
  ["dropped: COPY in binary", { message: extended(`COPY (${secret}) TO STDOUT (FORMAT binary)`) }],
  [
    "dropped: CREATE TABLE AS",
    { message: [query(`CREATE TEMP TABLE made AS ${secret}`)], after: [query("TABLE made")] },
  ],
  ["dropped: EXECUTE", { before: [query(`PREPARE p AS ${secret}`)], message: [query("EXECUTE p")] }],
  ["dropped: Bind", { before: [parse("p", secret), sync()], message: [bind({ statement: "p" }), execute(), sync()] }],
  ["dropped: Parse", { message: extended(secret, [1]) }],
  [
    "dropped: a pipeline that sleeps",
    { message: [parse("", "SELECT pg_sleep(0.4)"), bind(), execute(), ...extended(secret)], sleeps: true },
  ],
  [
    "renamed: a later statement of a string",
    { ...sleepy(secret), meanwhile: ["ALTER TABLE s.customers RENAME TO gone"] },
  ],
  [
    "moved: a later statement of a string",
    { ...sleepy(secret), meanwhile: ["CREATE SCHEMA s2", "ALTER TABLE s.customers SET SCHEMA s2"] },
  ],
  ["schema dropped: a later statement of a string", { ...sleepy(secret), meanwhile: ["DROP SCHEMA s CASCADE"] }],
  [
    "schema closed: a later statement of a string",
    { ...sleepy(secret), meanwhile: ["REVOKE USAGE ON SCHEMA s FROM analyst"] },
  ],
  ["shifted: COPY", { message: [query(`COPY (${beside}) TO STDOUT`)], meanwhile: shift }],
  ["shifted: COPY in binary", { message: extended(`COPY (${beside}) TO STDOUT (FORMAT binary)`), meanwhile: shift }],
  ["shifted: COPY in a string", { ...sleepy(`COPY (${beside}) TO STDOUT`), meanwhile: shift }],
  ["shifted: a Query whose description stays", { message: [query(sameShape)], meanwhile: shift }],
  ["shifted: a string whose description stays", { ...sleepy(sameShape), meanwhile: shift }],
  ["shifted: Parse, whose description stays", { message: extended(sameShape, [1]), meanwhile: shift }],
  [
    "shifted: Bind",
    {
      before: [parse("p", sameShape), sync()],
      message: [bind({ statement: "p" }), execute(), sync()],
      meanwhile: shift,
    },
  ],
  [
    "shifted: EXECUTE",
    { before: [query(`PREPARE p AS ${sameShape}`)], message: [query("EXECUTE p")], meanwhile: shift },
  ],
  [
    "shifted: in a transaction with a fixed snapshot",
    {
      before: [query("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1")],
      message: [query(sameShape)],
      meanwhile: shift,
    },
  ],
  ["shifted: a row type", { message: [query(rowType)], meanwhile: shift }],
  ["shifted: a row type in a string", { ...sleepy(rowType), meanwhile: shift }],
  ["shifted: columns of row types", { message: extended(rowColumn), meanwhile: shift }],
  ["column gone: a Query", { message: [query(outer)], meanwhile: ["ALTER TABLE s.v DROP COLUMN email"] }],
  ["column gone: a string", { ...sleepy(outer), meanwhile: ["ALTER TABLE s.v RENAME COLUMN email TO gone"] }],
  [
    "column gone: a string in a transaction",
    { ...sleepy("BEGIN", outer, "COMMIT"), meanwhile: ["ALTER TABLE s.v RENAME COLUMN email TO gone"] },
  ],
  ["column gone: Parse", { message: extended(outer), meanwhile: ["ALTER TABLE s.v RENAME COLUMN email TO gone"] }],
];

const OWN = `CREATE SCHEMA s; CREATE TABLE s.customers (id int, email text); CREATE TABLE s.t (a text, x text); CREATE TABLE s.u (y text);
  CREATE TABLE s.v (email text); CREATE TABLE s.w (r s.t, q s.u[]); INSERT INTO s.w VALUES (NULL, NULL); INSERT INTO s.t VALUES ('a', 'b'); INSERT INTO s.u VALUES ('c'); INSERT INTO s.v VALUES ('d')`;

/** What the first session reads. */
async function play(port: number, database: World, race: Race): Promise<string> {
  await server.freshDatabase(database, `${database}_template`);
  const login = () => Frontend.login({ port, user: "analyst", password: PASSWORD, database });
  const [reader, other] = [await login(), await login()];
  const meanwhile = race.meanwhile ?? drop;
  try {
    await other.ask([query(OWN)]);
    for (const sql of ["SET search_path = s, public", secret, sameShape, outer]) await reader.ask([query(sql)]);
    if (race.before) await reader.ask(race.before);
    const from = reader.frames.length;
    if (race.sleeps !== true) for (const sql of ["BEGIN", ...meanwhile]) await other.ask([query(sql)]);
    reader.send(...race.message);
    await new Promise((resolve) => setTimeout(resolve, 100));
    for (const sql of race.sleeps === true ? meanwhile : ["COMMIT"]) await other.ask([query(sql)]);
    await reader.ready(1, from);
    if (race.after) await reader.ask(race.after);
    return written(reader.frames.slice(from)).join("\n");
  } finally {
    reader.destroy();
    other.destroy();
  }
}

test.each(races)("%s", async (_, race) => {
  const [direct, through] = await Promise.all([
    play(server.port, "world_a", race),
    play(governed.port, "world_b", race),
  ]);
  expect(direct).toMatch(/canarya/);
  expect(through).not.toMatch(/canary/);
});

test("what another way into the database has changed is asked for anew, and the statement runs", async () => {
  await server.freshDatabase("world_a", "world_a_template");
  const place = { user: "analyst", password: PASSWORD, database: "world_a" };
  const direct = await Frontend.login({ port: server.port, ...place });
  const reader = await Frontend.login({ port: governed.port, ...place });
  const joined = "SELECT o.*, c.email FROM orders o JOIN customers c ON c.id = o.customer_id ORDER BY o.id LIMIT 1";
  const text = () => written(reader.frames).join("\n");
  try {
    for (const change of ["ADD COLUMN extra int", "DROP COLUMN gift_note", "RENAME COLUMN status TO state"]) {
      await reader.ask([query(joined)]);
      await direct.ask([query(`ALTER TABLE orders ${change}`)]);
      for (const message of [query(joined), query(`SELECT 1; ${joined}; SELECT 2`)]) {
        const from = reader.frames.length;
        await reader.ask([message]);
        expect(
          written(reader.frames.slice(from))
            .filter((line) => /^[DE] /.test(line))
            .join("\n"),
        ).not.toMatch(/^E/m);
      }
    }
    expect(text()).not.toMatch(/canary/);
    expect(text()).toMatch(/\*\*\*/);
  } finally {
    reader.destroy();
    direct.destroy();
  }
});

test("an EXECUTE that leads back to itself is refused: directly the server would run into its own limit", async () => {
  const reader = await Frontend.login({
    port: governed.port,
    user: "analyst",
    password: PASSWORD,
    database: "world_a",
  });
  try {
    await reader.ask([parse("a", "SELECT 1"), parse("e", "EXECUTE a"), sync()]);
    await reader.ask([close("S", "a"), parse("a", "EXECUTE e"), sync()]);
    for (const asked of [[query("EXECUTE a")], [bind({ statement: "e" }), execute(), sync()]])
      expect(written(await reader.ask(asked)).join("\n")).toMatch(/C42501.*is not understood/);
    expect(written(await reader.ask([query("SELECT 1")]))).toContain("C SELECT 1\\x00");
  } finally {
    reader.destroy();
  }
});
