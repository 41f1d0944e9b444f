// What a collector takes: records a second from one sidecar and from many, over TLS, each segment acknowledged once durable; its CPU, its
// fsyncs, and what a record is on the wire and on disk. The senders' segments are sealed and packed before.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:https";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { removeFolders } from "../audit/fixtures.ts";
import { ChainMaker, otlpProtobuf } from "../collector/chain-maker.ts";
import { newSite, type Site } from "../collector/fixtures.ts";
import type { Used } from "./collector-child.ts";
import { median, short, table } from "./medians.ts";
import type { Bench, Section } from "./section.ts";

interface Load {
  readonly sidecars: number;
  readonly recordsPerSegment: number;
}

interface Found {
  readonly perSecond: number;
  readonly cpuUs: number;
  readonly fsyncs: number;
  readonly segmentsPerSecond: number;
}

interface Sizes {
  readonly record: number;
  readonly wire: number;
  readonly disk: number;
}

/** A busy sidecar seals a thousand records at once, one with little to do a few each second. */
const LOADS: readonly Load[] = [
  { sidecars: 1, recordsPerSegment: 1000 },
  { sidecars: 8, recordsPerSegment: 1000 },
  { sidecars: 64, recordsPerSegment: 100 },
  { sidecars: 64, recordsPerSegment: 10 },
];

export async function measureCollector(bench: Bench): Promise<readonly Section[]> {
  const found = LOADS.map((): Found[] => []);
  // The same for every round: each has a collector of its own.
  const sent = LOADS.map((load) => chainsOf(load, bench.isShort ? 4_000 : 16_000));
  let sizes: Sizes | undefined;
  let residentBytes = 0;
  for (let round = 0; round < bench.rounds; round++) {
    for (const [at, load] of LOADS.entries()) {
      const run = await measure(load, sent[at]!);
      found[at]!.push(run.found);
      if (at === 0) sizes = run.sizes;
      residentBytes = Math.max(residentBytes, run.residentBytes);
    }
    bench.say(`round ${round + 1}: collector`);
  }
  return [section(found, sizes!, residentBytes)];
}

async function measure(load: Load, chains: readonly SentChain[]) {
  const site = await newSite();
  writeFileSync(join(site.folder, "site.json"), JSON.stringify(site.config));
  const child = fork(join(import.meta.dirname, "collector-child.ts"), [site.folder], {
    stdio: "inherit",
    execArgv: [],
  });
  const [{ port }] = (await once(child, "message")) as [{ port: number }];
  const agent = new Agent({ keepAlive: true, ca: site.ca.certificate, maxSockets: load.sidecars });
  try {
    const token = await site.token();
    const post = (path: string, body: Buffer, headers: Readonly<Record<string, string>>) =>
      send({ port, agent, path, body, headers: { authorization: `Bearer ${token}`, ...headers } });
    for (const { registration } of chains)
      await post("/v1/chains", registration, { "content-type": "application/json" });
    await usedBy(child);
    const startedMs = performance.now();
    const headers = { "content-type": "application/x-protobuf", "content-encoding": "gzip" };
    await Promise.all(
      chains.map(async ({ bodies }) => {
        for (const body of bodies) await post("/v1/logs", body, headers);
      }),
    );
    const seconds = (performance.now() - startedMs) / 1000;
    const { cpuUs, fsyncs, residentBytes } = await usedBy(child);
    const count = chains.reduce((sum, { records }) => sum + records, 0);
    const segments = chains.reduce((sum, { bodies }) => sum + bodies.length, 0);
    const bytes = (of: "wireBytes" | "recordBytes") => chains.reduce((sum, chain) => sum + chain[of], 0) / count;
    await stopped(child); // so that every file is where it stays
    const sizes: Sizes = { record: bytes("recordBytes"), wire: bytes("wireBytes"), disk: diskBytes(site) / count };
    const found = { perSecond: count / seconds, cpuUs: cpuUs / count, fsyncs, segmentsPerSecond: segments / seconds };
    return { found: { ...found, fsyncs: fsyncs / segments }, sizes, residentBytes };
  } finally {
    agent.destroy();
    await stopped(child);
    rmSync(site.folder, { recursive: true, force: true });
    removeFolders();
  }
}

interface SentChain {
  readonly bodies: readonly Buffer[];
  readonly records: number;
  readonly registration: Buffer;
  readonly wireBytes: number;
  readonly recordBytes: number;
}

async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  child.kill("SIGTERM");
  await once(child, "exit");
}

function chainsOf({ sidecars, recordsPerSegment }: Load, records: number): readonly SentChain[] {
  const own = Math.ceil(records / sidecars / recordsPerSegment) * recordsPerSegment;
  return Array.from({ length: sidecars }, (_, at) => {
    const maker = new ChainMaker(at.toString(16).padStart(32, "0"), {}, Date.now()).statements(own / 2);
    const bodies = Array.from({ length: own / recordsPerSegment }, (_, segment) => {
      const first = segment * recordsPerSegment;
      return gzipSync(otlpProtobuf([maker.seal(first, first + recordsPerSegment - 1)]), { level: 1 });
    });
    return {
      bodies,
      records: own,
      registration: Buffer.from(JSON.stringify(maker.registration())),
      wireBytes: bodies.reduce((sum, body) => sum + body.length, 0),
      recordBytes: maker.records.reduce((sum, record) => sum + record.length, 0),
    };
  });
}

interface Sent {
  readonly port: number;
  readonly agent: Agent;
  readonly path: string;
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

async function send({ port, agent, path, body, headers }: Sent): Promise<void> {
  const sent = request({
    ...{ host: "127.0.0.1", port, agent, path, method: "POST" },
    headers: { ...headers, "content-length": String(body.length) },
  });
  sent.end(body);
  const [answer] = await once(sent, "response");
  let text = "";
  for await (const chunk of answer) text += chunk;
  if (answer.statusCode !== 200 || (path === "/v1/logs" && text !== ""))
    throw new Error(`the collector answers ${answer.statusCode}: ${text.slice(0, 200)}`);
}

async function usedBy(child: ChildProcess): Promise<Used> {
  const told = once(child, "message");
  child.send("used");
  const [used] = (await told) as [Used];
  return used;
}

/** Of segments and log. */
function diskBytes({ config: { data } }: Site): number {
  return ["segments", "log", "state"]
    .map((name) => join(data, name))
    .flatMap((folder) => readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => join(folder, name)))
    .reduce((sum, file) => sum + (statSync(file).isFile() ? statSync(file).size : 0), 0);
}

function section(found: readonly (readonly Found[])[], sizes: Sizes, residentBytes: number): Section {
  const middle = (runs: readonly Found[], of: keyof Found) => median(runs.map((run) => run[of]));
  const rows = LOADS.map(({ sidecars, recordsPerSegment }, at) => {
    const runs = found[at]!;
    return [
      `${sidecars} × ${recordsPerSegment}`,
      short(middle(runs, "perSecond")),
      short(middle(runs, "segmentsPerSecond")),
      short(middle(runs, "cpuUs")),
      short(middle(runs, "fsyncs")),
    ];
  });
  const head = [
    "sidecars × records a segment",
    "records a second",
    "segments a second",
    "CPU a record, µs",
    "fsyncs a segment",
  ];
  return {
    title: "The collector",
    body:
      "One process beside its senders on the same cores; TLS, tokens, every segment's signature, root and chain checked, each " +
      `acknowledged once it is on disk. A record is ${short(sizes.record)} bytes, ${short(sizes.wire)} on the wire, ${short(sizes.disk)} on disk ` +
      `with log and index. Resident at most ${short(residentBytes / 1e6)} MB.\n\n${table(head, rows)}`,
    aims: [
      { what: "records a second of a collector", found: short(middle(found[1]!, "perSecond")), aim: "told" },
      { what: "CPU of a collector, a record", found: `${short(middle(found[1]!, "cpuUs"))} µs`, aim: "told" },
    ],
  };
}
