// A misspelt column in `classify` protects nothing: readiness, metrics and the log say so, and stop when it is mended.
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { type LocalPostgres, startPostgres } from "../../pkg/localdb/start-postgres.ts";
import { type SidecarProcess, startSidecar } from "../support/sidecar-process.ts";

const policy = (column: string) => `apiVersion: weir.dev/v1alpha1
kind: DataPolicy
metadata: {name: privacy, namespace: shop}
spec:
  classify:
    - {columns: ["public.people.${column}"], class: PII.EMAIL}
    - {columns: ["public.people.name"], class: PII.NAME}
  mask: [{classes: ["PII.*"], method: Redact}]
`;

let server: LocalPostgres;
let sidecar: SidecarProcess;
beforeAll(async () => {
  server = await startPostgres({ auth: "trust" });
  sidecar = await startSidecar(server.port, { policies: { "privacy.yaml": policy("emial") } });
});
afterAll(async () => {
  await sidecar?.stop();
  await server?.stop();
});

async function ask(sql: string): Promise<unknown[]> {
  const client = new pg.Client({ host: "127.0.0.1", port: sidecar.port, user: "postgres", database: "postgres" });
  await client.connect();
  const { rows } = await client.query(sql);
  await client.end();
  return rows;
}

const readiness = async () =>
  (await (await fetch(`http://127.0.0.1:${sidecar.admin}/readyz`)).json()) as { notes: string[] };
const note =
  'policy shop/privacy: "public.people.emial" in classify matches no column of shop/main, so it protects nothing';

test("it is told after the first statement that needs the catalogue, and no more once it is mended", async () => {
  const direct = new pg.Client({ host: "127.0.0.1", port: server.port, user: "postgres", database: "postgres" });
  await direct.connect();
  await direct.query(
    "CREATE TABLE people (name text, email text); INSERT INTO people VALUES ('Ann', 'ann@example.com')",
  );
  await direct.end();
  expect((await readiness()).notes).toEqual([]);
  expect(await ask("SELECT name, email FROM people")).toEqual([{ name: "[redacted]", email: "ann@example.com" }]);
  expect(await readiness()).toMatchObject({ ready: true, notes: [note] });
  expect(await sidecar.metric("weir_policy_unmatched_patterns")).toBe(1);
  while (!sidecar.log().includes('"event":"classify.unmatched"')) await delay(50);
  expect(sidecar.log()).toContain('"pattern":"public.people.emial"');

  sidecar.put("policies/privacy.yaml", policy("email"));
  while (!sidecar.log().includes('"event":"policy.changed"')) await delay(50);
  expect(await ask("SELECT name, email FROM people")).toEqual([{ name: "[redacted]", email: "[redacted]" }]);
  expect((await readiness()).notes).toEqual([]);
});
