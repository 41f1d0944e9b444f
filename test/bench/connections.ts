// Connections a second, a new one for each SELECT 1, plain and with TLS.
import { median, ratio, short, table } from "./medians.ts";
import { type Run, runPgbench } from "./pgbench.ts";
import type { Bench, Section } from "./section.ts";
import { DIRECT, WEIR_UNWRITTEN } from "./targets.ts";

const KINDS = ["plain", "tls"] as const;

export async function measureConnections(bench: Bench): Promise<readonly Section[]> {
  const found = new Map<string, Run[]>();
  const targets = bench.targets.filter(({ name }) => name !== WEIR_UNWRITTEN);
  for (let round = 0; round < bench.rounds; round++) {
    for (const connections of KINDS) {
      for (const target of targets) {
        if (connections === "tls" && !target.tls) continue;
        const load = { mode: "simple", clients: 8, seconds: bench.seconds, connections } as const;
        const key = `${connections} ${target.name}`;
        found.set(key, [...(found.get(key) ?? []), await runPgbench(bench.tools.pgbench, target, load)]);
      }
      bench.say(`round ${round + 1}: connections, ${connections}`);
    }
  }
  const cell = (kind: string, name: string) => {
    const runs = found.get(`${kind} ${name}`);
    if (runs === undefined) return "–";
    const rate = runs.map((run) => run.perSecond);
    const direct = found.get(`${kind} ${DIRECT}`)!.map((run) => run.perSecond);
    return `${short(median(rate))} / ${short(ratio(rate, direct))} / ${short(median(runs.map((run) => run.cpuUsPerQuery)))}`;
  };
  const rows = targets.map(({ name }) => [name, ...KINDS.map((kind) => cell(kind, name))]);
  const text =
    "Eight clients that connect, send `SELECT 1` and leave: connections a second / of direct / microseconds of the proxy's CPU a connection. " +
    "PgBouncer keeps its connections to the server and so is faster than the server itself; Weir opens one for each client, because the login is the client's own.";
  return [{ title: "Connections", body: `${text}\n\n${table(["", "plain", "TLS"], rows)}`, aims: [] }];
}
