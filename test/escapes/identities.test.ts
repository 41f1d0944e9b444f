// What one identity leaves in a session is not another's: cursors, prepared statements, portals, temp tables and settings made in clear do
// not show in clear to who is masked.
import pg from "pg";
import { Frontend } from "../support/frontend.ts";
import { type Governed, startGoverned } from "../support/governed.ts";
import { issuerFor, verifierFor } from "../support/identity-settings.ts";
import { startIssuer, type TestIssuer } from "../support/issuer.ts";
import { bind, describe as describing, execute, parse, query, sync } from "../support/messages.ts";
import { PASSWORD, startTestServer, type TestServer } from "../support/server.ts";

const policies = {
  "policy.yaml": `apiVersion: weir.dev/v1alpha1
kind: DataPolicy
metadata: {name: people, namespace: shop}
spec:
  subjects: [{notGroups: [privacy-office]}]
  classify: [{columns: ["public.people.email"], class: PII.EMAIL}]
  mask: [{classes: ["PII.*"], method: "Null"}]
`,
};

let issuer: TestIssuer;
let server: TestServer;
let governed: Governed;
let client: pg.Client;

beforeAll(async () => {
  [issuer, server] = await Promise.all([startIssuer("ES256"), startTestServer(["app"])]);
  await server.admin("CREATE TABLE people (id int PRIMARY KEY, email text)");
  await server.admin("INSERT INTO people VALUES (1, 'ana@example.com'), (2, 'bob@example.com')");
  await server.admin("GRANT ALL ON people TO app; GRANT CREATE ON SCHEMA public TO app");
  governed = await startGoverned({ upstreamPort: server.port, policies, tokens: verifierFor([issuerFor(issuer)]) });
});

afterAll(async () => {
  await governed.stop();
  await server.stop();
  await issuer.stop();
});

beforeEach(async () => {
  const { port } = governed;
  client = new pg.Client({ host: "127.0.0.1", port, user: "app", password: PASSWORD, database: "postgres" });
  client.on("error", () => {});
  await client.connect();
});
afterEach(() => client.end().catch(() => {}));

let ids = 0;
async function become(sub: string, groups: readonly string[] = [], local = ""): Promise<void> {
  const { rows } = await client.query("SHOW weir.nonce");
  const exp = Math.floor(Date.now() / 1000) + 60;
  const token = await issuer.token({ nonce: rows[0]["weir.nonce"], jti: `crossing ${ids++}`, exp, sub, groups });
  await client.query(`SET ${local} weir.identity = '${token}'`);
}
const officer = (local = "") => become("olga", ["privacy-office"], local);

/** Everything that it tells, or why it was refused. */
async function told(sql: string): Promise<string> {
  try {
    const answer = (await client.query(sql)) as pg.QueryResult | pg.QueryResult[];
    return JSON.stringify([answer].flat().map(({ rows }) => rows));
  } catch (error) {
    return `${(error as { code: string }).code} ${(error as Error).message}`;
  }
}

const ways: readonly (readonly [string, readonly string[], string])[] = [
  ["a temp table", ["CREATE TEMP TABLE kept AS SELECT email FROM people"], "SELECT * FROM kept"],
  ["its expressions", ["CREATE TEMP TABLE kept AS SELECT email FROM people"], "SELECT upper(email) FROM kept"],
  ["a copy of it", ["CREATE TEMP TABLE kept AS SELECT email FROM people"], "SELECT (kept).email FROM kept"],
  [
    "a view over it",
    ["CREATE TEMP TABLE t AS SELECT email FROM people", "CREATE TEMP VIEW kept AS TABLE t"],
    "TABLE kept",
  ],
  ["SQL PREPARE of it", ["CREATE TEMP TABLE t AS SELECT email FROM people", "PREPARE kept AS TABLE t"], "EXECUTE kept"],
  [
    "a cursor of it",
    ["CREATE TEMP TABLE t AS SELECT email FROM people", "DECLARE kept CURSOR WITH HOLD FOR TABLE t"],
    "FETCH ALL FROM kept",
  ],
  [
    "RETURNING of it",
    ["CREATE TEMP TABLE kept AS SELECT email FROM people"],
    "UPDATE kept SET email = email RETURNING *",
  ],
  [
    "a temp table filled later",
    ["CREATE TEMP TABLE kept (e text)", "INSERT INTO kept SELECT email FROM people"],
    "TABLE kept",
  ],
  ["a temp view", ["CREATE TEMP VIEW kept AS SELECT email FROM people"], "SELECT * FROM kept"],
  ["a cursor that is held", ["DECLARE kept CURSOR WITH HOLD FOR SELECT email FROM people"], "FETCH ALL FROM kept"],
  ["SQL PREPARE", ["PREPARE kept AS SELECT email FROM people"], "EXECUTE kept"],
  ["a setting", ["SELECT set_config('my.kept', email, false) FROM people"], "SHOW my.kept"],
  [
    "a setting, by a function",
    ["SELECT set_config('my.kept', email, false) FROM people"],
    "SELECT current_setting('my.kept')",
  ],
];

test.each(ways)("made in clear by who may, not shown to who may not: %s", async (_, makes, read) => {
  await officer();
  for (const sql of makes) expect(await told(sql)).toMatch(/^\[/);
  expect(await told(read)).not.toMatch(/^(42501|42883)/);
  await client.query("RESET weir.identity");
  expect(await told(read)).not.toMatch(/@example\.com/i);
  await become("bob");
  expect(await told(read)).not.toMatch(/@example\.com/i);
});

test("within one transaction, by cursor", async () => {
  await client.query("BEGIN");
  await officer("LOCAL");
  await client.query("DECLARE kept CURSOR FOR SELECT email FROM people");
  expect(await told("FETCH 1 FROM kept")).toContain("ana@example.com");
  await become("bob", [], "LOCAL");
  expect(await told("FETCH 1 FROM kept")).not.toMatch(/@example\.com/i);
  await client.query("ROLLBACK");
});

test("within one transaction, by portal", async () => {
  const raw = await Frontend.login({ port: governed.port, user: "app", password: PASSWORD, database: "postgres" });
  const texts = async (messages: readonly Buffer[], readies = 1) =>
    (await raw.ask(messages, readies))
      .filter(({ type }) => "DE".includes(type))
      .map(({ body }) => body.toString("latin1"));
  const [row] = await texts([query("SHOW weir.nonce")]);
  const exp = Math.floor(Date.now() / 1000) + 60;
  const token = await issuer.token({
    nonce: row!.slice(6),
    jti: `${ids++}`,
    exp,
    sub: "olga",
    groups: ["privacy-office"],
  });
  const SQL = "SELECT email FROM people ORDER BY id";
  const opened = [query("BEGIN"), query(`SET LOCAL weir.identity = '${token}'`)];
  await texts(opened, 2);
  const first = await texts([
    parse("s", SQL),
    bind({ statement: "s", portal: "p" }),
    describing("P", "p"),
    execute("p", 1),
    sync(),
  ]);
  expect(first.join()).toContain("ana@example.com");
  await texts([query("RESET weir.identity")]);
  const second = await texts([execute("p", 0), sync()]);
  expect(second.join()).not.toContain("bob@example.com");
  await raw.terminate();
});

test("what the masked one makes himself is his, and DISCARD ends what others left", async () => {
  await client.query("CREATE TEMP TABLE mine (n int)");
  await client.query("INSERT INTO mine VALUES (1)");
  expect(await told("SELECT * FROM mine")).toBe('[[{"n":1}]]');
  await officer();
  expect(await told("SELECT * FROM mine")).toBe('[[{"n":1}]]');
  await client.query("INSERT INTO mine SELECT id FROM people");
  await client.query("RESET weir.identity");
  expect(await told("SELECT * FROM mine")).toMatch(/^42501/);
  await client.query("BEGIN");
  await client.query("DISCARD TEMP");
  await client.query("ROLLBACK");
  expect(await told("DISCARD TEMP; SELECT 1/0")).toMatch(/^22012/);
  expect(await told("SELECT * FROM mine")).toMatch(/^42501/);
  await client.query("DISCARD ALL");
  await client.query("CREATE TEMP TABLE mine (n int)");
  expect(await told("SELECT * FROM mine")).toBe("[[]]");
});
