// What a developer mistypes is no refusal: the server rejected it, and the records say so.
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { type Json, recordsOf } from "../audit/spool-lines.ts";
import { type Governed, startGoverned } from "../support/governed.ts";
import { PASSWORD, startTestServer, type TestServer } from "../support/server.ts";

const POLICY = `apiVersion: weir.dev/v1alpha1
kind: ClusterDataPolicy
metadata: {name: guards}
spec:
  guard:
    - {name: no-ddl, effects: [Drop], action: Deny, message: "Schema changes go through the pipeline."}
`;

let server: TestServer;
let governed: Governed;
beforeAll(async () => {
  server = await startTestServer(["app"]);
  governed = await startGoverned({ upstreamPort: server.port, policies: { "guards.yaml": POLICY } });
});
afterAll(async () => {
  await governed?.stop();
  await server?.stop();
});

test.each([
  ["a syntax error", "SELEC 1", "42601"],
  ["an operator that is not there", "SELECT 'a'::text = 5", "42883"],
  ["a table that is not there", "SELECT * FROM nothing_here", "42P01"],
])("%s", async (_, sql, sqlstate) => {
  const before = recordsOf(governed.spoolDir).length;
  const client = new pg.Client({
    host: "127.0.0.1",
    port: governed.port,
    user: "app",
    password: PASSWORD,
    database: "postgres",
  });
  await client.connect();
  await expect(client.query(sql)).rejects.toMatchObject({ code: sqlstate });
  await client.end();
  await delay(50);
  const told = recordsOf(governed.spoolDir)
    .slice(before)
    .filter(({ unmapped: { weir } }: Json) => weir.kind === "decision" || weir.kind === "outcome")
    .map(({ unmapped: { weir }, status, status_code }: Json) => [
      weir.step ?? status,
      weir.verdict ?? status_code,
      weir.rules,
    ]);
  expect(told).toEqual([
    ["inspect", "allow", []],
    ["failed", sqlstate, undefined],
  ]);
});
