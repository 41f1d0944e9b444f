// The sidecar as a child process with a configuration of the demo's, in a temporary folder.
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { closeSync, cpSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { freePort } from "../../../pkg/localdb/free-port.ts";
import { guard } from "../../../pkg/localdb/guardian.ts";
import { passwordOf } from "./shop-database.ts";

export interface Sidecar {
  readonly port: number;
  readonly adminPort: number;
  readonly policyFolder: string;
  readonly spoolFolder: string;
  readonly logFile: string;
  /** Settles when the process has ended, with its exit code or signal. */
  readonly ended: Promise<number | string>;
  /** As Kubernetes ends it: SIGTERM, then wait. */
  stop(): Promise<void>;
}

const program = resolve(import.meta.dirname, "../../sidecar/main.ts");

/** Writes configuration, keys and policies into `folder`, starts the sidecar and waits until it is ready. */
export async function startSidecar(folder: string, upstreamPort: number): Promise<Sidecar> {
  const [port, adminPort] = [await freePort(), await freePort()];
  const places = {
    policyFolder: join(folder, "policies"),
    spoolFolder: join(folder, "spool"),
    logFile: join(folder, "sidecar.log"),
  };
  writePolicies(places.policyFolder, upstreamPort);
  mkdirSync(places.spoolFolder, { mode: 0o700 });
  writeConfiguration(folder, { port, adminPort, ...places });
  const log = openSync(places.logFile, "w", 0o600);
  const child = spawn(process.execPath, [program, "--config", join(folder, "sidecar.yaml")], {
    stdio: ["ignore", log, log],
    env: { PATH: process.env.PATH },
    detached: true, // a Ctrl-C at the terminal ends the demo, which then ends the sidecar in order
  });
  closeSync(log);
  guard(child, "TERM", folder);
  const ended = new Promise<number | string>((done) => {
    child.once("error", (error) => done(error.message));
    child.once("exit", (code, signal) => done(code ?? signal ?? "unknown"));
  });
  await untilReady(adminPort, ended, places.logFile);
  return { port, adminPort, ...places, ended, stop: () => stop(child, ended) };
}

function writePolicies(folder: string, upstreamPort: number): void {
  cpSync(join(import.meta.dirname, "policies"), folder, { recursive: true });
  const file = join(folder, "database.yaml");
  writeFileSync(file, readFileSync(file, "utf8").replace(/^( *port:).*$/m, `$1 ${upstreamPort}`));
}

function writeConfiguration(
  folder: string,
  made: { port: number; adminPort: number; policyFolder: string; spoolFolder: string },
): void {
  for (const key of ["mask", "digest"])
    writeFileSync(join(folder, `${key}.key`), randomBytes(32).toString("hex"), { mode: 0o600 });
  writeFileSync(join(folder, "catalog-password"), passwordOf("weir"), { mode: 0o600 });
  const configuration = {
    listeners: [{ listen: `127.0.0.1:${made.port}`, database: "shop/shop" }],
    policies: made.policyFolder,
    spool: { folder: made.spoolFolder, bytesMax: "64MiB" },
    keys: { mask: join(folder, "mask.key"), digest: join(folder, "digest.key") },
    identities: {
      dana: { kind: "Human", name: "dana@shop.example", groups: ["developers", "oncall"] },
      ana: { kind: "Human", name: "ana@shop.example", groups: ["analysts"] },
      robo: { kind: "Agent", name: "robo", groups: [] },
    },
    upstreamLogins: { "shop/shop": { user: "weir", passwordFile: join(folder, "catalog-password") } },
    environment: "demo",
    namespace: "shop",
    admin: { listen: `127.0.0.1:${made.adminPort}` },
    drainSeconds: 2,
  };
  writeFileSync(join(folder, "sidecar.yaml"), JSON.stringify(configuration, null, 2)); // JSON is YAML too
}

async function untilReady(adminPort: number, ended: Promise<number | string>, logFile: string): Promise<void> {
  let exit: number | string | undefined;
  ended.then((how) => {
    exit = how;
  });
  for (let waitedMs = 0; waitedMs < 30_000; waitedMs += 50) {
    if (exit !== undefined) throw new Error(`the sidecar ended with ${exit}:\n${readFileSync(logFile, "utf8")}`);
    const response = await fetch(`http://127.0.0.1:${adminPort}/readyz`).catch(() => null);
    if (response?.ok) return;
    await delay(50);
  }
  throw new Error(`the sidecar is not ready after 30 seconds:\n${readFileSync(logFile, "utf8")}`);
}

async function stop(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), 10_000);
  await ended;
  clearTimeout(timer);
}
