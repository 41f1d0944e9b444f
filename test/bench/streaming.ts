// Long results: a table of eight columns read whole, unmasked, with one masked column, and by COPY.
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { cpuUs } from "./machine.ts";
import { median, ratio, short, table } from "./medians.ts";
import type { Bench, Section } from "./section.ts";
import { DIRECT, PGBOUNCER, type Target, WEIR, WEIR_UNWRITTEN } from "./targets.ts";

const run = promisify(execFile);

/** `plain` and `wide` hold the same; only `wide` has a masked column. */
export async function makeTables(bench: Bench): Promise<void> {
  const sql = `CREATE TABLE wide AS SELECT n AS id, 'name ' || n AS name, 'user' || n || '@example.com' AS email, 'city ' || n % 100 AS city,
    (n * 7 % 1000)::numeric(10, 2) AS amount, timestamptz '2026-01-01' + n * interval '1 second' AS created, md5(n::text) AS note, n % 2 = 0 AS active
    FROM generate_series(1, ${bench.rows}) n; CREATE TABLE plain AS TABLE wide; VACUUM ANALYZE wide; VACUUM ANALYZE plain;`;
  for (const statement of sql.split(";").slice(0, -1)) {
    await run(bench.tools.psql, [
      "-q",
      "-h",
      "127.0.0.1",
      "-p",
      String(bench.server.port),
      "-U",
      "postgres",
      "-c",
      statement,
      "postgres",
    ]);
  }
}

const STREAMS = {
  "SELECT, unmasked": "SELECT * FROM plain",
  "SELECT, one masked column": "SELECT * FROM wide",
  "COPY, unmasked": "COPY plain TO STDOUT",
  "COPY, one masked column": "COPY wide TO STDOUT",
} as const;

interface Stream {
  readonly megabytesPerSecond: number;
  readonly cpuSecondsPerGigabyte: number;
}

export async function measureStreaming(bench: Bench): Promise<readonly Section[]> {
  const found = new Map<string, Stream[]>();
  const targets = bench.targets.filter(({ name }) => name !== WEIR_UNWRITTEN);
  for (let round = 0; round < bench.rounds; round++) {
    for (const [what, statement] of Object.entries(STREAMS)) {
      for (const target of targets) {
        const key = `${what} ${target.name}`;
        found.set(key, [...(found.get(key) ?? []), await stream(target, statement)]);
      }
      bench.say(`round ${round + 1}: ${what}`);
    }
  }
  return [section(bench, targets, found)];
}

async function stream(target: Target, statement: string): Promise<Stream> {
  const before = target.pid === null ? Number.NaN : cpuUs(target.pid);
  const { stdout } = await run(process.execPath, [
    join(import.meta.dirname, "drain.ts"),
    String(target.port),
    statement,
  ]);
  const used = target.pid === null ? Number.NaN : cpuUs(target.pid) - before;
  const [bytes = 0, milliseconds = 0] = stdout.split(" ").map(Number);
  return { megabytesPerSecond: bytes / milliseconds / 1e3, cpuSecondsPerGigabyte: (used / bytes) * 1e3 };
}

function section(bench: Bench, targets: readonly Target[], found: ReadonlyMap<string, readonly Stream[]>): Section {
  const rate = (what: string, name: string) => found.get(`${what} ${name}`)?.map((one) => one.megabytesPerSecond);
  const cpu = (what: string, name: string) => found.get(`${what} ${name}`)?.map((one) => one.cpuSecondsPerGigabyte);
  const kinds = Object.keys(STREAMS);
  const rows = targets.map(({ name }) => [
    name,
    ...kinds.map((what) => {
      const own = rate(what, name)!;
      return `${short(median(own))} / ${short(ratio(own, rate(what, DIRECT)))} / ${short(median(cpu(what, name)!))}`;
    }),
  ]);
  const [plain = "", masked = ""] = kinds;
  return {
    title: "Streaming",
    body: `${bench.rows.toLocaleString("en")} rows of eight columns: MB/s / of direct / seconds of the proxy's CPU per GB.\n\n${table(["", ...kinds], rows)}`,
    aims: [
      {
        what: "unmasked rows, of direct",
        found: `${short(ratio(rate(plain, WEIR)!, rate(plain, DIRECT)))} (PgBouncer ${short(ratio(rate(plain, PGBOUNCER) ?? [], rate(plain, DIRECT)))})`,
        aim: "at least 0.85",
      },
      {
        what: "CPU of one masked column, of unmasked rows",
        found: `${short(ratio(cpu(masked, WEIR)!, cpu(plain, WEIR)))} (${short(median(cpu(masked, WEIR)!))} s per GB)`,
        aim: "at most 2.5 (3 s per GB)",
      },
    ],
  };
}
