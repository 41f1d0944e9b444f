// What is measured side by side: the server itself, other proxies in front of it, and Weir with several policies, each a process of
// its own that only the bench uses.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { serverAccount } from "../../pkg/localdb/account.ts";
import { selfSignedCertificate } from "../../pkg/localdb/certificate.ts";
import { freePort } from "../../pkg/localdb/free-port.ts";
import { giveTo, privateFolder } from "../../pkg/localdb/shared-folder.ts";
import type { LocalPostgres } from "../../pkg/localdb/start-postgres.ts";
import { startSidecar } from "../support/sidecar-process.ts";
import type { Tools } from "./tools.ts";

export interface Target {
  readonly name: string;
  readonly port: number;
  /** null for the server itself, whose backends come and go. */
  readonly pid: number | null;
  /** It accepts TLS on the same port. */
  readonly tls: boolean;
  stop(): Promise<void>;
}

/** One mask and one guard that every statement is held against, and that pgbench's statements do not meet. */
const POLICIES = `apiVersion: weir.dev/v1alpha1
kind: ClusterDataPolicy
metadata: {name: bench}
spec:
  classify:
    - {columns: ["public.wide.email"], class: PII.EMAIL}
  mask:
    - {classes: ["PII.EMAIL"], method: Partial}
  guard:
    - {name: no-drop, effects: [Drop, Truncate], action: Deny}
`;

export const DIRECT = "direct";
export const PGBOUNCER = "PgBouncer";
export const WEIR = "Weir";
export const WEIR_IDLE = "Weir, no policy";
export const WEIR_UNWRITTEN = "Weir, records made but not written";

export async function startTargets(tools: Tools, server: LocalPostgres): Promise<readonly Target[]> {
  const started: Target[] = [{ name: DIRECT, port: server.port, pid: null, tls: true, stop: async () => {} }];
  if (tools.pgbouncer !== null) started.push(await pgbouncer(tools.pgbouncer, server.port));
  if (tools.haproxy !== null) started.push(await haproxy(tools.haproxy, server.port));
  if (tools.odyssey !== null) started.push(await odyssey(tools.odyssey, server.port));
  started.push(await weir(WEIR, server.port, { "bench.yaml": POLICIES }));
  started.push(await weir(WEIR_IDLE, server.port, {}));
  started.push(await unwritten(server.port));
  return started;
}

/** `more`: further settings. */
export async function weir(
  name: string,
  upstreamPort: number,
  policies: Readonly<Record<string, string>> = { "bench.yaml": POLICIES },
  more: Readonly<Record<string, string>> = {},
): Promise<Target> {
  const { certificate, key } = selfSignedCertificate(["localhost"]);
  const sidecar = await startSidecar(upstreamPort, {
    policies,
    files: { "server.crt": certificate, "server.key": key },
    settings: (folder) => ({
      WEIR_TLS_CERTIFICATE: join(folder, "server.crt"),
      WEIR_TLS_KEY: join(folder, "server.key"),
      // Nobody ships the records of a bench; it must end before they fill the spool.
      WEIR_SPOOL_BYTES_MAX: "32GiB",
      WEIR_LOG_LEVEL: "info",
      ...more,
    }),
  });
  return { name, port: sidecar.port, pid: sidecar.child.pid!, tls: true, stop: () => sidecar.stop() };
}

/** The same in another program, whose spool takes every write and keeps none. */
async function unwritten(upstreamPort: number): Promise<Target> {
  const program = join(import.meta.dirname, "unwritten-sidecar.ts");
  const child = spawn(process.execPath, [program, String(upstreamPort)], {
    env: { ...process.env, WEIR_BENCH_POLICIES: POLICIES },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [first] = (await once(child.stdout!, "data")) as [Buffer];
  return { name: WEIR_UNWRITTEN, port: Number(first), pid: child.pid!, tls: false, stop: () => end(child) };
}

async function pgbouncer(program: string, upstreamPort: number): Promise<Target> {
  const certificate = selfSignedCertificate(["localhost"]);
  return peer(PGBOUNCER, program, true, ["bouncer.ini"], (port) => ({
    "server.crt": certificate.certificate,
    "server.key": certificate.key,
    "bouncer.ini": `[databases]
postgres = host=127.0.0.1 port=${upstreamPort} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = session
max_client_conn = 2000
default_pool_size = 200
ignore_startup_parameters = extra_float_digits
client_tls_sslmode = allow
client_tls_cert_file = server.crt
client_tls_key_file = server.key
log_connections = 0
log_disconnections = 0
`,
  }));
}

function haproxy(program: string, upstreamPort: number): Promise<Target> {
  return peer("haproxy", program, false, ["-db", "-f", "haproxy.cfg"], (port) => ({
    "haproxy.cfg": `global
  maxconn 2000
  nbthread 1
defaults
  mode tcp
  timeout connect 5s
  timeout client 10m
  timeout server 10m
listen postgres
  bind 127.0.0.1:${port}
  server one 127.0.0.1:${upstreamPort}
`,
  }));
}

function odyssey(program: string, upstreamPort: number): Promise<Target> {
  return peer("Odyssey", program, false, ["odyssey.conf"], (port) => ({
    "odyssey.conf": `daemonize no
workers 1
log_to_stdout no
unix_socket_mode "0644"
listen { host "127.0.0.1" port ${port} }
storage "server" { type "remote" host "127.0.0.1" port ${upstreamPort} }
database default { user default {
  authentication "none"
  storage "server"
  pool "session"
  pool_size 200
} }
`,
  }));
}

/** Another proxy, from files in a folder of its own, under an account that it accepts. */
async function peer(
  name: string,
  program: string,
  tls: boolean,
  args: readonly string[],
  files: (port: number) => Readonly<Record<string, string>>,
): Promise<Target> {
  const account = serverAccount();
  const folder = await privateFolder(account, "weir-bench-");
  const port = await freePort();
  for (const [file, text] of Object.entries(files(port))) {
    writeFileSync(join(folder, file), text, { mode: 0o600 });
    await giveTo(join(folder, file), account);
  }
  const child = spawn(program, args, { cwd: folder, stdio: "ignore", ...account });
  await delay(500);
  if (child.exitCode !== null) throw new Error(`${name} did not start: ${program} ended with ${child.exitCode}`);
  const stop = async () => {
    await end(child);
    await rm(folder, { recursive: true, force: true });
  };
  return { name, port, pid: child.pid!, tls, stop };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGINT");
  const late = setTimeout(() => child.kill("SIGKILL"), 5_000);
  await once(child, "exit");
  clearTimeout(late);
}
