// Unix sockets on both sides: who may connect is the file's mode, one left behind by a dead process is no obstacle, and
// TLS is neither offered nor asked for, as with PostgreSQL.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, lstatSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { selfSignedCertificate } from "../../pkg/localdb/certificate.ts";
import { type LocalPostgres, startPostgres } from "../../pkg/localdb/start-postgres.ts";
import { Listener } from "../../pkg/proxy/listener.ts";
import { servingCertificate } from "../../pkg/proxy/serving-certificate.ts";
import { encodeCancelRequest, SSL_REQUEST_PACKET } from "../../pkg/wire/postgres/startup-packet.ts";
import { Libpq, recentLibpqIsHere } from "./libpq.ts";
import { psql, psqlIsHere } from "./psql.ts";
import { rawClient } from "./raw-client.ts";
import type { RelayOptions } from "./relay.ts";
import { type Relay, startRelay } from "./relay.ts";

let server: LocalPostgres;
let folder: string;
const relays: Relay[] = [];

beforeAll(async () => {
  server = await startPostgres({ hba: ["host all all 127.0.0.1/32 trust", "local all all trust"] });
});
afterAll(() => server.stop());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "weir-socket-"));
});
afterEach(async () => {
  for (const relay of relays.splice(0)) await relay.close();
  rmSync(folder, { recursive: true, force: true });
});

/** libpq's name of the socket in `folder` for port 5432. */
const path = () => join(folder, ".s.PGSQL.5432");

async function relay(some: Partial<RelayOptions> = {}, mode = 0o660): Promise<Relay> {
  const upstream = { name: "shop", host: server.dataDir, port: server.port, tls: { mode: "disable" } } as const;
  const started = await startRelay({ upstream, ...some }, 50, { path: path(), mode });
  relays.push(started);
  return started;
}

const isLocal = "SELECT inet_client_addr() IS NULL AS local";

async function query(host: string, port: number): Promise<unknown> {
  const client = new pg.Client({ host, port, user: "postgres", database: "postgres" });
  await client.connect();
  const { rows } = await client.query(isLocal);
  await client.end();
  return rows[0].local;
}

test("from socket to socket: node-postgres, psql and a recent libpq", async () => {
  const { outcomes } = await relay();
  expect(await query(folder, 5432)).toBe(true);
  expect(outcomes).toMatchObject([{ outcome: "loggedIn", startup: { address: "[local]" }, upstreamEncrypted: false }]);
  const settings = `user=postgres dbname=postgres host=${folder} port=5432`;
  if (psqlIsHere) {
    const here = `user=postgres host=${folder} hostaddr='' port=5432`;
    expect(await psql(5432, here, isLocal)).toMatchObject({ ok: true, out: "t" });
  }
  if (recentLibpqIsHere) {
    const libpq = new Libpq();
    expect(await libpq.run(settings, isLocal)).toMatchObject({ ok: true, rows: [[true]] });
    await libpq.close();
  }
});

test.each(["disable", "allow", "prefer", "require", "verify-full"] as const)(
  "to a server's socket, tls mode %s means nothing",
  async (mode) => {
    const tls = mode === "verify-full" ? { mode, ca: selfSignedCertificate(["x"]).certificate } : { mode };
    const upstream = { name: "shop", host: server.dataDir, port: server.port, tls };
    const started = await startRelay({ upstream });
    relays.push(started);
    expect(await query("127.0.0.1", started.port)).toBe(true);
  },
);

test("a cancel finds the server's socket", async () => {
  const { outcomes } = await relay();
  const client = new pg.Client({ host: folder, port: 5432, user: "postgres", database: "postgres" });
  await client.connect();
  const sleep = client.query("SELECT pg_sleep(60)").catch((error) => error);
  const [session] = outcomes;
  if (session?.outcome !== "loggedIn") throw new Error("not logged in");
  const watcher = new pg.Client({ host: "127.0.0.1", port: server.port, user: "postgres", database: "postgres" });
  await watcher.connect();
  while ((await watcher.query("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'")).rows.length === 0);
  await watcher.end();
  const canceller = await rawClient(path());
  canceller.send(encodeCancelRequest(session.cancelRegistration!.key));
  await canceller.rest();
  expect(await sleep).toMatchObject({ code: "57014" });
  await client.end();
});

test.each([0o600, 0o660, 0o777])("the file has the mode that was asked for (%i)", async (mode) => {
  await relay({}, mode);
  expect(lstatSync(path()).mode & 0o777).toBe(mode);
});

const nobody = 65_534;
(process.getuid?.() === 0 ? test : test.skip)("who may not write to the file cannot connect", async () => {
  chmodSync(folder, 0o755);
  const attempt = async () => {
    const script = `require("net").connect(${JSON.stringify(path())}).on("error", (e) => console.log(e.code)).on("connect", function () { console.log("connected"); this.destroy(); })`;
    const child = spawn(process.execPath, ["-e", script], {
      uid: nobody,
      gid: nobody,
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [out] = await once(child.stdout!, "data");
    await once(child, "close");
    return String(out).trim();
  };
  await relay({}, 0o660);
  expect(await attempt()).toBe("EACCES");
  await relays.pop()!.close();
  await relay({}, 0o666);
  expect(await attempt()).toBe("connected");
});

test("it is gone when listening ends", async () => {
  const started = await relay();
  expect(existsSync(path())).toBe(true);
  await started.close();
  expect(existsSync(path())).toBe(false);
});

test("a socket that a dead process left behind is taken over", async () => {
  const script = `require("net").createServer().listen(${JSON.stringify(path())}, () => process.kill(process.pid, "SIGKILL"))`;
  await once(spawn(process.execPath, ["-e", script]), "close");
  expect(lstatSync(path()).isSocket()).toBe(true);
  await relay();
  expect(await query(folder, 5432)).toBe(true);
});

test("a socket on which somebody listens, and a file of another kind, are not", async () => {
  await relay();
  await expect(relay()).rejects.toMatchObject({ code: "EADDRINUSE" });
  expect(await query(folder, 5432)).toBe(true);
  const file = join(folder, "file");
  writeFileSync(file, "precious");
  const listener = new Listener({ path: file, mode: 0o600, loginsMax: 1, serve: async () => {} });
  await expect(listener.listen()).rejects.toMatchObject({ code: "EADDRINUSE" });
  expect(lstatSync(file).size).toBe(8);
});

test("what is demanded of connections on the network is not demanded here, and loopback's trust holds", async () => {
  const own = selfSignedCertificate(["localhost"]);
  await relay({
    certificate: () => servingCertificate(own.certificate, own.key),
    requireTls: true,
    clientCertificate: "VerifyFull",
    credentials: {
      mode: "Brokered",
      user: "postgres",
      password: async () => Buffer.alloc(0),
      clients: () => ({ kind: "trustLoopback" }),
      saltKey: Buffer.alloc(32),
    },
  });
  expect(await query(folder, 5432)).toBe(true);
  const client = await rawClient(path());
  client.send(SSL_REQUEST_PACKET);
  expect(await client.answer()).toBe("N");
  client.close();
});

test("a server's socket that is not there is named in the refusal", async () => {
  const upstream = { name: "shop", host: folder, port: 1, tls: { mode: "disable" } } as const;
  const started = await startRelay({ upstream });
  relays.push(started);
  await expect(query("127.0.0.1", started.port)).rejects.toMatchObject({
    code: "08006",
    message: `database "shop" at ${folder}/.s.PGSQL.1 cannot be reached: ENOENT`,
  });
});
