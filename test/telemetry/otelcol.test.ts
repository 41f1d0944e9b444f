// The real OpenTelemetry Collector takes what a sidecar sends, and understands it. Built by `make otelcol`; skipped, loudly, without.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { homedir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import { GENESIS } from "../../pkg/audit/chain.ts";
import { type LocalPostgres, startPostgres } from "../../pkg/localdb/start-postgres.ts";
import { newFolder, removeFolders } from "../audit/fixtures.ts";
import { type SidecarProcess, startSidecar } from "../support/sidecar-process.ts";

const cache =
  process.env.WEIR_OTELCOL_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "weir", "otelcol");
const program = join(cache, "dist", "otelcol");
const isThere = existsSync(program);
if (!isThere) process.stderr.write(`SKIPPED: no ${program}; \`make otelcol\` builds the OpenTelemetry Collector\n`);

let collector: ChildProcess | undefined;
let sidecar: SidecarProcess | undefined;
let server: LocalPostgres | undefined;
afterEach(async () => {
  await sidecar?.stop();
  await server?.stop();
  if (collector !== undefined && collector.exitCode === null) {
    collector.kill("SIGTERM");
    await once(collector, "exit");
  }
  removeFolders();
});

async function freePort(): Promise<number> {
  const server = createTcpServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

async function startCollector(port: number): Promise<() => string> {
  const folder = newFolder();
  mkdirSync(folder);
  const config = join(folder, "config.yaml");
  writeFileSync(
    config,
    `receivers: {otlp: {protocols: {http: {endpoint: "127.0.0.1:${port}"}}}}
exporters: {debug: {verbosity: detailed}}
service:
  telemetry: {metrics: {level: none}}
  pipelines:
    traces: {receivers: [otlp], exporters: [debug]}
    logs: {receivers: [otlp], exporters: [debug]}
    metrics: {receivers: [otlp], exporters: [debug]}
`,
  );
  collector = spawn(program, ["--config", config], { stdio: ["ignore", "ignore", "pipe"] });
  let log = "";
  collector.stderr!.on("data", (chunk) => (log += chunk));
  while (!log.includes("Everything is ready")) {
    if (collector.exitCode !== null) throw new Error(log);
    await pause(20);
  }
  return () => log;
}

/** Knows chains, as ours does and a public receiver does not, and hands everything else on to it. */
async function startFront(port: number): Promise<{ url: string; stop(): void }> {
  const front = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    if (request.url === "/v1/heartbeats") return void response.end("{}");
    if (request.url === "/v1/chains")
      return void response.end(
        JSON.stringify({ chain: JSON.parse(body.toString()).chain, next: 0, lastHash: GENESIS }),
      );
    const headers = {
      "content-type": request.headers["content-type"]!,
      "content-encoding": request.headers["content-encoding"]!,
    };
    const answer = await fetch(`http://127.0.0.1:${port}${request.url}`, { method: "POST", headers, body });
    response.writeHead(answer.status, { "content-type": answer.headers.get("content-type")! });
    response.end(Buffer.from(await answer.arrayBuffer()));
  });
  front.listen(0, "127.0.0.1");
  await once(front, "listening");
  return { url: `http://127.0.0.1:${(front.address() as AddressInfo).port}`, stop: () => front.close() };
}

(isThere ? test : test.skip)("takes our traces, logs and metrics", async () => {
  const port = await freePort();
  const log = await startCollector(port);
  const front = await startFront(port);
  server = await startPostgres({ auth: "trust" });
  sidecar = await startSidecar(server.port, {
    settings: () => ({
      WEIR_COLLECTOR_URL: front.url,
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
      OTEL_METRIC_EXPORT_INTERVAL: "500",
    }),
  });
  const client = new pg.Client({ host: "127.0.0.1", port: sidecar.port, user: "postgres", database: "postgres" });
  await client.on("error", () => {}).connect();
  await client.query("SELECT relname FROM pg_class LIMIT 1");
  await client.end();
  for (const text of [
    "EventName: weir.session.start",
    "EventName: weir.segment",
    "weir.signature",
    "Body: Str({",
    "Name           : SELECT pg_class",
    "Kind           : Client",
    "db.query.text: Str(SELECT relname FROM pg_class LIMIT $1)",
    "Name: db.client.operation.duration",
  ])
    for (let turns = 0; !log().includes(text); turns++) {
      if (turns > 1000) throw new Error(`the collector never told ${text}: ${log().slice(-4000)} ${sidecar.log()}`);
      await pause(20);
    }
  expect(await sidecar.metric("weir_audit_ship_retries_total")).toBe(0);
  expect(await sidecar.metric("weir_audit_dead_letters_total")).toBe(0);
  front.stop();
});
