// A program of Weir's as a child process: its log in a file, ready when its admin server says so, ended as Kubernetes ends it.
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { guard } from "../../../pkg/localdb/guardian.ts";

export interface ServiceOptions {
  /** What it is called when it fails. */
  readonly what: string;
  /** Its file and arguments. */
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly adminPort: number;
  readonly logFile: string;
  /** Removed when our own process is killed. */
  readonly folder: string;
}

export interface Service {
  /** SIGTERM, then wait. */
  stop(): Promise<void>;
}

const READY_MS = 60_000;
const STOP_MS = 15_000;

export async function startService(options: ServiceOptions): Promise<Service> {
  const log = openSync(options.logFile, "w", 0o600);
  const child = spawn(process.execPath, [...options.command], {
    stdio: ["ignore", log, log],
    env: { PATH: process.env.PATH, ...options.env },
    detached: true, // a Ctrl-C at the terminal ends the demo, which then ends its parts in order
  });
  closeSync(log);
  guard(child, "TERM", options.folder);
  const ended = new Promise<number | string>((done) => {
    child.once("error", (error) => done(error.message));
    child.once("exit", (code, signal) => done(code ?? signal ?? "unknown"));
  });
  await untilReady(options, ended);
  return { stop: () => stop(child, ended) };
}

async function untilReady({ what, adminPort, logFile }: ServiceOptions, ended: Promise<number | string>) {
  let exit: number | string | undefined;
  ended.then((how) => {
    exit = how;
  });
  for (let waitedMs = 0; waitedMs < READY_MS; waitedMs += 50) {
    if (exit !== undefined) throw new Error(`the ${what} ended with ${exit}:\n${readFileSync(logFile, "utf8")}`);
    const response = await fetch(`http://127.0.0.1:${adminPort}/readyz`).catch(() => null);
    if (response?.ok) return;
    await delay(50);
  }
  throw new Error(`the ${what} is not ready after ${READY_MS / 1000} seconds:\n${readFileSync(logFile, "utf8")}`);
}

async function stop(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
  await ended;
  clearTimeout(timer);
}
