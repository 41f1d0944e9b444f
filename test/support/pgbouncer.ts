// A real PgBouncer on loopback, where the machine has one.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { type AddressInfo, connect, createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { serverAccount } from "../../pkg/localdb/account.ts";
import { giveTo, privateFolder } from "../../pkg/localdb/shared-folder.ts";
import { PASSWORD } from "./server.ts";

const PROGRAM = ["/usr/sbin/pgbouncer", "/usr/local/sbin/pgbouncer", "/opt/homebrew/bin/pgbouncer"].find(existsSync);

export const pgbouncerIsHere = PROGRAM !== undefined;

/** Tells once, loudly, that the tests of a file are left out. */
export function tellWithoutPgbouncer(): void {
  if (!pgbouncerIsHere) process.stderr.write("SKIPPED: pgbouncer is not installed, so nothing is tested with it\n");
}

export interface Pgbouncer {
  readonly port: number;
  stop(): Promise<void>;
}

export interface PgbouncerOptions {
  /** Of the server behind, on loopback. */
  readonly port: number;
  readonly mode: "session" | "transaction";
  /** Server connections at most. */
  readonly size: number;
}

/** Takes the login `app`, with PASSWORD. */
export async function startPgbouncer({ port: behind, mode, size }: PgbouncerOptions): Promise<Pgbouncer> {
  const account = serverAccount();
  const folder = await privateFolder(account, "weir-pgbouncer-");
  const port = await freePort();
  const files = {
    "users.txt": `"app" "${PASSWORD}"\n`,
    "bouncer.ini": `[databases]
postgres = host=127.0.0.1 port=${behind}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = users.txt
pool_mode = ${mode}
default_pool_size = ${size}
max_client_conn = 500
ignore_startup_parameters = extra_float_digits
log_connections = 0
log_disconnections = 0
`,
  };
  for (const [file, text] of Object.entries(files)) {
    writeFileSync(join(folder, file), text, { mode: 0o600 });
    await giveTo(join(folder, file), account);
  }
  const child = spawn(PROGRAM!, ["bouncer.ini"], { cwd: folder, stdio: "ignore", ...account });
  await listens(port, child);
  return {
    port,
    stop: async () => {
      await end(child);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function listens(port: number, child: ChildProcess): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`pgbouncer ended with ${child.exitCode}`);
    const socket = connect({ host: "127.0.0.1", port });
    const isOpen = await new Promise((resolve) => {
      socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    });
    socket.destroy();
    if (isOpen) return;
    await delay(20);
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGTERM");
  const late = setTimeout(() => child.kill("SIGKILL"), 5_000);
  await once(child, "exit");
  clearTimeout(late);
}
