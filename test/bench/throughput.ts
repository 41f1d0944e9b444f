// Queries a second and CPU a query: pgbench's point query in three modes with 1, 8 and 32 clients, and what one client waits for more.
import { median, ratio, short, table } from "./medians.ts";
import { MODES, type Run, runPgbench } from "./pgbench.ts";
import type { Bench, Section } from "./section.ts";
import { DIRECT, PGBOUNCER, WEIR, WEIR_IDLE, WEIR_UNWRITTEN } from "./targets.ts";

const CLIENTS = [1, 8, 32] as const;

type Runs = ReadonlyMap<string, readonly Run[]>;

/** By mode and number of clients, then by target. */
export async function measureThroughput(bench: Bench): Promise<readonly Section[]> {
  const found = new Map<string, Map<string, Run[]>>();
  for (const target of bench.targets) {
    for (const mode of MODES) await runPgbench(bench.tools.pgbench, target, { mode, clients: 8, seconds: 1 });
  }
  bench.say("warm");
  for (let round = 0; round < bench.rounds; round++) {
    for (const mode of MODES) {
      for (const clients of CLIENTS) {
        const runs = found.get(`${mode} ${clients}`) ?? new Map<string, Run[]>();
        found.set(`${mode} ${clients}`, runs);
        for (const target of bench.targets) {
          const run = await runPgbench(bench.tools.pgbench, target, { mode, clients, seconds: bench.seconds });
          runs.set(target.name, [...(runs.get(target.name) ?? []), run]);
        }
        bench.say(`round ${round + 1}: ${mode}, ${clients} clients`);
      }
    }
  }
  const sections = [throughput(bench, found), cpu(bench, found)];
  return [...sections, latency(bench, found), unwritten(found)];
}

const names = (bench: Bench) => bench.targets.map(({ name }) => name).filter((name) => name !== WEIR_UNWRITTEN);
const columns = MODES.flatMap((mode) => CLIENTS.map((clients) => `${mode} ${clients}`));
const perSecond = (runs: Runs, name: string) => (runs.get(name) ?? []).map((run) => run.perSecond);
const cpuOf = (runs: Runs, name: string) => (runs.get(name) ?? []).map((run) => run.cpuUsPerQuery);
const seriesOr = (values: readonly number[]) => (values.length === 0 ? undefined : values);

function throughput(bench: Bench, found: ReadonlyMap<string, Runs>): Section {
  const rows = names(bench).map((name) => [
    name,
    ...columns.map((column) => {
      const runs = found.get(column)!;
      const own = perSecond(runs, name);
      return `${short(median(own))} / ${short(ratio(own, perSecond(runs, DIRECT)))} / ${short(ratio(own, seriesOr(perSecond(runs, PGBOUNCER))))}`;
    }),
  ]);
  const aimed = columns.filter((column) => !column.endsWith(" 1"));
  const ratios = aimed.map((column) => {
    const runs = found.get(column)!;
    return ratio(perSecond(runs, WEIR), seriesOr(perSecond(runs, PGBOUNCER)));
  });
  return {
    title: "Throughput",
    body: `Transactions a second / of direct / of PgBouncer; mode and clients.\n\n${table(["", ...columns], rows)}`,
    aims: [
      {
        what: "throughput with 8 and 32 clients, of PgBouncer's",
        found: aimed.map((column, at) => `${column}: ${short(ratios[at]!)}`).join(", "),
        aim: "at least 0.75",
      },
    ],
  };
}

function cpu(bench: Bench, found: ReadonlyMap<string, Runs>): Section {
  const rows = names(bench)
    .filter((name) => name !== DIRECT)
    .map((name) => [
      name,
      ...columns.map((column) => {
        const runs = found.get(column)!;
        const own = cpuOf(runs, name);
        return `${short(median(own))} / ${short(ratio(own, seriesOr(cpuOf(runs, PGBOUNCER))))}`;
      }),
    ]);
  const ratios = columns.map((column) => {
    const runs = found.get(column)!;
    return `${column}: ${short(ratio(cpuOf(runs, WEIR), seriesOr(cpuOf(runs, PGBOUNCER))))}`;
  });
  return {
    title: "CPU a query",
    body: `Microseconds of the proxy's process / of PgBouncer's; mode and clients.\n\n${table(["", ...columns], rows)}`,
    aims: [{ what: "CPU a query, of PgBouncer's", found: ratios.join(", "), aim: "at most 2 (aim 1.8)" }],
  };
}

function latency(bench: Bench, found: ReadonlyMap<string, Runs>): Section {
  const at = (runs: Runs, name: string, share: number) =>
    (runs.get(name) ?? []).map(
      ({ latenciesUs }) => latenciesUs[Math.floor((latenciesUs.length - 1) * share)] ?? Number.NaN,
    );
  const added = (column: string, name: string, share: number) => {
    const runs = found.get(column)!;
    const direct = at(runs, DIRECT, share);
    return median(at(runs, name, share).map((value, round) => value - direct[round]!));
  };
  const rows = names(bench).map((name) => [
    name,
    ...MODES.flatMap((mode) => [short(added(`${mode} 1`, name, 0.5)), short(added(`${mode} 1`, name, 0.99))]),
  ]);
  return {
    title: "Added latency, one client",
    body: `Microseconds above direct, at the median and at the 99th percentile of single transactions.\n\n${table(["", ...MODES.flatMap((mode) => [`${mode} p50`, `${mode} p99`])], rows)}`,
    aims: [],
  };
}

function unwritten(found: ReadonlyMap<string, Runs>): Section {
  const rows = columns
    .filter((column) => !column.endsWith(" 1"))
    .map((column) => {
      const runs = found.get(column)!;
      return [
        column,
        short(ratio(perSecond(runs, WEIR), perSecond(runs, WEIR_UNWRITTEN))),
        short(median(cpuOf(runs, WEIR)) - median(cpuOf(runs, WEIR_UNWRITTEN))),
      ];
    });
  return {
    title: "What record before forward costs",
    body: `Weir beside a Weir whose records are made, hashed and chained but whose write to the spool is left out: throughput of it, and microseconds of CPU a query. (${WEIR_IDLE} makes and writes records, too.)\n\n${table(["", "throughput", "CPU µs"], rows)}`,
    aims: [],
  };
}
