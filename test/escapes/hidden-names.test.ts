// A name that hides a protected relation is refused, because another session may take the cover away; nothing else is.
import { Frontend } from "../support/frontend.ts";
import { type Governed, startGoverned } from "../support/governed.ts";
import { query } from "../support/messages.ts";
import { written } from "../support/recorder.ts";
import { PASSWORD, startTestServer, type TestServer } from "../support/server.ts";
import { makeWorlds, STRICT_POLICY } from "../support/worlds.ts";

const TENANTS = `
  CREATE SCHEMA tenant AUTHORIZATION app;
  CREATE TABLE tenant.people (id int, alias text);
  CREATE TABLE tenant.customers (id int, email text);
  CREATE TABLE tenant.orders (id int, note text);
  CREATE TABLE tenant.customer_emails (id int, name text, email text);
  CREATE SCHEMA private;
  CREATE TABLE private.notes (note text);
  INSERT INTO private.notes VALUES ('told');
  CREATE FUNCTION public.noted() RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT note FROM private.notes';
  INSERT INTO tenant.people VALUES (1, 'canary of the tenant');
  GRANT ALL ON SCHEMA tenant TO analyst; GRANT ALL ON ALL TABLES IN SCHEMA tenant TO analyst`;

/** `people` is labelled in both schemas, `customers` only in the one behind. */
const POLICY = STRICT_POLICY.replace('"public.people.alias"', '"*.people.alias"');

let server: TestServer;
let governed: Governed;
let session: Frontend;

beforeAll(async () => {
  server = await startTestServer(["app", "analyst"]);
  await makeWorlds(server);
  await server.admin(TENANTS, "world_a");
  governed = await startGoverned({ upstreamPort: server.port, policies: { "strict.yaml": POLICY } });
  session = await Frontend.login({ port: governed.port, user: "analyst", password: PASSWORD, database: "world_a" });
  await session.ask([query("SET search_path = tenant, public")]);
});

afterAll(async () => {
  session?.destroy();
  await governed?.stop();
  await server?.stop();
});

async function answer(sql: string): Promise<string> {
  return written(await session.ask([query(sql)])).join("\n");
}

const hidden = "hides public.customers, which holds protected columns";

test.each([
  ["a name in FROM", "SELECT id FROM customers", hidden],
  ["the target of a write", "DELETE FROM customers WHERE id = 1", hidden],
  ["a subquery", "SELECT 1 WHERE EXISTS (SELECT FROM customers)", hidden],
  ["a row type", "SELECT NULL::customers", hidden],
  ["COPY of a table", "COPY customers TO STDOUT", hidden],
  ["PREPARE", "PREPARE p AS SELECT id FROM customers", hidden],
  ["a view over a protected table", "SELECT id FROM customer_emails", "hides public.customer_emails"],
])("refused: %s", async (_, sql, why) => {
  expect(await answer(sql)).toContain(why);
});

test.each([
  ["with its schema", "SELECT id FROM tenant.customers", /C SELECT 0/],
  ["a name that hides a clean table", "SELECT id, note FROM orders", /C SELECT 0/],
  ["the hidden one with its schema", "SELECT id FROM public.customers", /C SELECT 12/],
  ["labelled alike in both, and masked", "SELECT * FROM people", /D .*\*\*\*\nC SELECT 1/],
  ["what only a function may read", "SELECT noted(), c.email FROM public.customers c", /D .*told.*\*\*\*/],
  ["a WITH query of that name", "WITH customers AS (SELECT 1 AS id) SELECT id FROM customers", /C SELECT 1/],
])("passes: %s", async (_, sql, rows) => {
  expect(await answer(sql)).toMatch(rows);
});

test("passes: a temp table of that name, which no other session can drop", async () => {
  expect(await answer("CREATE TEMP TABLE customers (id int)")).toMatch(/C CREATE TABLE/);
  expect(await answer("SELECT id FROM customers")).toMatch(/C SELECT 0/);
  expect(await answer("DROP TABLE pg_temp.customers")).toMatch(/C DROP TABLE/);
  expect(await answer("SELECT id FROM customers")).toContain(hidden);
});
