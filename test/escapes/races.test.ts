// A table that shadows a protected one goes away behind the decision: what was judged reads something else when it runs. The asker
// makes and drops it in a second session of his own. Directly each shows protected values, so that none is in the list that would not.
import { Frontend } from "../support/frontend.ts";
import { type Governed, startGoverned } from "../support/governed.ts";
import { bind, execute, parse, query, sync } from "../support/messages.ts";
import { written } from "../support/recorder.ts";
import { PASSWORD, startTestServer, type TestServer } from "../support/server.ts";
import { makeWorlds, STRICT_POLICY } from "../support/worlds.ts";

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

interface Race {
  readonly before: readonly Buffer[];
  /** Sent while the other session's DROP is open, which holds it up, or in front of it (`sleeps`). */
  readonly message: readonly Buffer[];
  readonly after: readonly Buffer[];
  readonly sleeps?: boolean;
}

const races: readonly (readonly [string, Race])[] = [
  [
    "a later statement of a string",
    { before: [], message: [query(`SELECT pg_sleep(1); ${secret}`)], after: [], sleeps: true },
  ],
  ["a Query between its inspection and its run", { before: [], message: [query(secret)], after: [] }],
  ["COPY", { before: [], message: [query(`COPY (${secret}) TO STDOUT`)], after: [] }],
  [
    "CREATE TABLE AS",
    { before: [], message: [query(`CREATE TEMP TABLE made AS ${secret}`)], after: [query("TABLE made")] },
  ],
  ["EXECUTE", { before: [query(`PREPARE p AS ${secret}`)], message: [query("EXECUTE p")], after: [] }],
  ["Bind", { before: [parse("p", secret), sync()], message: [bind({ statement: "p" }), execute(), sync()], after: [] }],
  ["Parse", { before: [], message: [parse("", secret), bind(), execute(), sync()], after: [] }],
];

/** What the first session reads. */
async function play(port: number, race: Race): Promise<string> {
  await server.freshDatabase("world_a", "world_a_template");
  const login = () => Frontend.login({ port, user: "analyst", password: PASSWORD, database: "world_a" });
  const [reader, dropper] = [await login(), await login()];
  try {
    await dropper.ask([query("CREATE SCHEMA s; CREATE TABLE s.customers (id int, email text)")]);
    for (const message of [query("SET search_path = s, public"), query(secret)]) await reader.ask([message]);
    if (race.before.length > 0) await reader.ask(race.before);
    const from = reader.frames.length;
    if (race.sleeps !== true) for (const sql of ["BEGIN", "DROP TABLE s.customers"]) await dropper.ask([query(sql)]);
    reader.send(...race.message);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await dropper.ask([query(race.sleeps === true ? "DROP TABLE s.customers" : "COMMIT")]);
    await reader.ready(1, from);
    if (race.after.length > 0) await reader.ask(race.after);
    return written(reader.frames.slice(from)).join("\n");
  } finally {
    reader.destroy();
    dropper.destroy();
  }
}

// Found by an attack and not closed yet, but for one: see docs/open-findings.md.
test.skip.each(races)("OPEN LEAK, not closed yet: %s", async (_, race) => {
  expect(await play(server.port, race)).toMatch(/canarya/);
  expect(await play(governed.port, race)).not.toMatch(/canarya/);
});
