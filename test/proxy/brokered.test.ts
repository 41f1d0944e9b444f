// The sidecar holds the server's password; clients prove themselves to the sidecar and never see it.
import { randomBytes } from "node:crypto";
import pg from "pg";
import { selfSignedCertificate } from "../../pkg/localdb/certificate.ts";
import { type LocalPostgres, startPostgres } from "../../pkg/localdb/start-postgres.ts";
import type { Brokered, ClientSecret } from "../../pkg/proxy/credentials.ts";
import { parseVerifier } from "../../pkg/proxy/scram-keys.ts";
import { servingCertificate } from "../../pkg/proxy/serving-certificate.ts";
import { psql, psqlIsHere } from "./psql.ts";
import { type Relay, startRelay } from "./relay.ts";

const own = selfSignedCertificate(["localhost", "127.0.0.1"]);
const certificate = servingCertificate(own.certificate, own.key);
const services = ["svc_plain", "svc_md5", "svc_scram", "svc_trust"] as const;
const clients = new Map<string, ClientSecret>([
  ["ana", { kind: "password", password: Buffer.from("ánas secret") }],
  ["local", { kind: "trustLoopback" }],
]);

let server: LocalPostgres;
const relays: Relay[] = [];

beforeAll(async () => {
  server = await startPostgres({
    tls: true,
    hba: [
      "host all svc_plain 127.0.0.1/32 password",
      "host all svc_md5 127.0.0.1/32 md5",
      "host all svc_scram 127.0.0.1/32 scram-sha-256",
      "host all svc_trust 127.0.0.1/32 trust",
      "host all postgres 127.0.0.1/32 trust",
    ],
  });
  const admin = new pg.Client({ host: "127.0.0.1", port: server.port, user: "postgres", database: "postgres" });
  await admin.connect();
  for (const service of services) {
    await admin.query(`SET password_encryption = '${service === "svc_md5" ? "md5" : "scram-sha-256"}'`);
    await admin.query(`CREATE ROLE ${service} LOGIN PASSWORD 'held by us'`);
  }
  await admin.query("CREATE ROLE bob PASSWORD 'bobs secret'");
  const { rows } = await admin.query("SELECT rolpassword FROM pg_authid WHERE rolname = 'bob'");
  clients.set("bob", { kind: "verifier", verifier: parseVerifier(rows[0].rolpassword)! });
  await admin.end();
});

afterAll(async () => {
  for (const relay of relays) await relay.close();
  await server.stop();
});

async function relay(user: string, upstreamTls: "disable" | "require", password = "held by us"): Promise<Relay> {
  const credentials: Brokered = {
    mode: "Brokered",
    user,
    password: async () => Buffer.from(password),
    clients: (login) => clients.get(login),
    saltKey: randomBytes(32),
  };
  const upstream = { name: "shop", host: "127.0.0.1", port: server.port, tls: { mode: upstreamTls } };
  const started = await startRelay({ upstream, credentials, certificate: () => certificate });
  relays.push(started);
  return started;
}

const connect = async (port: number, user: string, password?: string, ssl?: object) => {
  const client = new pg.Client({
    host: "127.0.0.1",
    port,
    user,
    database: "postgres",
    ...(password !== undefined && { password }),
    ...(ssl && { ssl }),
  });
  await client.connect();
  return client;
};

describe.each(services)("as %s", (service) => {
  test.each(["disable", "require"] as const)("to the server with tls %s", async (mode) => {
    const { port } = await relay(service, mode);
    const client = await connect(port, "ana", "ánas secret");
    const { rows } = await client.query(
      "SELECT current_user AS who, ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
    );
    expect(rows).toEqual([{ who: service, ssl: mode === "require" }]);
    await client.end();
  });
});

describe("a client proves itself to us", () => {
  let port: number;
  beforeAll(async () => {
    port = (await relay("svc_scram", "require")).port;
  });

  test("by PostgreSQL's own verifier", async () => {
    const client = await connect(port, "bob", "bobs secret");
    await client.end();
  });

  test.each([
    ["a wrong password", "ana", "wrong"],
    ["a wrong password against a verifier", "bob", "wrong"],
    ["a login that nobody configured", "mallory", "anything"],
    ["the server's own login", "svc_scram", "held by us"],
  ])("%s is refused in PostgreSQL's words", async (_name, user, password) => {
    await expect(connect(port, user, password)).rejects.toMatchObject({
      code: "28P01",
      severity: "FATAL",
      message: `password authentication failed for user "${user}"`,
    });
  });

  test("loopback may be trusted", async () => {
    const client = await connect(port, "local");
    await client.end();
  });

  const whenPsql = psqlIsHere ? test : test.skip;
  whenPsql("psql binds the channel over TLS, also when it insists", async () => {
    for (const settings of [
      "sslmode=disable",
      "sslmode=require",
      "sslmode=require channel_binding=require",
      "sslmode=require channel_binding=disable",
    ]) {
      const ran = await psql(port, `user=ana password='ánas secret' ${settings}`, "SELECT current_user");
      expect(ran).toEqual({ ok: true, out: "svc_scram", err: "" });
    }
    const wrong = await psql(port, "user=ana password=wrong sslmode=require", "SELECT 1");
    expect(wrong.err).toContain('FATAL:  password authentication failed for user "ana"');
  });
});

test("when our own password is wrong, the client hears so, but not whose it is", async () => {
  const { port } = await relay("svc_scram", "require", "stale");
  const error = await connect(port, "ana", "ánas secret").catch((refused) => refused);
  expect(error).toMatchObject({
    code: "28000",
    severity: "FATAL",
    message: 'Weir could not log in to database "shop" (28P01)',
  });
  expect(error.hint).toContain("credentials");
  expect(JSON.stringify(error)).not.toContain("svc_scram");
});

test("settings and database are the client's", async () => {
  const { port } = await relay("svc_scram", "disable");
  const client = new pg.Client({
    host: "127.0.0.1",
    port,
    user: "ana",
    password: "ánas secret",
    database: "template1",
    application_name: "till",
    options: "-c statement_timeout=1234",
  });
  await client.connect();
  const { rows } = await client.query(
    "SELECT current_database() AS db, current_setting('application_name') AS app, current_setting('statement_timeout') AS timeout",
  );
  expect(rows).toEqual([{ db: "template1", app: "till", timeout: "1234ms" }]);
  await client.end();
});
