// The whole sidecar as a process of its own, in front of a server of the test, without any policy.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

export interface SidecarOptions {
  /** Files beside the configuration, by name. */
  readonly files?: Readonly<Record<string, string>>;
  /** Environment variables, given the folder of `files`. */
  readonly settings?: (folder: string) => Readonly<Record<string, string>>;
  /** Files of the policy folder, beside that of the database. */
  readonly policies?: Readonly<Record<string, string>>;
  /** Options of Node itself. */
  readonly node?: readonly string[];
}

export interface SidecarProcess {
  readonly port: number;
  readonly admin: number;
  /** Where its files are, `policies` and `spool` among them. */
  readonly folder: string;
  readonly child: ChildProcess;
  /** Everything that it has logged so far. */
  log(): string;
  /** Writes one of its files anew. */
  put(name: string, text: string): void;
  /** Memory in use, bytes: resident, as the kernel counts it. */
  residentBytes(): number;
  /** The most that it has been since `forgetPeak`. */
  peakBytes(): number;
  forgetPeak(): void;
  /** Open file descriptors. */
  descriptors(): number;
  /** Value of a metric without labels; NaN when there is none. */
  metric(name: string): Promise<number>;
  stop(): Promise<void>;
}

const program = resolve(import.meta.dirname, "../../cmd/sidecar/main.ts");

const database = (port: number) => `apiVersion: weir.dev/v1alpha1
kind: GovernedDatabase
metadata: {name: main, namespace: shop}
spec: {engine: PostgreSQL, host: 127.0.0.1, port: ${port}, tls: {mode: Disable}}
`;

export async function startSidecar(upstreamPort: number, options: SidecarOptions = {}): Promise<SidecarProcess> {
  const folder = mkdtempSync(join(tmpdir(), "weir-sidecar-"));
  const put = (name: string, text: string) => writeFileSync(join(folder, name), text, { mode: 0o600 });
  mkdirSync(join(folder, "policies"));
  const policies = { "database.yaml": database(upstreamPort), ...options.policies };
  for (const [name, text] of Object.entries(policies)) put(join("policies", name), text);
  for (const [name, text] of Object.entries(options.files ?? {})) put(name, text);
  const settings: Readonly<Record<string, string>> = options.settings?.(folder) ?? {};
  const env: Record<string, string | undefined> = {
    PATH: process.env.PATH,
    WEIR_LISTENERS: "127.0.0.1:0=shop/main",
    WEIR_POLICIES: join(folder, "policies"),
    WEIR_SPOOL_FOLDER: join(folder, "spool"),
    WEIR_ADMIN_LISTEN: "127.0.0.1:0",
    WEIR_DRAIN_SECONDS: "1",
    ...settings,
  };
  if (settings.WEIR_GATEWAY_LISTEN !== undefined) delete env.WEIR_LISTENERS;
  const child = spawn(process.execPath, [...(options.node ?? []), program], {
    env,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let log = "";
  child.stderr!.on("data", (chunk) => {
    log += chunk;
  });
  const event = async (name: string) => {
    for (;;) {
      const line = log.split("\n").find((text) => text.includes(`"event":"${name}"`));
      if (line !== undefined) return JSON.parse(line);
      if (child.exitCode !== null) throw new Error(log);
      await delay(10);
    }
  };
  const { port } = await event("listening");
  const { admin } = await event("ready");
  return {
    port,
    admin,
    folder,
    child,
    log: () => log,
    put,
    residentBytes: () => statusBytes(child, "VmRSS"),
    peakBytes: () => statusBytes(child, "VmHWM"),
    forgetPeak: () => writeFileSync(`/proc/${child.pid}/clear_refs`, "5"),
    descriptors: () => readdirSync(`/proc/${child.pid}/fd`).length,
    metric: async (name) => {
      const text = await (await fetch(`http://127.0.0.1:${admin}/metrics`)).text();
      return Number(new RegExp(`^${name} (.*)$`, "m").exec(text)?.[1] ?? Number.NaN);
    },
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill("SIGTERM");
        await once(child, "exit");
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A size out of the kernel's account of a process (proc(5)). */
function statusBytes(child: ChildProcess, name: string): number {
  const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)![1]) * 1024;
}
