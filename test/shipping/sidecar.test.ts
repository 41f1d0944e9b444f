// A real sidecar before a real server: its records reach the collector, and what happens when there is none is what policy says.
import { mkdirSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import { type LocalPostgres, startPostgres } from "../../pkg/localdb/start-postgres.ts";
import { newFolder, removeFolders } from "../audit/fixtures.ts";
import { type SidecarProcess, startSidecar } from "../support/sidecar-process.ts";
import { type Running, startReceiver } from "./receiver.ts";

const policy = `apiVersion: weir.dev/v1alpha1
kind: DataPolicy
metadata: {name: privacy, namespace: shop}
spec:
  classify:
    - {columns: ["public.customers.email"], class: PII.EMAIL}
`;

let server: LocalPostgres;
let receiver: Running | undefined;
let sidecar: SidecarProcess | undefined;

beforeAll(async () => {
  server = await startPostgres({ auth: "trust" });
  const client = new pg.Client({ host: "127.0.0.1", port: server.port, user: "postgres", database: "postgres" });
  await client.connect();
  await client.query("CREATE TABLE customers (id int PRIMARY KEY, email text); CREATE TABLE plain (id int)");
  await client.end();
});
afterEach(async () => {
  await sidecar?.stop();
  await receiver?.stop();
  [sidecar, receiver] = [undefined, undefined];
});
afterAll(async () => {
  await server.stop();
  removeFolders();
});

async function start(port: number, more: Readonly<Record<string, string>> = {}): Promise<SidecarProcess> {
  sidecar = await startSidecar(server.port, {
    policies: { "privacy.yaml": policy },
    settings: () => ({ WEIR_COLLECTOR_URL: `http://127.0.0.1:${port}`, ...more }),
  });
  return sidecar;
}

async function connect({ port }: SidecarProcess): Promise<pg.Client> {
  const client = new pg.Client({ host: "127.0.0.1", port, user: "postgres", database: "postgres" });
  await client.connect();
  return client.on("error", () => {});
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await pause(20);
}

function folder(): string {
  const made = newFolder();
  mkdirSync(made);
  return made;
}

test("records arrive while it runs, and at SIGTERM the rest with the end of the chain", async () => {
  receiver = await startReceiver({ folder: folder() });
  const running = await start(receiver.port);
  const client = await connect(running);
  await client.query("SELECT email FROM customers");
  await client.query("SELECT 1 FROM nowhere").catch(() => {});
  await until(() => receiver!.receiver.kept().filter(({ record }) => record.includes('"kind":"outcome"')).length >= 2);
  await until(async () => (await running.metric("weir_audit_shipped_total")) > 0);
  expect(await running.metric("weir_audit_ship_retries_total")).toBe(0);
  expect(await running.metric("weir_audit_last_ack_timestamp_seconds")).toBeGreaterThan(0);
  await until(() => receiver!.receiver.heartbeats.length > 0);
  expect(receiver.receiver.heartbeats[0]).toMatchObject({ last: expect.any(Number), spoolBytes: expect.any(Number) });
  await client.end();
  await running.stop();
  const kept = receiver.receiver.kept();
  expect(kept.map(({ number }) => number)).toEqual(kept.map((_, index) => index));
  expect(kept.at(-1)!.record).toContain('"message":"Chain of records: close"');
  expect(running.log()).toContain('"event":"shipping.done"');
});

test("away at SIGTERM: it ends within its time and says how much it leaves", async () => {
  const running = await start(1, { WEIR_COLLECTOR_CLOSE_SECONDS: "1", WEIR_DRAIN_SECONDS: "0" });
  const client = await connect(running);
  await client.query("SELECT 1");
  await client.end();
  await running.stop();
  const left = running
    .log()
    .split("\n")
    .find((line) => line.includes('"shipping.left"'));
  expect(JSON.parse(left!)).toMatchObject({ level: "warn", consequence: "they lie in the spool" });
  expect(running.log()).toContain('"event":"stopped"');
});

test("a full spool: what touches a class is refused, the rest goes on with a gap, until the collector is back", async () => {
  const gone = await startReceiver({ folder: folder() });
  const { port } = gone;
  await gone.stop();
  const running = await start(port, { WEIR_SPOOL_BYTES_MAX: "1MiB" });
  const client = await connect(running);
  const touch = () =>
    client.query("SELECT email FROM customers").then(
      () => "passed",
      ({ code, message }) => `${code} ${message}`,
    );
  let answer = "passed";
  for (let n = 0; n < 5000 && answer === "passed"; n++) answer = await touch();
  expect(answer).toMatch(/^42501 .*record/);
  expect((await client.query("SELECT id FROM plain")).rowCount).toBe(0);
  for (let n = 0; n < 300; n++) await client.query("SELECT id FROM plain");
  expect((await fetch(`http://127.0.0.1:${running.admin}/readyz`)).status).toBe(200);
  await until(async () => (await running.metric("weir_audit_oldest_seconds")) > 0);
  await until(async () => (await running.metric("weir_audit_ship_retries_total")) > 0);

  receiver = await startReceiver({ folder: folder(), port });
  await until(async () => (await touch()) === "passed");
  const records = () => receiver!.receiver.kept().map(({ record }) => record);
  await until(() => records().some((record) => record.includes('"message":"Chain of records: gap"')));
  await until(async () => (await running.metric("weir_audit_spool_bytes")) < 500_000);
  await client.end();
  const numbers = receiver.receiver.kept().map(({ number }) => number);
  expect(numbers).toEqual(numbers.map((_, index) => index));
});
