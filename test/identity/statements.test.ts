// Who asks may change from statement to statement inside one session of a pool, by a token that no one else can use.
import pg from "pg";
import { linesOf, recordsOf } from "../audit/spool-lines.ts";
import { type Governed, startGoverned } from "../support/governed.ts";
import { issuerFor, verifierFor } from "../support/identity-settings.ts";
import { startIssuer, type TestIssuer } from "../support/issuer.ts";
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
let nowMs = () => Date.now();

beforeAll(async () => {
  [issuer, server] = await Promise.all([startIssuer(), startTestServer(["app"])]);
  await server.admin("CREATE TABLE people (id int PRIMARY KEY, email text)");
  await server.admin("INSERT INTO people VALUES (1, 'ana@example.com'), (2, 'bob@example.com')");
  await server.admin("GRANT ALL ON people TO app");
  governed = await startGoverned({
    upstreamPort: server.port,
    policies,
    nowMs: () => nowMs(),
    tokens: verifierFor([issuerFor(issuer)], { nowMs: () => nowMs() }),
  });
});

afterAll(async () => {
  await governed.stop();
  await server.stop();
  await issuer.stop();
});

beforeEach(async () => {
  nowMs = () => Date.now();
  client = await connected();
});
afterEach(() => client.end().catch(() => {}));

async function connected(port = governed.port): Promise<pg.Client> {
  const made = new pg.Client({
    host: "127.0.0.1",
    port,
    user: "app",
    password: PASSWORD,
    database: "postgres",
  });
  made.on("error", () => {});
  await made.connect();
  return made;
}

const officer = { sub: "olga", groups: ["privacy-office"] };

/** A token that is signed for the session of `of`, for one use. */
async function tokenFor(of: pg.Client, claims: object = officer): Promise<string> {
  const { rows } = await of.query("SHOW weir.nonce");
  const now = Math.floor(Date.now() / 1000);
  return issuer.token({ nonce: rows[0]["weir.nonce"], jti: `${Math.random()}`, exp: now + 60, ...claims });
}

const email = async (of = client) => (await of.query("SELECT email FROM people WHERE id = 1")).rows[0].email;
const who = async (of = client) => JSON.parse((await of.query("SHOW weir.principal")).rows[0]["weir.principal"]);
const refused = (query: Promise<unknown>) =>
  query.then(
    () => ({ code: "none", message: "it ran", hint: "" }),
    ({ code, message, hint }) => ({ code, message, hint }),
  );

test("SHOW weir.principal and weir.policy tell what is in force, by both protocols and as SHOW does", async () => {
  const simple = await client.query("SHOW weir.principal");
  expect(simple.command).toBe("SHOW");
  expect(simple.fields.map(({ name, dataTypeID }) => [name, dataTypeID])).toEqual([["weir.principal", 25]]);
  expect(JSON.parse(simple.rows[0]["weir.principal"])).toMatchObject({ kind: "Service", name: "app", assurance: "L0" });
  const extended = await client.query({ name: "p", text: "show WEIR.policy" });
  expect(extended.fields[0]!.name).toBe("weir.policy");
  const policy = JSON.parse(extended.rows[0]["weir.policy"]);
  expect(policy.policies).toEqual([{ name: "shop/people", mode: "Enforce" }]);
  expect(policy.masks).toEqual([{ classes: ["PII.*"], method: "Null", policy: "shop/people" }]);
  const several = (await client.query(
    "SELECT 1 AS one; SHOW weir.principal; SHOW work_mem",
  )) as unknown as pg.QueryResult[];
  expect(several.map(({ command, fields }) => [command, fields[0]!.name])).toEqual([
    ["SELECT", "one"],
    ["SHOW", "weir.principal"],
    ["SHOW", "work_mem"],
  ]);
  expect(JSON.parse(several[1]!.rows[0]["weir.principal"]).name).toBe("app");
});

test("they take no snapshot, and in a failed transaction the server answers as ever", async () => {
  await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
  await client.query("SHOW weir.policy");
  await client.query("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE");
  await expect(client.query("SELECT 1/0")).rejects.toThrow();
  expect(await refused(client.query("SHOW weir.policy"))).toMatchObject({ code: "25P02" });
  await client.query("ROLLBACK");
});

test("an identity counts from the next statement on, and its records carry it", async () => {
  expect(await email()).toBeNull();
  const token = await tokenFor(client, { ...officer, act: { sub: "robo" } });
  await client.query(`SET weir.identity = '${token}'`);
  expect(await who()).toMatchObject({
    kind: "Agent",
    name: "robo",
    actingFor: { kind: "Human", name: "olga" },
    login: "app",
  });
  expect(await email()).toBeNull(); // the group is the person's, not the agent's
  await client.query(`SET weir.identity = '${await tokenFor(client)}'`);
  expect(await email()).toBe("ana@example.com");
  const acting = recordsOf(governed.spoolDir).filter(({ actor }) => actor?.user?.name === "robo");
  expect(acting.length).toBeGreaterThan(2);
  expect(acting[0].unmapped.weir.who.acting_for).toEqual([
    { assurance: "L2", user: expect.objectContaining({ name: "olga", type: "Human" }) },
  ]);
});

test("the server never sees a token, but a value that means nothing, and rolls it back by its own rules", async () => {
  const token = await tokenFor(client);
  await client.query("BEGIN");
  await client.query(`SET LOCAL weir.identity = '${token}'`);
  expect((await client.query("SHOW weir.identity")).rows[0]["weir.identity"]).toMatch(/^weir_[0-9a-f]{32}_\d+$/);
  await client.query("COMMIT");
  expect(server.log().includes(token.slice(0, 40))).toBe(false);
});

test.each(["COMMIT", "ROLLBACK"])("SET LOCAL ends with its transaction: %s", async (end) => {
  await client.query("BEGIN");
  await client.query("SELECT set_config('weir.identity', $1, true)", [await tokenFor(client)]);
  expect(await email()).toBe("ana@example.com");
  await client.query(end);
  expect(await email()).toBeNull();
});

test("set_config takes the token as a parameter, prepared or not, and answers as the server does", async () => {
  const text = "SELECT set_config('weir.identity', $1::text, false) AS done";
  const answer = await client.query({ name: "identify", text, values: [await tokenFor(client)] });
  expect(answer.fields[0]!.name).toBe("done");
  expect(answer.rows[0].done).toMatch(/^weir_/);
  expect(await email()).toBe("ana@example.com");
  await client.query({ name: "identify", text, values: [await tokenFor(client, { sub: "bob" })] });
  expect(await email()).toBeNull();
});

test("a rollback, also to a savepoint, brings back who asked before", async () => {
  await client.query("BEGIN");
  await client.query("SAVEPOINT a");
  await client.query(`SET weir.identity = '${await tokenFor(client)}'`);
  await client.query("SAVEPOINT b");
  await client.query(`SET weir.identity = '${await tokenFor(client, { sub: "bob" })}'`);
  expect((await who()).name).toBe("bob");
  await client.query("ROLLBACK TO b");
  expect((await who()).name).toBe("olga");
  await client.query("ROLLBACK TO a");
  expect((await who()).name).toBe("app");
  await client.query(`SET weir.identity = '${await tokenFor(client)}'`);
  await expect(client.query("SELECT 1/0")).rejects.toThrow();
  await client.query("COMMIT"); // of a failed transaction: the server rolls back
  expect((await who()).name).toBe("app");
  await client.query("BEGIN");
  await client.query(`SET weir.identity = '${await tokenFor(client)}'`);
  await client.query("COMMIT");
  expect((await who()).name).toBe("olga");
  await client.query("BEGIN");
  await client.query("ROLLBACK");
  expect((await who()).name).toBe("olga");
});

test.each([
  "RESET weir.identity",
  "SET weir.identity TO DEFAULT",
  "RESET ALL",
  "DISCARD ALL",
  "SET weir.identity = ''",
])("%s takes it back", async (reset) => {
  await client.query(`SET weir.identity = '${await tokenFor(client)}'`);
  expect((await who()).name).toBe("olga");
  await client.query(reset);
  expect((await who()).name).toBe("app");
  expect(await email()).toBeNull();
});

test("a copied token is useless in another session, and a second time", async () => {
  const other = await connected();
  const token = await tokenFor(other);
  expect(await refused(client.query(`SET weir.identity = '${token}'`))).toMatchObject({
    code: "42501",
    message: expect.stringContaining("it was not made for this session"),
    hint: expect.stringContaining("SHOW weir.nonce"),
  });
  expect(await email()).toBeNull();
  await other.query(`SET weir.identity = '${token}'`);
  expect(await refused(other.query(`SET weir.identity = '${token}'`))).toMatchObject({
    message: expect.stringContaining("it was used already"),
  });
  expect(await email(other)).toBe("ana@example.com");
  await other.end();
});

test("an identity provider's token counts only from the workload that it names", async () => {
  const claims = { ...officer, nonce: undefined };
  expect(
    await refused(client.query(`SET weir.identity = '${await issuer.token({ ...claims, azp: "web" })}'`)),
  ).toMatchObject({
    message: expect.stringContaining("it names no workload that this session belongs to"),
  });
  await client.query(`SET weir.identity = '${await issuer.token({ ...claims, azp: "app" })}'`);
  expect(await email()).toBe("ana@example.com");
  await client.query(`SET weir.identity = '${await issuer.token({ sub: "olga", act: { sub: "app" } })}'`);
  expect(await who()).toMatchObject({ name: "app", kind: "Agent", actingFor: { name: "olga" } });
});

test("comments and application_name authorise nothing", async () => {
  const token = await tokenFor(client);
  await client.query(`SET application_name = 'olga'`);
  expect(
    (await client.query(`/* weir.identity='${token}' */ SELECT email FROM people WHERE id = 1`)).rows[0].email,
  ).toBeNull();
  expect((await client.query(`SELECT email FROM people WHERE id = 1 -- weir='${token}'`)).rows[0].email).toBeNull();
});

test("forms in which the token would reach the server are refused", async () => {
  const token = await tokenFor(client);
  for (const text of [
    `SET weir.identity = E'${token}'`,
    `SELECT 1, set_config('weir.identity', '${token}', false)`,
    `SELECT set_config('weir.identity', '${token}', false) FROM people`,
    `BEGIN; SET LOCAL weir.identity = '${token}'; COMMIT`,
    `SELECT 1; SET weir.identity = '${token}'`,
    `ALTER ROLE app SET weir.identity = '${token}'`,
    `SET weir.identity = '${token}' garbage`,
  ])
    expect([text.slice(0, 40), (await refused(client.query(text))).message]).toEqual([
      text.slice(0, 40),
      expect.stringMatching(/weir/),
    ]);
  expect((await who()).name).toBe("app");
  expect(server.log().includes(token)).toBe(false);
});

test("a name that comes as a parameter sets no identity, and brings no token to the server", async () => {
  const free = await startGoverned({ upstreamPort: server.port, tokens: verifierFor([issuerFor(issuer)]) });
  const token = await tokenFor(client);
  const text = "SELECT set_config($1, $2, false)";
  for (const port of [governed.port, free.port]) {
    const asker = await connected(port);
    for (const name of ["weir.identity", "WEIR.IDENTITY"])
      expect(await refused(asker.query(text, [name, token]))).toMatchObject({ code: "42501" });
    expect((await who(asker)).name).toBe("app");
    await asker.end();
  }
  const asker = await connected(free.port);
  await asker.query(`SET weir.identity = '${await tokenFor(asker)}'`);
  await asker.query(text, ["my.own", "x"]);
  await asker.query("SELECT set_config('weir.' || $1, 'x', false)", ["identity"]);
  expect((await who(asker)).name).toBe("olga");
  await asker.end();
  await free.stop();
  expect(server.log().includes(token)).toBe(false);
});

test("within a pipeline each statement is asked by who was set in front of it", async () => {
  const token = await tokenFor(client);
  const text = "SELECT email FROM people WHERE id = 1";
  const all = await Promise.all([
    client.query(text),
    client.query("SELECT set_config('weir.identity', $1, false)", [token]),
    client.query(text),
    client.query("DISCARD ALL"),
    client.query({ text, values: [] }),
  ]);
  expect([0, 2, 4].map((at) => all[at]!.rows[0].email)).toEqual([null, "ana@example.com", null]);
});

test("an expired identity refuses what follows, until another one is set or it is taken back", async () => {
  await client.query(`SET weir.identity = '${await tokenFor(client)}'`);
  await client.query({ name: "s", text: "SELECT email FROM people WHERE id = 1" });
  nowMs = () => Date.now() + 120_000;
  expect(await refused(client.query("SELECT 1"))).toMatchObject({
    code: "42501",
    message: expect.stringContaining("the token of this identity has expired"),
  });
  expect(await refused(client.query({ name: "s", text: "SELECT email FROM people WHERE id = 1" }))).toMatchObject({
    code: "42501",
  });
  expect(await who()).toMatchObject({ name: "olga", refused: expect.stringContaining("expired") });
  await client.query("RESET weir.identity");
  expect(await email()).toBeNull();
});

test("no token is in any record or log line", async () => {
  const all = linesOf(governed.spoolDir).join("\n") + governed.logged.join("\n") + server.log();
  expect(/eyJ[\w-]{10}/.test(all)).toBe(false);
  const refusals = recordsOf(governed.spoolDir).filter(({ unmapped }) => unmapped.weir.rules?.[0]?.rule === "identity");
  expect(refusals.length).toBeGreaterThan(5);
});
