// A statement's span, from an application that OpenTelemetry instruments, through a real sidecar before a real server.
import { execFile } from "node:child_process";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import pg from "pg";
import { type LocalPostgres, startPostgres } from "../../pkg/localdb/start-postgres.ts";
import { type SidecarProcess, startSidecar } from "../support/sidecar-process.ts";
import { type Sink, startSink } from "./otlp-sink.ts";

const policy = `apiVersion: weir.dev/v1alpha1
kind: DataPolicy
metadata: {name: privacy, namespace: shop}
spec:
  classify:
    - {columns: ["public.customers.email"], class: PII.EMAIL}
  mask:
    - {classes: ["PII.EMAIL"], method: Partial}
  guard:
    - {name: no-drop, effects: [Drop], action: Deny}
`;

let server: LocalPostgres;
let sink: Sink;
let sidecar: SidecarProcess | undefined;

beforeAll(async () => {
  server = await startPostgres({ auth: "trust" });
  const client = new pg.Client({ host: "127.0.0.1", port: server.port, user: "postgres", database: "postgres" });
  await client.on("error", () => {}).connect();
  await client.query("CREATE TABLE customers (id int PRIMARY KEY, email text); CREATE TABLE plain (id int)");
  await client.query("INSERT INTO customers VALUES (7, 'ana@example.com')");
  await client.end();
});
beforeEach(async () => {
  sink = await startSink();
});
afterEach(async () => {
  await sidecar?.stop();
  await sink.stop();
});
afterAll(() => server.stop());

async function start(more: Readonly<Record<string, string>> = {}): Promise<SidecarProcess> {
  const settings = () => ({ OTEL_EXPORTER_OTLP_ENDPOINT: sink.url, WEIR_CLUSTER: "eu-1", ...more });
  sidecar = await startSidecar(server.port, { policies: { "privacy.yaml": policy }, settings });
  return sidecar;
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let turns = 0; !(await isSo()); turns++) {
    if (turns > 1000)
      throw new Error(
        `it never came to be: ${isSo} ${sink.requests.map(({ path, body }) => path + body.toString("latin1").replace(/[^ -~]+/g, " ")).slice(-2)}; ${sidecar?.log()}`,
      );
    await pause(20);
  }
}

test("joins the trace of an instrumented application, and says what the conventions and Weir say", async () => {
  const { port } = await start();
  const { NODE_OPTIONS: _, ...env } = process.env;
  const app = join(import.meta.dirname, "app.ts");
  const { stdout } = await promisify(execFile)(process.execPath, [app, String(port)], { env });
  const asked: { name: string; traceId: string; spanId: string; text: string }[] = JSON.parse(stdout);
  await until(() => sink.spans.length >= 3);
  const [select, plain, drop] = ["SELECT customers", "SELECT plain", "DROP TABLE plain"].map(
    (name) => sink.spans.find((span) => span.name === name)!,
  );
  expect(sink.spans).toHaveLength(3);
  for (const [span, text] of [
    [select, "SELECT email FROM customers WHERE id = $1"],
    [plain, "SELECT id FROM plain"],
    [drop, "DROP TABLE plain"],
  ] as const) {
    const parent = asked.find((each) => each.text === text)!;
    expect({ ...span, spanId: "", traceId: span!.traceId }).toMatchObject({
      traceId: parent.traceId,
      parentSpanId: parent.spanId,
      kind: 3,
    });
  }
  expect(select!.attributes).toEqual({
    "db.system.name": "postgresql",
    "db.namespace": "postgres",
    "db.query.text": "SELECT email FROM customers WHERE id = $1",
    "db.query.summary": "SELECT customers",
    "db.response.returned_rows": 1,
    "server.address": "127.0.0.1",
    "server.port": server.port,
    "session.id": expect.stringMatching(/^[0-9a-f]{32}$/),
    "weir.decision": "mask",
    "weir.statement.step": "parse",
    "weir.policy.version": expect.stringMatching(/^[0-9a-f]{32}$/),
    "weir.rules": expect.any(Array),
    "weir.principal.id": expect.stringContaining("postgres"),
    "weir.principal.kind": "Service",
    "weir.principal.assurance": expect.any(String),
    "weir.database": "shop/main",
    "weir.masked_cells": 1,
    "weir.mask.classes": ["PII.EMAIL"],
    "weir.mask.methods": ["Partial"],
    "weir.record.chain": expect.stringMatching(/^[0-9a-f]{32}$/),
    "weir.record.sequence": expect.any(Number),
    "weir.outcome.sequence": expect.any(Number),
  });
  expect(drop).toMatchObject({
    status: 2,
    attributes: { "weir.decision": "refuse", "db.response.status_code": "42501", "error.type": "42501" },
  });
  expect(plain).toMatchObject({ status: 0, attributes: { "weir.decision": "allow", "weir.masked_cells": 0 } });
  expect(plain!.endNs).toBeGreaterThan(plain!.startNs);
  expect(sink.resources[0]).toMatchObject({ "service.name": "weir-sidecar", "k8s.cluster.name": "eu-1" });
});

test("above the rate statements are counted; refused and masked ones are always there", async () => {
  const running = await start({ WEIR_TELEMETRY_SPANS_PER_SECOND: "0" });
  const client = new pg.Client({ host: "127.0.0.1", port: running.port, user: "postgres", database: "postgres" });
  await client.on("error", () => {}).connect();
  for (let n = 0; n < 20; n++) await client.query("SELECT id FROM plain");
  await client.query("SELECT email FROM customers");
  await client.query("DROP TABLE plain").catch(() => {});
  await until(() => sink.spans.length === 2);
  await until(async () => (await running.metric("weir_spans_sampled_out_total")) === 20);
  await client.query(
    "SELECT email FROM customers /*traceparent='00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00'*/",
  );
  await client.query("SELECT id FROM plain /*traceparent='00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00'*/");
  await until(async () => (await running.metric("weir_spans_unsampled_total")) === 1);
  await until(() => sink.spans.length === 3);
  await client.end();
});

test("metrics tell durations, decisions and masked values, and headers are sent", async () => {
  const running = await start({
    OTEL_METRIC_EXPORT_INTERVAL: "300",
    OTEL_EXPORTER_OTLP_HEADERS: "x-api-key=abc%20d",
    OTEL_RESOURCE_ATTRIBUTES: "team=shop",
  });
  const client = new pg.Client({ host: "127.0.0.1", port: running.port, user: "postgres", database: "postgres" });
  await client.on("error", () => {}).connect();
  await client.query("SELECT email FROM customers");
  await client.query("SELECT 1 / 0").catch(() => {});
  const sent = (text: string) => sink.requests.some(({ path, body }) => path === "/v1/metrics" && body.includes(text));
  for (const text of [
    "db.client.operation.duration",
    "weir.policy.decisions",
    "weir.masking.values",
    "weir.audit.spool.bytes",
    "22012",
    "server.address",
    "PII.EMAIL",
  ])
    await until(() => sent(text));
  expect(sink.requests[0]!.headers["x-api-key"]).toBe("abc d");
  await client.end();
});

test("an endpoint that is away costs nothing but spans: they wait, and what does not fit is counted", async () => {
  const running = await start();
  sink.status = 503;
  const client = new pg.Client({ host: "127.0.0.1", port: running.port, user: "postgres", database: "postgres" });
  await client.on("error", () => {}).connect();
  await client.query("SELECT id FROM plain");
  await until(() => sink.requests.length >= 2);
  sink.status = 200;
  await until(() => sink.spans.length >= 1);
  expect((await fetch(`http://127.0.0.1:${running.admin}/readyz`)).status).toBe(200);
  await client.end();
});
