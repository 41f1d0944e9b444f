// Row-level security in the database speaks of the principals that Weir knows, because role and settings are pinned in the server's
// session: they follow the identity of each statement, and no statement of the client's changes them or runs while they are others.
import pg from "pg";
import { nothingRevoked, type Revocations, readRevocations } from "../../pkg/identity/revocations.ts";
import { recordsOf } from "../audit/spool-lines.ts";
import { Frontend } from "../support/frontend.ts";
import { type Governed, startGoverned } from "../support/governed.ts";
import { issuerFor, verifierFor } from "../support/identity-settings.ts";
import { startIssuer, type TestIssuer } from "../support/issuer.ts";
import { bind, execute, parse, query, sync } from "../support/messages.ts";
import { PASSWORD, startTestServer, type TestServer } from "../support/server.ts";

let issuer: TestIssuer;
let server: TestServer;
let governed: Governed;
let client: pg.Client;
let revocations: Revocations = nothingRevoked;

const vouched = {
  "policy.yaml": `apiVersion: weir.dev/v1alpha1
kind: DataPolicy
metadata: {name: vouched, namespace: shop}
spec:
  subjects: [{logins: [nobody]}]
  functions: {safe: ["public.twice(integer)"]}
`,
};

beforeAll(async () => {
  [issuer, server] = await Promise.all([startIssuer(), startTestServer(["app"], { log_statement: "all" })]);
  await server.admin(`CREATE ROLE reader; GRANT reader TO app; GRANT CREATE, USAGE ON SCHEMA public TO reader;
    CREATE TABLE notes (owner text, body text); ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
    CREATE POLICY own ON notes USING (owner = current_setting('weir.principal', true));
    INSERT INTO notes VALUES ('app', 'of the pool'), ('ana', 'of ana'), ('olga', 'of olga');
    GRANT SELECT, INSERT ON notes TO reader; GRANT SELECT ON notes TO app;
    CREATE FUNCTION twice(n int) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN n * 2; END';
    CREATE FUNCTION run(sql text) RETURNS void LANGUAGE plpgsql AS 'BEGIN EXECUTE sql; END'`);
  governed = await startGoverned({
    upstreamPort: server.port,
    policies: vouched,
    tokens: verifierFor([issuerFor(issuer)], { revocations: () => revocations }),
    pinned: {
      role: "reader",
      settings: { application_name: "weir {principal}", search_path: '"$user", public', statement_timeout: "59s" },
      identity: true,
    },
  });
});

afterAll(async () => {
  await governed.stop();
  await server.stop();
  await issuer.stop();
});

beforeEach(async () => {
  client = await connected();
});
afterEach(() => client.end().catch(() => {}));

async function connected(more: pg.ClientConfig = {}, port = governed.port): Promise<pg.Client> {
  const made = new pg.Client({
    host: "127.0.0.1",
    port,
    user: "app",
    password: PASSWORD,
    database: "postgres",
    ...more,
  });
  made.on("error", () => {});
  await made.connect();
  return made;
}

async function tokenFor(sub: string, claims: object = {}): Promise<string> {
  const { rows } = await client.query("SHOW weir.nonce");
  const now = Math.floor(Date.now() / 1000);
  return issuer.token({ nonce: rows[0]["weir.nonce"], jti: `${Math.random()}`, exp: now + 60, sub, ...claims });
}

const become = async (sub: string, local = "") => client.query(`SET ${local} weir.identity = '${await tokenFor(sub)}'`);

/** What row-level security lets through, and what the server takes the session for. */
async function seen(): Promise<string> {
  const { rows } = await client.query(
    "SELECT body, current_user AS role, current_setting('application_name') AS application FROM notes",
  );
  return rows.map(({ body, role, application }) => `${body} as ${role} (${application})`).join(", ");
}

const POOL = "of the pool as reader (weir app)";
const ANA = "of ana as reader (weir ana)";
const OLGA = "of olga as reader (weir olga)";

const outcome = (query: Promise<unknown>) =>
  query.then(
    () => "ran",
    ({ code, message }) => `${code} ${message}`,
  );

test("they are set before the client may send anything, and tell the whole principal", async () => {
  expect(await seen()).toBe(POOL);
  await client.query(
    `SET weir.identity = '${await tokenFor("ana", { act: { sub: "robo" }, groups: ["a,b", 'c"d'] })}'`,
  );
  const names = ["principal", "kind", "issuer", "groups", "acting_for", "assurance", "login", "session"];
  const { rows } = await client.query(`SELECT ${names.map((name) => `current_setting('weir.${name}') AS ${name}`)}`);
  const { session, acting_for, ...told } = rows[0];
  expect(told).toEqual({
    principal: "robo",
    kind: "Agent",
    issuer: issuer.url,
    groups: "[]",
    assurance: "L2",
    login: "app",
  });
  expect(JSON.parse(acting_for)).toEqual([{ kind: "Human", name: "ana", issuer: issuer.url, groups: ["a,b", 'c"d'] }]);
  expect(recordsOf(governed.spoolDir).some((record) => JSON.stringify(record).includes(session))).toBe(true);
});

test("they follow the identity of the statement: session, transaction, savepoint, rollback, reset", async () => {
  await become("ana");
  expect(await seen()).toBe(ANA);
  await client.query("BEGIN");
  await become("olga", "LOCAL");
  expect(await seen()).toBe(OLGA);
  await client.query("SAVEPOINT s");
  await become("ana", "LOCAL");
  expect(await seen()).toBe(ANA);
  await client.query("ROLLBACK TO s");
  expect(await seen()).toBe(OLGA);
  expect(await outcome(client.query("SELECT 1/0"))).toMatch(/^22012/);
  await client.query("ROLLBACK TO s");
  expect(await seen()).toBe(OLGA);
  await client.query("COMMIT");
  expect(await seen()).toBe(ANA);
  await client.query("BEGIN");
  await become("olga");
  expect(await seen()).toBe(OLGA);
  await client.query("ROLLBACK");
  expect(await seen()).toBe(ANA);
  await client.query("RESET ALL");
  expect(await seen()).toBe(POOL);
  await become("ana");
  expect(await seen()).toBe(ANA);
  await client.query("DISCARD ALL");
  expect(await seen()).toBe(POOL);
});

test("groups that are taken away count at once, and a rollback does not bring them back", async () => {
  const groups = async () => (await client.query("SELECT current_setting('weir.groups') AS groups")).rows[0].groups;
  await client.query(`SET weir.identity = '${await tokenFor("ana", { groups: ["one", "two"] })}'`);
  expect(await groups()).toBe('["one","two"]');
  await client.query("BEGIN");
  revocations = readRevocations('{"groups": {"ana": ["one"]}}');
  expect(await groups()).toBe('["one"]');
  await client.query("ROLLBACK");
  expect(await groups()).toBe('["one"]');
  revocations = nothingRevoked;
});

test("they are set without a snapshot, so that an identity may come before the isolation level", async () => {
  await client.query("BEGIN");
  await become("ana", "LOCAL");
  await client.query("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE");
  expect(await seen()).toBe(ANA);
  await client.query("COMMIT");
});

test("a prepared statement reads as who executes it, whoever prepared it", async () => {
  const query = { name: "mine", text: "SELECT body FROM notes" };
  const bodies = async () => (await client.query(query)).rows.map(({ body }) => body);
  for (let times = 0; times < 7; times += 1) expect(await bodies()).toEqual(["of the pool"]);
  await become("ana");
  expect(await bodies()).toEqual(["of ana"]);
  await client.query("RESET weir.identity");
  expect(await bodies()).toEqual(["of the pool"]);
});

test("what row-level security let through for one is not shown to the next: cursors, portals, temp tables", async () => {
  await become("ana");
  await client.query("DECLARE held CURSOR WITH HOLD FOR SELECT body FROM notes");
  await client.query("CREATE TEMP TABLE kept AS SELECT body FROM notes");
  expect((await client.query("FETCH 1 FROM held")).rows).toEqual([{ body: "of ana" }]);
  await client.query("BEGIN");
  await client.query("DECLARE open CURSOR FOR SELECT body FROM notes");
  await become("olga", "LOCAL");
  expect(await outcome(client.query("FETCH ALL FROM open"))).toBe(
    "42501 weir: the cursor was opened by another identity of this session",
  );
  await client.query("ROLLBACK");
  await client.query("RESET weir.identity");
  expect(await outcome(client.query("FETCH ALL FROM held"))).toMatch(/^42501 .* opened by another/);
  expect(await outcome(client.query("MOVE ALL FROM held"))).toMatch(/^42501 .* opened by another/);
  expect(await outcome(client.query("SELECT * FROM kept"))).toMatch(/^42501 .* may have filled its temp tables/);
  await become("ana");
  expect((await client.query("SELECT * FROM kept")).rows).toEqual([{ body: "of ana" }]);
  expect(await outcome(client.query("FETCH ALL FROM held"))).toBe("ran");
});

test("a signed comment is what row-level security goes by, and by whom it was signed no longer", async () => {
  const mark = async (sub: string) => `/*weir_identity='${await tokenFor(sub)}'*/`;
  const text = async (sub: string) => `SELECT body FROM notes ${await mark(sub)}`;
  expect((await client.query(await text("ana"))).rows).toEqual([{ body: "of ana" }]);
  expect(await seen()).toBe(POOL);
  await client.query("BEGIN");
  expect((await client.query({ text: await text("olga"), values: [] })).rows).toEqual([{ body: "of olga" }]);
  expect(await seen()).toBe(POOL);
  await client.query(`ROLLBACK ${await mark("ana")}`);
  expect(await seen()).toBe(POOL);
});

test("the server's own log names the principal", async () => {
  await become("olga");
  await client.query("SELECT 'find this'");
  expect(server.log().includes(`"weir"."principal" = E'olga'`)).toBe(true);
});

test("a view that would change it can be made, and not be read", async () => {
  await client.query("CREATE TEMP VIEW v AS SELECT set_config('weir.principal', 'olga', false) AS x");
  expect(await outcome(client.query("SELECT body, x FROM notes, v"))).toBe(
    '42501 weir: the setting "weir.principal" is pinned on this database',
  );
  await client.query("CREATE TEMP VIEW s AS SELECT * FROM pg_settings");
  const update = client.query("UPDATE s SET setting = 'olga' WHERE name = 'weir.principal'");
  expect(await outcome(update)).not.toBe("ran");
  expect(await seen()).toBe(POOL);
});

test("a pipeline runs nothing behind an identity, a reset or a rollback before it is set again", async () => {
  const raw = await Frontend.login({ port: governed.port, user: "app", password: PASSWORD, database: "postgres" });
  const run = (text: string) => [parse("", text), bind(), execute()];
  const rows = async (messages: readonly Buffer[]) =>
    (await raw.ask(messages)).flatMap(({ type, body }) =>
      type === "D" ? [body.subarray(6).toString()] : type === "E" ? [body.toString().replaceAll("\0", " ")] : [],
    );
  const see = run("SELECT body FROM notes");
  const [nonce] = await rows([query("SHOW weir.nonce")]);
  const ana = async () => {
    const exp = Math.floor(Date.now() / 1000) + 60;
    return issuer.token({ nonce, jti: `${Math.random()}`, exp, sub: "ana" });
  };
  const set = run(`SET weir.identity = '${await ana()}'`);
  expect(await rows([...see, ...set, ...see, ...run("RESET ALL"), ...see, sync()])).toEqual([
    "of the pool",
    "of ana",
    "of the pool",
  ]);
  const local = run(`SET LOCAL weir.identity = '${await ana()}'`);
  const undone = run("ROLLBACK TO s");
  expect(
    await rows([
      ...run("BEGIN"),
      ...run("SAVEPOINT s"),
      ...local,
      ...see,
      ...undone,
      ...see,
      ...run("COMMIT"),
      ...see,
      sync(),
    ]),
  ).toEqual(["of ana", "of the pool", "of the pool"]);
  const later = run(`SET weir.identity = '${await ana()}'`);
  await rows([...run("BEGIN"), ...run("SAVEPOINT s"), sync()]);
  expect(await rows([...run("SELECT 1/0"), sync()])).toEqual([expect.stringContaining("22012")]);
  expect(await rows([...undone, ...later, ...see, ...run("COMMIT"), ...see, sync()])).toEqual(["of ana", "of ana"]);
  expect(await rows([...run("DISCARD ALL"), ...see, sync()])).toEqual(["of the pool"]);
  await raw.terminate();
});

test("a name that comes as a parameter may be any, so that it is refused, too", async () => {
  const set = client.query("SELECT set_config($1, $2, false)", ["weir.principal", "olga"]);
  expect(await outcome(set)).toBe("42501 weir: the statement may change what is pinned on this database");
  expect(await seen()).toBe(POOL);
});

test("what changes nothing of it runs as ever", async () => {
  await client.query("SET work_mem = '5MB'");
  await client.query("SELECT set_config('my.own', 'x', false)");
  expect((await client.query("SHOW my.own")).rows).toEqual([{ "my.own": "x" }]);
  await client.query("CREATE TEMP TABLE own (n int)");
  await client.query("INSERT INTO own SELECT generate_series(1, 3)");
  expect((await client.query("SELECT sum(twice(n)) AS sum FROM own")).rows).toEqual([{ sum: "12" }]);
  expect(await outcome(client.query("SELEC 1"))).toMatch(/^42601 syntax error/);
  expect(await outcome(client.query("SELECT * FROM nothing"))).toMatch(/^42P01/);
  await client.query("RESET ALL");
  expect((await client.query("SHOW work_mem")).rows).toEqual([{ work_mem: "4MB" }]);
  expect(await seen()).toBe(POOL);
});

test.each([
  ["options", { options: "-c weir.principal=olga" }],
  ["options with dashes", { options: "--weir.groups=[]" }],
  ["a role in options", { options: "-c role=app" }],
])("start-up parameters cannot ask for what is pinned: %s", async (_, more) => {
  await expect(connected(more)).rejects.toMatchObject({ code: "42501", message: expect.stringContaining("is pinned") });
});

test("what the client calls itself is replaced, and what is kept in the database for its role does not count", async () => {
  await server.admin("ALTER ROLE app SET weir.principal = 'olga'; ALTER ROLE app SET statement_timeout = '1s'");
  await client.end();
  client = await connected({ application_name: "olga" });
  expect(await seen()).toBe(POOL);
  await client.query("RESET ALL");
  expect(await seen()).toBe(POOL);
  expect((await client.query("SHOW statement_timeout")).rows).toEqual([{ statement_timeout: "59s" }]);
  await server.admin("ALTER ROLE app RESET ALL");
});

test("a role that the login may not take ends the login with an error that says what to do", async () => {
  const other = await startGoverned({
    upstreamPort: server.port,
    pinned: { role: server.superuser, settings: {}, identity: false },
  });
  await expect(connected({}, other.port)).rejects.toMatchObject({
    code: "28000",
    message: 'database "shop/main" did not take the role or a setting that is pinned for it (42501)',
  });
  await other.stop();
});
