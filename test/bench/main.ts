// `make bench`: Weir beside PostgreSQL itself, PgBouncer and what other proxies the machine has, in one run on one machine. Rounds are
// interleaved, ratios are paired within a round, and medians are told. Results go to docs/performance.md; --short only tries everything.
import { execFile } from "node:child_process";
import { parseArgs, promisify } from "node:util";
import { startPostgres } from "../../pkg/localdb/start-postgres.ts";
import { measureAdmission } from "./admission.ts";
import { measureCollector } from "./collector.ts";
import { measureConnections } from "./connections.ts";
import { measureDecisions } from "./decisions.ts";
import { measureIdleMemory } from "./idle-memory.ts";
import { machine } from "./machine.ts";
import { pageOf, writePage } from "./page.ts";
import { measureRecords } from "./records.ts";
import type { Bench, Section } from "./section.ts";
import { measureShipping } from "./shipping.ts";
import { measureStore } from "./store.ts";
import { makeTables, measureStreaming } from "./streaming.ts";
import { startTargets } from "./targets.ts";
import { measureThroughput } from "./throughput.ts";
import { findTools, missing, versionOf } from "./tools.ts";

const parts: Readonly<Record<string, (bench: Bench) => Promise<readonly Section[]>>> = {
  // Before anything has run: what a process keeps of busier times is not what a session needs.
  memory: measureIdleMemory,
  throughput: measureThroughput,
  streaming: measureStreaming,
  connections: measureConnections,
  decisions: measureDecisions,
  records: measureRecords,
  shipping: measureShipping,
  collector: measureCollector,
  store: measureStore,
  admission: measureAdmission,
};

const { values } = parseArgs({
  options: {
    short: { type: "boolean", default: false },
    rounds: { type: "string" },
    only: { type: "string" },
    rows: { type: "string" },
  },
});
const chosen = values.only?.split(",") ?? Object.keys(parts);
const unknown = chosen.filter((name) => parts[name] === undefined);
if (unknown.length > 0) {
  process.stderr.write(`bench: no part ${unknown.join(", ")}; there are ${Object.keys(parts).join(", ")}\n`);
  process.exit(64);
}

const say = (line: string) => void process.stdout.write(`${line}\n`);
const tools = findTools();
for (const line of missing(tools)) say(line);
const server = await startPostgres({
  auth: "trust",
  tls: true,
  extraSettings: { max_connections: 600, shared_buffers: "256MB", fsync: false },
});
const targets = await startTargets(tools, server);
try {
  const bench: Bench = {
    tools,
    server,
    targets,
    rounds: Number(values.rounds ?? (values.short ? 1 : 5)),
    seconds: values.short ? 1 : 3,
    rows: Number(values.rows ?? (values.short ? 20_000 : 1_000_000)),
    isShort: values.short,
    say,
  };
  const filled = ["-q", "-i", "-s", "10", "-h", "127.0.0.1", "-p", String(server.port), "-U", "postgres", "postgres"];
  await promisify(execFile)(tools.pgbench, filled);
  if (chosen.includes("streaming")) await makeTables(bench);
  const sections: Section[] = [];
  for (const name of chosen) sections.push(...(await parts[name]!(bench)));
  const remarks = [
    `${bench.rounds} rounds of ${bench.seconds} seconds a run.`,
    ...missing(tools).map((line) => `Here ${line}.`),
  ];
  const page = pageOf(machine(tools, versionOf(`${server.binDir}/postgres`)), remarks, sections);
  const isWhole = !values.short && values.only === undefined;
  say(isWhole ? `written to ${writePage(page)}` : page);
} finally {
  for (const target of targets) await target.stop();
  await server.stop();
}
