// What shipping and spans cost, beside what a sidecar spends on the statements themselves: CPU of the work alone, in this process, and of
// whole sidecars under the same load with and without it. And how many bytes a record is on the wire.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { ProtobufTraceSerializer } from "@opentelemetry/otlp-transformer";
import { resourceFromAttributes } from "@opentelemetry/resources";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import { systemFiles } from "../../pkg/audit/spool-files.ts";
import { AuditWriter } from "../../pkg/audit/writer.ts";
import { systemClock } from "../../pkg/runtime/clock.ts";
import { silentLogger } from "../../pkg/runtime/logger.ts";
import { systemRandom } from "../../pkg/runtime/random.ts";
import { CommittedMark } from "../../pkg/shipping/committed.ts";
import { startShipping } from "../../pkg/shipping/shipping.ts";
import { SpoolReader } from "../../pkg/shipping/spool-reader.ts";
import { Statements } from "../../pkg/telemetry/statements.ts";
import { spanEmitter } from "../../pkg/telemetry/tracer.ts";
import { decision, digest, outcome, place, session } from "../audit/fixtures.ts";
import { median, short, table } from "./medians.ts";
import { runPgbench } from "./pgbench.ts";
import type { Bench, Section } from "./section.ts";
import { type Target, WEIR, weir } from "./targets.ts";

interface Spool {
  readonly folder: string;
  readonly committed: CommittedMark;
  readonly writer: AuditWriter;
}

const SHIPPING = "with shipping";
const SPANS = "with shipping and 100 spans a second";
const ALL_SPANS = "with shipping and a span a statement";

export async function measureShipping(bench: Bench): Promise<readonly Section[]> {
  const sink = spawn(process.execPath, [join(import.meta.dirname, "shipping-sink.ts")], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [first] = (await once(sink.stdout!, "data")) as [Buffer];
  const url = `http://127.0.0.1:${Number(first)}`;
  try {
    const alone = await measureAlone(bench, url);
    bench.say("shipping alone");
    const loads = await measureLoads(bench, url);
    return [section(alone, loads)];
  } finally {
    await ended(sink);
  }
}

async function ended(child: ChildProcess): Promise<void> {
  child.kill("SIGTERM");
  await once(child, "exit");
}

interface Alone {
  /** CPU of this process, microseconds a statement. */
  readonly shipUs: number;
  readonly spanUs: number;
  readonly skipUs: number;
  readonly recordBytes: number;
  readonly wireBytes: number;
}

async function measureAlone(bench: Bench, url: string): Promise<Alone> {
  const statements = bench.isShort ? 5_000 : 100_000;
  const spool = fill(statements);
  try {
    const cpu = process.cpuUsage();
    const settings = { folder: spool.folder, claims: place, url, token: null, ca: null, certificate: null, key: null };
    const shipping = startShipping(
      { ...settings, deadLetterBytesMax: 2 ** 20, version: "bench" },
      {
        ...spool,
        files: systemFiles,
        clock: systemClock,
        random: systemRandom,
        logger: silentLogger,
        release: () => {},
        breakChain: () => {},
      },
    );
    await shipping.finish({ ...spool.writer.position, depthBytes: 0 }, 600_000);
    const shipUs = since(cpu) / statements;
    const { records, bytes } = shipping.counters();
    const { depthBytes } = spool.writer.counters();
    const spanUs = readSpans(spool, 1e9) / statements;
    const skipUs = readSpans(spool, 0) / statements;
    return { shipUs, spanUs, skipUs, recordBytes: depthBytes / records, wireBytes: bytes / records };
  } finally {
    spool.writer.close("done");
    rmSync(join(spool.folder, ".."), { recursive: true, force: true });
  }
}

function since(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

/** As a sidecar with four statements in one turn of the event loop. */
function fill(statements: number): Spool {
  const folder = join(mkdtempSync(join(tmpdir(), "weir-bench-")), "spool");
  const committed = new CommittedMark();
  const options = { folder, place, productVersion: "bench", digest, totalBytesMax: 2 ** 36 };
  const told = (segment: number, bytes: number) => committed.set(segment, bytes);
  const writer = new AuditWriter(options, { clock: systemClock, random: systemRandom, committed: told });
  writer.write([session("open")]);
  const { rules, masks, text, facts } = decision(0);
  for (let n = 0; n < statements; n += 4) {
    const numbers = Array.from({ length: 4 }, (_, at) => n + at);
    writer.write(numbers.map((number) => decision(number, { rules, masks, text, facts })));
    writer.write(numbers.map((number) => outcome(number)));
  }
  return { folder, committed, writer };
}

/** CPU of making spans of the whole spool, and their bytes for the wire. */
function readSpans({ folder, committed }: Spool, spansPerSecond: number): number {
  const before = process.cpuUsage();
  let batch: ReadableSpan[] = [];
  const processor = {
    onStart() {},
    onEnd(span: ReadableSpan) {
      batch.push(span);
      if (batch.length < 512) return;
      ProtobufTraceSerializer.serializeRequest(batch);
      batch = [];
    },
    forceFlush: async () => {},
    shutdown: async () => {},
  };
  const emit = spanEmitter(processor, resourceFromAttributes({}), "bench");
  const statements = new Statements({
    spansPerSecond,
    nowMs: () => Date.now(),
    server: () => ({ host: "db", port: 5432 }),
    measured: ({ span }) => span !== null && emit(span),
  });
  const reader = new SpoolReader(folder, systemFiles, () => committed.get());
  for (let [at, isEnd] = [reader.start(), false]; !isEnd; ) {
    const piece = reader.read(at);
    for (const { record } of piece.lines) statements.record(record);
    [at, isEnd] = [piece.end, piece.isEnd];
  }
  reader.close();
  return since(before);
}

type Loads = ReadonlyMap<string, { readonly cpuUs: readonly number[]; readonly perSecond: readonly number[] }>;

/** The same load through sidecars that differ in this alone, interleaved. */
async function measureLoads(bench: Bench, url: string): Promise<Loads> {
  const { port } = bench.server;
  const shipped = { WEIR_COLLECTOR_URL: url, OTEL_METRICS_EXPORTER: "none" };
  const targets: readonly Target[] = [
    await weir(WEIR, port),
    await weir(SHIPPING, port, undefined, { ...shipped, OTEL_TRACES_EXPORTER: "none" }),
    await weir(SPANS, port, undefined, shipped),
    await weir(ALL_SPANS, port, undefined, { ...shipped, WEIR_TELEMETRY_SPANS_PER_SECOND: "100000" }),
  ];
  try {
    const found = new Map(targets.map(({ name }) => [name, { cpuUs: [] as number[], perSecond: [] as number[] }]));
    const load = { mode: "prepared", clients: 8, seconds: bench.seconds } as const;
    for (const target of targets) await runPgbench(bench.tools.pgbench, target, { ...load, seconds: 1 });
    for (let round = 0; round < bench.rounds; round++) {
      for (const target of targets) {
        const run = await runPgbench(bench.tools.pgbench, target, load);
        found.get(target.name)!.cpuUs.push(run.cpuUsPerQuery);
        found.get(target.name)!.perSecond.push(run.perSecond);
        // What is still to be shipped must not be counted to the next one.
        await pause(bench.isShort ? 100 : 2000);
      }
      bench.say(`round ${round + 1}: shipping`);
    }
    return found;
  } finally {
    for (const target of targets) await target.stop();
  }
}

function section(alone: Alone, loads: Loads): Section {
  const base = loads.get(WEIR)!;
  const rows = [...loads].map(([name, { cpuUs, perSecond }]) => {
    const shares = cpuUs.map((us, round) => us / base.cpuUs[round]!);
    const rates = perSecond.map((rate, round) => rate / base.perSecond[round]!);
    return [name, short(median(cpuUs)), short(median(shares)), short(median(perSecond)), short(median(rates))];
  });
  const head = ["", "CPU a query, µs", "of Weir without", "queries a second", "of Weir without"];
  const share = alone.shipUs / median(base.cpuUs);
  const spanShare = alone.spanUs / median(base.cpuUs);
  return {
    title: "Shipping and spans",
    body:
      `In a thread behind the statements' one. Alone: ${short(alone.shipUs)} µs of CPU a statement for shipping its two records ` +
      `(reading, checking, sealing, packing, posting), ${short(alone.spanUs)} µs for a span, ${short(alone.skipUs)} µs for a statement that ` +
      `becomes none. A record is ${short(alone.recordBytes)} bytes in the spool and ${short(alone.wireBytes)} on the wire.\n\n` +
      `pgbench's prepared point query, 8 clients, all threads of the process together:\n\n${table(head, rows)}`,
    aims: [
      {
        what: "shipping, of the sidecar's CPU a statement",
        found: short(share),
        aim: "at most 0.5, in a thread of its own",
      },
      { what: "a span, of the sidecar's CPU a statement", found: short(spanShare), aim: "told" },
      { what: "bytes of a record on the wire", found: short(alone.wireBytes), aim: "at most 200" },
    ],
  };
}
