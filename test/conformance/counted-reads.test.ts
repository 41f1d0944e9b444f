// `rowsOver` on reads: rows are counted as they leave, for one result whatever takes them, and the records say how many left.

import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { type Json, recordsOf } from "../audit/spool-lines.ts";
import { type Governed, startGoverned } from "../support/governed.ts";
import { PASSWORD, startTestServer, type TestServer } from "../support/server.ts";

const POLICY = `apiVersion: weir.dev/v1alpha1
kind: ClusterDataPolicy
metadata: {name: reads}
spec:
  guard:
    - {name: few-rows, effects: [Read], rowsOver: 5, action: Deny}
`;

let server: TestServer;
let governed: Governed;
let client: pg.Client;

beforeAll(async () => {
  server = await startTestServer(["app"]);
  await server.admin("CREATE DATABASE counted OWNER app");
  await server.admin(
    "CREATE TABLE numbers AS SELECT i AS id FROM generate_series(1, 20) i; ALTER TABLE numbers OWNER TO app",
    "counted",
  );
  governed = await startGoverned({ upstreamPort: server.port, policies: { "reads.yaml": POLICY } });
});
afterAll(async () => {
  await governed?.stop();
  await server?.stop();
});
beforeEach(async () => {
  client = new pg.Client({
    host: "127.0.0.1",
    port: governed.port,
    user: "app",
    password: PASSWORD,
    database: "counted",
  });
  await client.connect();
});
afterEach(() => client.end());

const refused = { code: "42501", message: "guard few-rows does not allow this statement" };
const rowsOf = async (sql: string) => (await client.query(sql)).rows.length;
const extended = (text: string) => client.query({ text, values: [], queryMode: "extended" } as pg.QueryConfig);

test("a result within the limit passes, a larger one is refused, and the session goes on", async () => {
  expect(await rowsOf("SELECT * FROM numbers WHERE id <= 5")).toBe(5);
  await expect(client.query("SELECT * FROM numbers")).rejects.toMatchObject(refused);
  await expect(extended("SELECT * FROM numbers")).rejects.toMatchObject(refused);
  expect(await rowsOf("SELECT 1")).toBe(1);
});

test.each([
  ["simple", (sql: string) => client.query(sql)],
  ["extended", extended],
])("a cursor is one result, however it is fetched, %s", async (_, ask) => {
  await client.query("BEGIN");
  await client.query("DECLARE c SCROLL CURSOR FOR SELECT * FROM numbers");
  expect((await ask("FETCH 2 FROM c")).rows).toHaveLength(2);
  expect((await ask("FETCH 3 FROM c")).rows).toHaveLength(3);
  await expect(ask("FETCH 1 FROM c")).rejects.toMatchObject(refused);
  await client.query("ROLLBACK");
  await client.query("BEGIN");
  await client.query("DECLARE c SCROLL CURSOR FOR SELECT * FROM numbers");
  await ask("FETCH 4 FROM c");
  await ask("MOVE ABSOLUTE 0 FROM c");
  await expect(ask("FETCH 4 FROM c")).rejects.toMatchObject(refused);
  await client.query("ROLLBACK");
});

test("a cursor that is held is still the same result after the transaction", async () => {
  await client.query("DECLARE c CURSOR WITH HOLD FOR SELECT * FROM numbers");
  expect(await rowsOf("FETCH 5 FROM c")).toBe(5);
  await expect(client.query("FETCH 1 FROM c")).rejects.toMatchObject(refused);
});

test("a cursor declared anew is another result", async () => {
  for (let round = 0; round < 3; round++) {
    await client.query("BEGIN");
    await client.query("DECLARE c CURSOR FOR SELECT * FROM numbers");
    expect(await rowsOf("FETCH 5 FROM c")).toBe(5);
    await client.query("COMMIT");
  }
});

test("what drivers and tools read of the server's catalogues is not counted", async () => {
  expect(await rowsOf("SELECT oid, typname FROM pg_type")).toBeGreaterThan(100);
  expect(
    await rowsOf("SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"),
  ).toBeGreaterThan(100);
  expect(await rowsOf("SELECT table_name FROM information_schema.tables")).toBeGreaterThan(50);
  await expect(client.query("SELECT t.oid FROM pg_type t, numbers")).rejects.toMatchObject(refused);
});

/** What became of the statement that holds `words`: status, SQLSTATE and rows. */
async function outcomeOf(words: string): Promise<Json> {
  await delay(30);
  const records = recordsOf(governed.spoolDir);
  const asked = records.filter((record) => record.query_info?.query_string?.includes(words));
  expect(asked).toHaveLength(1);
  const { correlation_uid: statement } = asked[0].metadata;
  const ended = records.filter(
    ({ metadata, status }) => metadata.correlation_uid === statement && status !== undefined,
  );
  return ended.map(({ status, status_code, unmapped: { weir } }) => [status, status_code, weir.rows]);
}

test("the record of a result that was cut off says that it was refused, and how many rows had left", async () => {
  await client.query("SELECT id AS simple FROM numbers").catch(() => {});
  await extended("SELECT id AS extended FROM numbers").catch(() => {});
  await client.query("COPY (SELECT id AS copied FROM numbers) TO STDOUT").catch(() => {});
  expect(await outcomeOf("AS simple")).toEqual([["refused", "42501", 5]]);
  expect(await outcomeOf("AS extended")).toEqual([["refused", "42501", 5]]);
  expect(await outcomeOf("AS copied")).toEqual([["refused", "42501", 5]]);
});
