// The client's own login, relayed to a real server: psql (libpq), node-postgres and postgres.js log in as if nothing stood between.
import type { LookupFunction } from "node:net";
import pg from "pg";
import postgres from "postgres";
import { selfSignedCertificate } from "../../pkg/localdb/certificate.ts";
import { type LocalPostgres, startPostgres } from "../../pkg/localdb/start-postgres.ts";
import { servingCertificate } from "../../pkg/proxy/serving-certificate.ts";
import type { UpstreamTls } from "../../pkg/proxy/upstream.ts";
import { psql, psqlIsHere } from "./psql.ts";
import { type Relay, startRelay } from "./relay.ts";

const logins = ["trust_user", "plain_user", "md5_user", "scram_user"] as const;
const hba = [
  "host all trust_user 127.0.0.1/32 trust",
  "host all plain_user 127.0.0.1/32 password",
  "host all md5_user 127.0.0.1/32 md5",
  "host all scram_user 127.0.0.1/32 scram-sha-256",
  "host all postgres 127.0.0.1/32 trust",
];
const own = selfSignedCertificate(["localhost", "127.0.0.1"]);
const certificate = servingCertificate(own.certificate, own.key);

let server: LocalPostgres;
const relays = new Map<string, Relay>();

beforeAll(async () => {
  server = await startPostgres({ tls: true, hba });
  await createLogins();
  for (const upstreamTls of ["disable", "require", "verify-ca", "verify-full"] as const) {
    relays.set(upstreamTls, await startRelay({ upstream: upstream(upstreamTls), certificate: () => certificate }));
  }
  relays.set("plain client", await startRelay({ upstream: upstream("require") }));
});

afterAll(async () => {
  for (const relay of relays.values()) await relay.close();
  await server.stop();
});

async function createLogins(): Promise<void> {
  const admin = new pg.Client({ host: "127.0.0.1", port: server.port, user: "postgres", database: "postgres" });
  await admin.connect();
  for (const login of logins) {
    await admin.query(`SET password_encryption = '${login === "md5_user" ? "md5" : "scram-sha-256"}'`);
    await admin.query(`CREATE ROLE ${login} LOGIN PASSWORD 'pässword'`);
  }
  await admin.end();
}

function upstream(mode: UpstreamTls["mode"]) {
  const tls: UpstreamTls = mode === "disable" || mode === "require" ? { mode } : { mode, ca: server.certificate! };
  return { name: "shop", host: mode === "verify-full" ? "localhost" : "127.0.0.1", port: server.port, tls };
}

const portOf = (relay: string) => relays.get(relay)!.port;

describe.each(["disable", "require", "verify-full"])("upstream tls %s", (mode) => {
  test.each(logins)("node-postgres logs in as %s, plain", async (user) => {
    const client = new pg.Client({
      host: "127.0.0.1",
      port: portOf(mode),
      user,
      password: "pässword",
      database: "postgres",
    });
    await client.connect();
    const { rows } = await client.query(
      "SELECT current_user AS who, ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
    );
    expect(rows).toEqual([{ who: user, ssl: mode !== "disable" }]);
    await client.end();
  });

  test.each(logins)("node-postgres logs in as %s over TLS", async (user) => {
    const ssl = { ca: own.certificate, servername: "localhost" };
    const client = new pg.Client({
      host: "127.0.0.1",
      port: portOf(mode),
      user,
      password: "pässword",
      database: "postgres",
      ssl,
    });
    await client.connect();
    expect((await client.query("SELECT current_user AS who")).rows).toEqual([{ who: user }]);
    await client.end();
  });

  test.each(logins)("postgres.js logs in as %s, plain and over TLS", async (user) => {
    for (const ssl of [false, { ca: own.certificate, servername: "localhost" }]) {
      const sql = postgres({
        host: "127.0.0.1",
        port: portOf(mode),
        user,
        password: "pässword",
        database: "postgres",
        ssl,
        max: 1,
      });
      expect([...(await sql`SELECT current_user AS who`)]).toEqual([{ who: user }]);
      await sql.end();
    }
  });

  (psqlIsHere ? test : test.skip).each(logins)("psql logs in as %s with every sslmode", async (user) => {
    for (const sslmode of ["disable", "allow", "prefer", "require"]) {
      const ran = await psql(portOf(mode), `user=${user} password=pässword sslmode=${sslmode}`, "SELECT current_user");
      expect(ran).toEqual({ ok: true, out: user, err: "" });
    }
  });

  test.each(["plain_user", "md5_user", "scram_user"])(
    "a wrong password of %s gives the server's own error",
    async (user) => {
      const errorOf = async (port: number, ssl?: object) => {
        const client = new pg.Client({
          host: "127.0.0.1",
          port,
          user,
          password: "wrong",
          database: "postgres",
          ...(ssl && { ssl }),
        });
        return client.connect().then(
          () => "logged in",
          (error: Error) => ({ ...error, message: error.message }),
        );
      };
      const direct = await errorOf(server.port);
      expect(direct).toMatchObject({
        code: "28P01",
        severity: "FATAL",
        message: `password authentication failed for user "${user}"`,
      });
      expect(await errorOf(portOf(mode))).toEqual(direct);
      expect(await errorOf(portOf(mode), { ca: own.certificate, servername: "localhost" })).toEqual(direct);
    },
  );
});

test("an absent database is refused in the server's words", async () => {
  const client = new pg.Client({ host: "127.0.0.1", port: portOf("require"), user: "trust_user", database: "nowhere" });
  await expect(client.connect()).rejects.toMatchObject({ code: "3D000", message: 'database "nowhere" does not exist' });
});

const whenPsql = psqlIsHere ? describe : describe.skip;

whenPsql("SCRAM and channel binding (docs/design.md section 8)", () => {
  const scram = (relay: string, settings: string) =>
    psql(
      portOf(relay),
      `user=scram_user password=pässword ${settings}`,
      "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
    );

  test("client TLS, upstream TLS: libpq says y, so the password is asked over TLS and we log in", async () => {
    expect(await scram("require", "sslmode=require")).toEqual({ ok: true, out: "t", err: "" });
  });

  test("client TLS, upstream TLS, channel_binding=disable: libpq says n, the exchange is relayed", async () => {
    expect(await scram("require", "sslmode=require channel_binding=disable")).toEqual({ ok: true, out: "t", err: "" });
  });

  test("client TLS, upstream plain: y is true there, the exchange is relayed", async () => {
    expect(await scram("disable", "sslmode=require")).toEqual({ ok: true, out: "f", err: "" });
  });

  test("client plain, upstream TLS: n, relayed", async () => {
    expect(await scram("plain client", "sslmode=prefer")).toEqual({ ok: true, out: "t", err: "" });
  });

  test("channel_binding=require is refused by libpq itself: nothing to bind to is offered", async () => {
    const ran = await scram("require", "sslmode=require channel_binding=require");
    expect(ran.ok).toBe(false);
    expect(ran.err).toMatch(/channel binding/);
  });

  test("with the server's own certificate and key -PLUS stays, and channel_binding=require works", async () => {
    const { readFileSync } = await import("node:fs");
    const key = readFileSync(`${server.dataDir}/../server.key`, "utf8");
    const shared = servingCertificate(server.certificate!, key);
    const relay = await startRelay({ upstream: upstream("require"), certificate: () => shared });
    const ran = await psql(
      relay.port,
      "user=scram_user password=pässword sslmode=require channel_binding=require",
      "SELECT 1",
    );
    expect(ran).toEqual({ ok: true, out: "1", err: "" });
    await relay.close();
  });
});

test("a server certificate that our CA did not sign is refused before any login", async () => {
  const other = selfSignedCertificate(["localhost"]).certificate;
  const relay = await startRelay({ upstream: { ...upstream("verify-full"), tls: { mode: "verify-full", ca: other } } });
  const client = new pg.Client({ host: "127.0.0.1", port: relay.port, user: "trust_user", database: "postgres" });
  await expect(client.connect()).rejects.toMatchObject({
    code: "08006",
    message: expect.stringContaining("could not be encrypted"),
  });
  await relay.close();
});

test("verify-full compares the host's name, verify-ca does not", async () => {
  const lookup = ((_host, options, done) =>
    options.all ? done(null, [{ address: "127.0.0.1", family: 4 }]) : done(null, "127.0.0.1", 4)) as LookupFunction;
  const login = async (mode: "verify-ca" | "verify-full") => {
    const elsewhere = { name: "shop", host: "elsewhere.example", port: server.port, lookup };
    const relay = await startRelay({ upstream: { ...elsewhere, tls: { mode, ca: server.certificate! } } });
    const client = new pg.Client({ host: "127.0.0.1", port: relay.port, user: "trust_user", database: "postgres" });
    const outcome = await client.connect().then(
      () => client.end(),
      (error: { code: string }) => error.code,
    );
    await relay.close();
    return outcome;
  };
  expect(await login("verify-full")).toBe("08006");
  expect(await login("verify-ca")).toBeUndefined();
});
