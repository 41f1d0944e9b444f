// A masked principal notices nothing while nothing protected is asked for: same frames as on a direct connection.

import { Frontend } from "../support/frontend.ts";
import { type Governed, startGoverned } from "../support/governed.ts";
import { bind, describe, execute, flush, parse, query, sync } from "../support/messages.ts";
import { type Recording, record, written } from "../support/recorder.ts";
import { type Step, script } from "../support/script.ts";
import { PASSWORD, startTestServer, type TestServer } from "../support/server.ts";
import { makeWorlds, STRICT_POLICY } from "../support/worlds.ts";
import { harmless } from "./harmless.ts";
import { conversations } from "./harmless-conversations.ts";

let server: TestServer;
let governed: Governed;

beforeAll(async () => {
  server = await startTestServer(["app", "analyst"]);
  await makeWorlds(server);
  const functions = '  functions: {safe: ["public.full_name(bigint)"]}\n';
  governed = await startGoverned({ upstreamPort: server.port, policies: { "strict.yaml": STRICT_POLICY + functions } });
});

afterAll(async () => {
  await governed?.stop();
  await server?.stop();
});

async function withOids(sql: string): Promise<string> {
  let text = sql;
  for (const [whole, name] of sql.matchAll(/\{oid (\w+)\}/g)) {
    text = text.replaceAll(whole, String(await server.admin(`SELECT '${name}'::regclass::oid`, "world_a")));
  }
  return text;
}

const ways = (sql: string): readonly Step[] => [
  [query(sql)],
  [parse("", sql), describe("S"), bind(), describe("P"), execute(), sync()],
  [parse("", sql), bind({ results: [1] }), execute(), sync()],
];

function play(sql: string, port: number): Promise<Recording> {
  const target = { port, password: PASSWORD, database: "world_a" };
  return record(script("harmless", ...ways(sql)), {
    target,
    user: "analyst",
    firstOwnOid: 2 ** 32,
    admin: server.admin,
  });
}

const all = Object.entries(harmless).flatMap(([family, list]) =>
  list.map(([name, sql]) => [`${family}: ${name}`, sql] as const),
);

test("there are at least 60 of them, each with a name of its own", () => {
  expect(all.length).toBeGreaterThanOrEqual(60);
  expect(new Set(all.map(([name]) => name)).size).toBe(all.length);
});

test.each(all)("%s", async (_, sql) => {
  const text = await withOids(sql);
  expect(await play(text, governed.port)).toEqual(await play(text, server.port));
});

// Clean columns read beside protected ones, which are locked and looked at before the statement runs.
test.each(Object.entries(conversations))("conversation: %s", async (name, steps) => {
  const on = (port: number) => {
    const target = { port, password: PASSWORD, database: "world_a" };
    const lines = { target, user: "analyst", firstOwnOid: 2 ** 32, admin: server.admin };
    return record(script(name, ...steps), lines);
  };
  expect(await on(governed.port)).toEqual(await on(server.port));
});

test("a portal is read on in pages while another session changes the catalogue", async () => {
  const login = () => Frontend.login({ port: governed.port, user: "analyst", password: PASSWORD, database: "world_a" });
  const [reader, other] = [await login(), await login()];
  const joined =
    "SELECT o.id, c.name, c.email FROM orders o JOIN customers c ON c.id = o.customer_id ORDER BY o.id LIMIT 6";
  try {
    const from = reader.frames.length;
    reader.send(parse("", joined), bind({ portal: "p" }), execute("p", 2), flush());
    await reader.frame("s", from);
    await other.ask([query("CREATE TEMP TABLE made (a int)")]);
    const page = reader.frames.length;
    reader.send(execute("p", 2), flush());
    await reader.frame("s", page);
    await other.ask([query("DROP TABLE made")]);
    await reader.ask([execute("p", 2), sync()]);
    const rows = written(reader.frames.slice(from)).filter((line) => /^[DE] /.test(line));
    expect(rows).toEqual(Array(6).fill(expect.stringMatching(/^D .*Customer \d+.*\*\*\*$/)));
  } finally {
    reader.destroy();
    other.destroy();
  }
});
