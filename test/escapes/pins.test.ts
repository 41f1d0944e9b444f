// Nothing that a client sends changes a role or a setting that is pinned, or runs while it is another.
import pg from "pg";
import { recordsOf } from "../audit/spool-lines.ts";
import { Frontend } from "../support/frontend.ts";
import { type Governed, startGoverned } from "../support/governed.ts";
import { functionCall } from "../support/messages.ts";
import { PASSWORD, startTestServer, type TestServer } from "../support/server.ts";
import { changes } from "./pins.ts";

let server: TestServer;
let governed: Governed;
const clients: pg.Client[] = [];

beforeAll(async () => {
  server = await startTestServer(["app"]);
  await server.admin(`CREATE ROLE reader; GRANT reader TO app; GRANT CREATE, USAGE ON SCHEMA public TO reader;
    ALTER DATABASE postgres OWNER TO app;
    CREATE TABLE notes (owner text, body text); ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
    CREATE POLICY own ON notes USING (owner = current_setting('weir.principal', true));
    INSERT INTO notes VALUES ('app', 'own'), ('olga', 'of olga');
    GRANT SELECT, INSERT ON notes TO reader; GRANT SELECT ON notes TO app;
    CREATE FUNCTION run(sql text) RETURNS void LANGUAGE plpgsql AS 'BEGIN EXECUTE sql; END';
    CREATE FUNCTION twice(n int) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN n * 2; END';
    ALTER FUNCTION twice(int) OWNER TO reader`);
  governed = await startGoverned({
    upstreamPort: server.port,
    pinned: {
      role: "reader",
      settings: { application_name: "weir", search_path: "public", statement_timeout: "59s" },
      identity: true,
    },
  });
});

afterEach(async () => {
  for (const client of clients.splice(0)) await client.end().catch(() => {});
  await server.admin(
    "ALTER ROLE app RESET ALL; ALTER DATABASE postgres RESET ALL; ALTER FUNCTION twice(int) RESET ALL",
  );
});

afterAll(async () => {
  await governed?.stop();
  await server?.stop();
});

async function connected(port: number): Promise<pg.Client> {
  const client = new pg.Client({ host: "127.0.0.1", port, user: "app", password: PASSWORD, database: "postgres" });
  client.on("error", () => {});
  await client.connect();
  clients.push(client);
  return client;
}

const outcome = (asked: Promise<unknown>) =>
  asked.then(
    () => "ran",
    ({ code, message }) => `${code} ${message}`,
  );

const refusals = () =>
  recordsOf(governed.spoolDir).filter(({ unmapped }) => ["pinned", "identity"].includes(unmapped.weir.rules?.[0]?.rule))
    .length;

const seen = async (client: pg.Client) =>
  (await client.query("SELECT body, current_user AS role FROM notes")).rows.map(({ body, role }) => `${body} ${role}`);

/** What is kept for later sessions or calls may only a superuser set to a name that no extension has. */
async function directly(sql: string): Promise<unknown> {
  if (/^(ALTER|CREATE FUNCTION).* SET weir/.test(sql)) return server.admin(sql);
  const direct = await connected(server.port);
  await direct.query(`${sql.startsWith("ALTER ROLE") ? "" : "SET role = reader;"} SET weir.principal = 'app'`);
  return direct.query(sql);
}

test.each(changes)("%s", async (sql) => {
  expect(await outcome(directly(sql))).toBe("ran");

  const client = await connected(governed.port);
  expect(await seen(client)).toEqual(["own reader"]);
  const before = refusals();
  for (const ask of [() => client.query(sql), () => client.query({ text: sql, values: [] })]) {
    expect(await outcome(ask())).toMatch(/^42501 weir: /);
    expect(await seen(client)).toEqual(["own reader"]);
  }
  await client.query("BEGIN");
  expect(await outcome(client.query(sql))).toMatch(/^42501 weir: /);
  await client.query("ROLLBACK");
  expect(await seen(client)).toEqual(["own reader"]);
  expect(refusals()).toBeGreaterThanOrEqual(before + 3);
});

test("a call of set_config by the protocol's own message", async () => {
  const raw = await Frontend.login({ port: governed.port, user: "app", password: PASSWORD, database: "postgres" });
  const [error] = await raw.ask([functionCall(2078, ["weir.principal", "olga", "f"])]);
  expect(error!.body.toString("latin1")).toContain("C42501");
  await raw.terminate();
});
