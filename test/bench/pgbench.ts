// One run of pgbench, and what the process in front of the server used meanwhile.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cpuUs } from "./machine.ts";
import type { Target } from "./targets.ts";

export const MODES = ["simple", "extended", "prepared"] as const;

export interface Load {
  readonly mode: (typeof MODES)[number];
  readonly clients: number;
  readonly seconds: number;
  /** A connection for each transaction, of which TLS is asked for or not. */
  readonly connections?: "plain" | "tls";
}

export interface Run {
  readonly perSecond: number;
  /** CPU of the target's process, microseconds a query; not a number for the server itself. */
  readonly cpuUsPerQuery: number;
  /** Of single transactions, microseconds, ascending; only with one client. */
  readonly latenciesUs: readonly number[];
}

export async function runPgbench(program: string, target: Target, load: Load): Promise<Run> {
  const folder = mkdtempSync(join(tmpdir(), "weir-pgbench-"));
  try {
    const before = target.pid === null ? Number.NaN : cpuUs(target.pid);
    const said = await run(program, argumentsOf(target, load), folder, load.connections === "tls");
    const used = target.pid === null ? Number.NaN : cpuUs(target.pid) - before;
    const queries = Number(/actually processed: (\d+)/.exec(said)?.[1] ?? Number.NaN);
    const perSecond = Number(/^tps = ([\d.]+)/m.exec(said)?.[1] ?? Number.NaN);
    if (!(queries > 0)) throw new Error(`pgbench processed nothing through ${target.name}:\n${said}`);
    return { perSecond, cpuUsPerQuery: used / queries, latenciesUs: latencies(folder) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function argumentsOf({ port }: Target, { mode, clients, seconds, connections }: Load): string[] {
  const common = ["-n", "-h", "127.0.0.1", "-p", String(port), "-U", "postgres", "-M", mode];
  const size = ["-c", String(clients), "-j", String(Math.min(2, clients)), "-T", String(seconds)];
  if (connections !== undefined)
    return [...common, ...size, "-C", "-f", join(import.meta.dirname, "one.sql"), "postgres"];
  const log = clients === 1 ? ["-l"] : [];
  return [...common, ...size, ...log, "-S", "postgres"];
}

async function run(program: string, args: readonly string[], folder: string, tls: boolean): Promise<string> {
  const child = spawn(program, args, {
    cwd: folder,
    env: { ...process.env, PGSSLMODE: tls ? "require" : "disable", PGGSSENCMODE: "disable" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      said += chunk;
    });
  }
  await once(child, "close");
  return said;
}

/** pgbench's log: client, transaction, microseconds, ... */
function latencies(folder: string): readonly number[] {
  const logs = readdirSync(folder).map((name) => readFileSync(join(folder, name), "utf8"));
  const found = logs.flatMap((log) =>
    log
      .split("\n")
      .slice(0, -1)
      .map((line) => Number(line.split(" ")[2])),
  );
  return found.sort((a, b) => a - b);
}
