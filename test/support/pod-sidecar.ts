// The whole sidecar as it stands in a pod, inside a test: its mounts are a folder, its policies come from a fake operator.
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { readConfig } from "../../cmd/sidecar/config.ts";
import { startSidecar } from "../../cmd/sidecar/sidecar.ts";
import { systemClock } from "../../pkg/runtime/clock.ts";
import { jsonLogger } from "../../pkg/runtime/logger.ts";
import { systemRandom } from "../../pkg/runtime/random.ts";
import { signer } from "./fake-operator.ts";
import { PASSWORD } from "./server.ts";

export interface Readiness {
  readonly status: number;
  readonly notes: readonly string[];
  readonly policyVersion: string | null;
  readonly bundle: { readonly version: string | null; readonly ageSeconds: number };
}

export interface PodSidecar {
  /** Of the first listener. */
  readonly port: number;
  /** What it has logged. */
  readonly events: readonly Readonly<Record<string, unknown>>[];
  readiness(): Promise<Readiness>;
  /** Until the bundle of this version is in force. */
  inForce(bundle: { readonly version: string }): Promise<Readiness>;
  metric(name: string): Promise<string | undefined>;
  connect(port?: number): Promise<pg.Client>;
  /** The error of one statement in a session of its own; null when it passes. */
  refusal(sql: string): Promise<{ code?: string; message: string } | null>;
  stop(): Promise<void>;
}

/** As the kubelet does it: a reader never sees half of it. */
export function mount(folder: string, name: string, text: string): void {
  writeFileSync(join(folder, `${name}.new`), text);
  renameSync(join(folder, `${name}.new`), join(folder, name));
}

/** Until it holds; the test's own time limit ends it. */
export async function eventually<T>(ask: () => Promise<T> | T, holds: (value: T) => boolean): Promise<T> {
  for (;;) {
    const value = await ask();
    if (holds(value)) return value;
    await delay(20);
  }
}

export interface PodOptions {
  readonly folder: string;
  readonly operatorUrl: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly nowMs: () => number;
}

export async function startPodSidecar({ folder, operatorUrl, env, nowMs }: PodOptions): Promise<PodSidecar> {
  const all = {
    WEIR_LISTENERS: "127.0.0.1:0=shop/main",
    WEIR_NAMESPACE: "shop",
    WEIR_BUNDLE_URL: operatorUrl,
    WEIR_BUNDLE_TOKEN: join(folder, "token"),
    WEIR_BUNDLE_CA: join(folder, "ca.crt"),
    WEIR_BUNDLE_KEYS: signer.public.text,
    WEIR_BUNDLE_FALLBACK: join(folder, "bundle.json"),
    WEIR_BUNDLE_FOLDER: join(folder, "state"),
    WEIR_SPOOL_FOLDER: join(folder, "spool"),
    WEIR_ADMIN_LISTEN: "127.0.0.1:0",
    WEIR_DRAIN_SECONDS: "0",
    ...env,
  };
  const outcome = readConfig([], { env: all, version: "0", readFile: readFileSync });
  if (outcome.do !== "run") throw new Error(JSON.stringify(outcome));
  const events: Record<string, unknown>[] = [];
  const sidecar = await startSidecar(outcome.config, {
    clock: { ...systemClock, nowMs },
    random: systemRandom,
    logger: jsonLogger((line) => events.push(JSON.parse(line)), "info", nowMs),
    version: "test",
    resolvConf: join(folder, "resolv.conf"),
  });
  const of = (name: string) => events.find(({ event }) => event === name);
  const port = of("listening")!.port as number;
  const at = `http://127.0.0.1:${(of("ready") ?? of("waiting"))!.admin}`;
  return {
    port,
    events,
    readiness: () => readinessAt(at),
    inForce: ({ version }) =>
      eventually(
        () => readinessAt(at),
        ({ bundle }) => bundle.version === version,
      ),
    async metric(name) {
      const text = await (await fetch(`${at}/metrics`)).text();
      return new RegExp(`^${name} (.*)$`, "m").exec(text)?.[1];
    },
    connect: (other) => connectTo(other ?? port),
    refusal: (sql) => refusalOf(port, sql),
    stop: () => sidecar.stop("the test is over"),
  };
}

async function readinessAt(at: string): Promise<Readiness> {
  const response = await fetch(`${at}/readyz`);
  return { status: response.status, ...((await response.json()) as Omit<Readiness, "status">) };
}

async function connectTo(port: number): Promise<pg.Client> {
  const client = new pg.Client({ host: "127.0.0.1", port, user: "app", password: PASSWORD, database: "postgres" });
  client.on("error", () => {});
  await client.connect();
  return client;
}

async function refusalOf(port: number, sql: string): Promise<{ code?: string; message: string } | null> {
  const client = await connectTo(port);
  try {
    await client.query(sql);
    return null;
  } catch (error) {
    return error as Error;
  } finally {
    await client.end();
  }
}
