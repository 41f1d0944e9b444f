// Under a mask whose patterns match nothing, a database behaves as without one; from the moment that something matches, it does not.
import { Frontend } from "../support/frontend.ts";
import { type Governed, startGoverned } from "../support/governed.ts";
import { bind, execute, functionCall, parse, query, sync } from "../support/messages.ts";
import { written } from "../support/recorder.ts";
import { PASSWORD, startTestServer, type TestServer } from "../support/server.ts";

const POLICY = (table: string, lifting = "Allow") => `apiVersion: weir.dev/v1alpha1
kind: DataPolicy
metadata: {name: hidden, namespace: shop}
spec:
  classify: [{columns: ["${table}.email"], class: PII.EMAIL}]
  mask: [{classes: ["PII.*"], method: Default}]
  whereNothingMatches: ${lifting}
`;
const SECRET = "ada@secret.example";

let server: TestServer;
let governed: Governed;
let database = "";
let made = 0;
const open: Frontend[] = [];

beforeAll(async () => {
  server = await startTestServer(["app"]);
  await server.admin("CREATE DATABASE plain OWNER app");
  await server.admin(
    "CREATE FUNCTION stolen() RETURNS text LANGUAGE plpgsql AS $$ DECLARE r text; BEGIN EXECUTE 'SELECT email FROM people' INTO r; RETURN r; END $$",
    "plain",
  );
});

/** A database and a sidecar of its own for each test: what either has seen decides. */
beforeEach(async () => {
  made += 1;
  database = `empty_${made}`;
  await server.freshDatabase(database, "plain");
  governed = await startGoverned({ upstreamPort: server.port, policies: { "p.yaml": POLICY("public.people") } });
});

afterEach(async () => {
  for (const each of open.splice(0)) each.destroy();
  await governed?.stop();
});

afterAll(() => server?.stop());

async function login(port = governed.port, name = database): Promise<Frontend> {
  const frontend = await Frontend.login({ port, user: "app", password: PASSWORD, database: name });
  open.push(frontend);
  return frontend;
}

async function says(frontend: Frontend, ...messages: readonly Buffer[]): Promise<readonly string[]> {
  return written(await frontend.ask(messages));
}

const extended = (text: string) => [parse("", text), bind(), execute(), sync()];
/** Somebody whom Weir does not see makes the table that the policy speaks of. */
const people = () =>
  server.admin(
    `CREATE TABLE people (email text); INSERT INTO people VALUES ('${SECRET}'); GRANT ALL ON people TO app`,
    database,
  );

const free = [
  "DO $$ BEGIN RAISE NOTICE 'seen'; END $$",
  "CREATE FUNCTION twice(n int) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 2 * n; END'",
  "SELECT twice(21)",
  "CREATE TABLE t (a int PRIMARY KEY, b text)",
  "CREATE FUNCTION loud() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'in %', NEW.b; RETURN NEW; END $$",
  "CREATE TRIGGER loud BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION loud()",
  "INSERT INTO t VALUES (1, 'one')",
  "INSERT INTO t VALUES (1, 'two')",
  "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT * FROM t",
  "CREATE VIEW v AS SELECT b FROM t",
  "SELECT definition FROM pg_views WHERE viewname = 'v'",
  "SET client_min_messages = debug1",
  "BEGIN",
  "CREATE DOMAIN short AS text CHECK (length(VALUE) < 4)",
  "SELECT twice(4), 'abc'::short",
  "DECLARE c CURSOR FOR SELECT twice(a) FROM t",
  "FETCH c",
  "COMMIT",
  "BEGIN ISOLATION LEVEL SERIALIZABLE",
  "CREATE TABLE u (a int)",
  "UPDATE u SET a = twice(a) WHERE a > 0",
  "COMMIT",
];

test.each([
  ["simple", (text: string) => [query(text)]],
  ["extended", extended],
])("nothing is refused, masked or withheld where no column matches (%s)", async (_, way) => {
  const through = await login();
  const seen: (readonly string[])[] = [];
  for (const text of free) seen.push(await says(through, ...way(text)));
  await server.freshDatabase(database, "plain");
  const direct = await login(server.port);
  const expected: (readonly string[])[] = [];
  for (const text of free) expected.push(await says(direct, ...way(text)));
  expect(seen).toEqual(expected);
});

test("a statement that is prepared once runs as often as it is bound", async () => {
  const through = await login();
  await says(through, parse("often", "SELECT stolen() IS NULL FROM pg_class LIMIT 0"), sync());
  for (let i = 0; i < 4; i++)
    expect((await says(through, bind({ statement: "often" }), execute(), sync())).join()).toContain("SELECT 0");
});

test("FunctionCall too", async () => {
  const through = await login();
  const strlen = Number(await server.admin("SELECT 'pg_backend_pid()'::regprocedure::oid", database));
  expect((await says(through, functionCall(strlen, []))).join()).toMatch(/^V /);
});

const closed = /42501|57P01/;

test.each([
  ["simple", (text: string) => [query(text)]],
  ["extended", extended],
])("a table that somebody else makes is protected at once, and code that was free is not (%s)", async (_, way) => {
  const [warm, fresh] = [await login(), await login()];
  expect((await says(warm, query("SELECT 1"))).join()).toContain("D ");
  expect((await says(fresh, query("SELECT 1"))).join()).toContain("D ");
  await people();
  expect((await says(warm, ...way("SELECT stolen()"))).join()).toMatch(closed);
  expect((await says(warm, ...way("SELECT email FROM people"))).join()).not.toContain(SECRET);
  expect((await says(fresh, ...way("SELECT email FROM people"))).join()).not.toContain(SECRET);
  expect((await says(fresh, ...way("SELECT * FROM people"))).join()).not.toContain(SECRET);
});

test("a session that ran unread code ends when something is protected, and a new one is held to the masks", async () => {
  const loose = await login();
  expect((await says(loose, query("DO $$ BEGIN SET client_min_messages = debug1; END $$"))).join()).toContain("DO");
  await people();
  const from = loose.frames.length;
  loose.send(query("SELECT stolen()"));
  await loose.end();
  const told = written(loose.frames.slice(from)).join();
  expect(told).toMatch(closed);
  expect(told).not.toContain(SECRET);
  expect((await says(await login(), query("SELECT stolen()"))).join()).toContain("42501");
});

test("a table that this transaction makes is protected in it", async () => {
  const through = await login();
  await says(through, query("BEGIN"));
  await says(through, query("CREATE TABLE people (email text)"));
  await says(through, query(`INSERT INTO people VALUES ('${SECRET}')`));
  const told = [
    ...(await says(through, query("SELECT email FROM people"))),
    ...(await says(through, query("SELECT stolen()"))),
  ].join();
  expect(told).not.toContain(SECRET);
  expect(told).toContain("42501");
});

test.each(["REPEATABLE READ", "SERIALIZABLE"])(
  "a transaction whose snapshot is older than the table (%s)",
  async (level) => {
    const through = await login();
    await says(through, query(`BEGIN ISOLATION LEVEL ${level}`));
    await says(through, query("SELECT count(*) FROM pg_class"));
    await server.admin(`CREATE TABLE people (email text); GRANT ALL ON people TO app`, database);
    expect((await says(through, query("SELECT stolen()"))).join()).toContain("42501");
  },
);

test("a string is free, but what it makes itself is protected in it", async () => {
  const through = await login();
  const free = [
    "SET work_mem = '1MB'; SELECT stolen() IS NULL FROM pg_class LIMIT 0",
    "CREATE TABLE a (n int); CREATE FUNCTION one() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1; END'; INSERT INTO a SELECT one() FROM generate_series(1, 3)",
    "CREATE DOMAIN d AS text; DO $$ BEGIN INSERT INTO a VALUES (7); END $$; DROP TABLE a",
  ];
  for (const text of free) expect((await says(through, query(text))).join()).not.toMatch(/^E|,E/);
  const made = `CREATE TABLE people (email text); INSERT INTO people VALUES ('${SECRET}')`;
  const shows = [
    "SELECT stolen()",
    "SELECT email FROM people",
    "COPY people TO STDOUT",
    "DELETE FROM people RETURNING email",
  ];
  for (const each of shows)
    expect((await says(through, query(`${made}; ${each}; ROLLBACK`))).join()).not.toContain(SECRET);
});

test("a batch that is kept open over the change does not keep the word", async () => {
  const through = await login();
  const from = through.frames.length;
  through.send(parse("late", "SELECT stolen()"), sync());
  await through.ready(1, from);
  await people();
  expect((await says(through, bind({ statement: "late" }), execute(), sync())).join()).toMatch(closed);
});

test("a database beside one with protected columns is no way round them", async () => {
  await server.admin("CREATE TABLE people (email text)", database);
  await says(await login(), query("SELECT 1"));
  await server.freshDatabase("beside", "plain");
  const through = await login(governed.port, "beside");
  expect((await says(through, query("DO $$ BEGIN END $$"))).join()).toContain("42501");
});

test("rights to what Weir's own queries use are taken away: the client's transaction goes on", async () => {
  await server.admin("GRANT app TO CURRENT_USER", database);
  const root = await Frontend.login({
    port: governed.port,
    user: server.superuser,
    password: server.superuserPassword,
    database,
  });
  open.push(root);
  for (const name of ["int8(integer)", "lower(text)", "current_setting(text)", 'json_build_array(VARIADIC "any")']) {
    const told: string[] = [];
    for (const sql of [
      "BEGIN",
      "SELECT 1 FROM pg_class LIMIT 0",
      `REVOKE ALL ON FUNCTION ${name} FROM PUBLIC`,
      "CREATE TABLE made (a int); GRANT ALL ON made TO app",
      "SET LOCAL SESSION AUTHORIZATION app",
      "SELECT a FROM made",
      "INSERT INTO made VALUES (1)",
      "ROLLBACK",
    ])
      told.push(...(await says(root, query(sql))));
    expect([name, told.join("\n")]).toEqual([name, expect.not.stringContaining("25P02")]);
  }
});

test("where masks bind, too, a table that a transaction makes is known in it, temp tables among them", async () => {
  governed.reload({ "p.yaml": POLICY("public.people", "Refuse") });
  const through = await login();
  for (const kind of ["TEMP TABLE", "TABLE", "UNLOGGED TABLE"]) {
    const told: string[] = [];
    for (const sql of ["BEGIN", `CREATE ${kind} fresh (a int)`, "INSERT INTO fresh VALUES (7)", "SELECT a FROM fresh"])
      told.push(...(await says(through, query(sql))));
    expect(told.join("|")).toContain("INSERT 0 1");
    expect(told.join("|")).toContain("SELECT 1");
    await says(through, query("ROLLBACK"));
  }
});

test("a transaction may begin with a setting that masks forbid elsewhere", async () => {
  const through = await login();
  await says(through, query("SELECT 1"));
  await says(through, query("BEGIN"));
  expect((await says(through, query("SET client_min_messages = debug1"))).join()).toContain("C SET");
  expect((await says(through, query("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE"))).join()).toContain("C SET");
});
