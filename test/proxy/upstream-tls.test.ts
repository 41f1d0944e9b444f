// To the server as libpq: for each sslmode and each kind of server, our connection comes about, or not, exactly as psql's does.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { makeCertificate, selfSignedCertificate } from "../../pkg/localdb/certificate.ts";
import { type LocalPostgres, startPostgres } from "../../pkg/localdb/start-postgres.ts";
import type { Credentials } from "../../pkg/proxy/credentials.ts";
import type { Upstream, UpstreamTls } from "../../pkg/proxy/upstream.ts";
import { psql, psqlIsHere } from "./psql.ts";
import { type Relay, startRelay } from "./relay.ts";

const modes = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] as const;
const admin = "host all postgres 127.0.0.1/32 trust";
/** What `pg_hba.conf` says about user `ana` on each server. */
const kinds = {
  "without TLS": [admin, "host all ana 127.0.0.1/32 trust"],
  "with TLS": [admin, "host all ana 127.0.0.1/32 trust"],
  "TLS demanded": [admin, "hostssl all ana 127.0.0.1/32 trust"],
  "TLS forbidden": [admin, "hostnossl all ana 127.0.0.1/32 trust"],
  "nobody let in": [admin],
} as const;
type Kind = keyof typeof kinds;

const folder = mkdtempSync(join(tmpdir(), "weir-ca-"));
chmodSync(folder, 0o755); // the server runs as somebody else
const clients = makeCertificate("the clients' authority", []);
const ana = makeCertificate("ana", [], { issuer: clients, usage: "clientAuth" });
const clientCa = join(folder, "clients.crt");
writeFileSync(clientCa, clients.certificate);

const servers = new Map<Kind | "certificates", LocalPostgres>();
const relays: Relay[] = [];

beforeAll(async () => {
  const starting = Object.entries(kinds).map(async ([kind, hba]) => {
    const server = await startPostgres({ tls: kind !== "without TLS", hba });
    servers.set(kind as Kind, server);
    await createAna(server);
  });
  await Promise.all(starting);
  const hba = [
    admin,
    "hostssl all ana 127.0.0.1/32 cert",
    "hostssl all carl 127.0.0.1/32 scram-sha-256 clientcert=verify-ca",
  ];
  const server = await startPostgres({ tls: true, hba, extraSettings: { ssl_ca_file: clientCa } });
  servers.set("certificates", server);
  await createAna(server);
});

afterAll(async () => {
  for (const relay of relays) await relay.close();
  for (const server of servers.values()) await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function createAna(server: LocalPostgres): Promise<void> {
  const client = new pg.Client({ host: "127.0.0.1", port: server.port, user: "postgres", database: "postgres" });
  await client.connect();
  await client.query("CREATE ROLE ana LOGIN; CREATE ROLE carl LOGIN PASSWORD 'carls'");
  await client.end();
}

function upstreamTls(mode: (typeof modes)[number], ca: string): UpstreamTls {
  return mode === "verify-ca" || mode === "verify-full" ? { mode, ca } : { mode };
}

const brokered: Credentials = {
  mode: "Brokered",
  user: "ana",
  password: async () => Buffer.from("unused"),
  clients: () => ({ kind: "trustLoopback" }),
  saltKey: Buffer.alloc(32),
};

async function relayTo(upstream: Upstream, credentials: Credentials = { mode: "PassThrough" }): Promise<Relay> {
  const relay = await startRelay({ upstream, credentials });
  relays.push(relay);
  return relay;
}

/** `TLS`, `plain`, or the SQLSTATE of why not. */
async function outcome(port: number): Promise<string> {
  const client = new pg.Client({ host: "127.0.0.1", port, user: "ana", database: "postgres" });
  try {
    await client.connect();
    const { rows } = await client.query("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()");
    await client.end();
    return rows[0].ssl ? "TLS" : "plain";
  } catch (error) {
    return (error as { code: string }).code;
  }
}

const expected: Readonly<Record<Kind, readonly string[]>> = {
  //                disable  allow    prefer   require  verify-ca verify-full
  "without TLS": ["plain", "plain", "plain", "08006", "08006", "08006"],
  "with TLS": ["plain", "plain", "TLS", "TLS", "TLS", "TLS"],
  "TLS demanded": ["28000", "TLS", "TLS", "TLS", "TLS", "TLS"],
  "TLS forbidden": ["plain", "plain", "plain", "28000", "28000", "28000"],
  "nobody let in": ["28000", "28000", "28000", "28000", "28000", "28000"],
};

describe.each(Object.keys(kinds) as Kind[])("a server %s", (kind) => {
  test.each(modes)("sslmode %s, relayed and brokered", async (mode) => {
    const server = servers.get(kind)!;
    const ca = server.certificate ?? selfSignedCertificate(["localhost"]).certificate;
    const upstream = { name: "shop", host: "localhost", port: server.port, tls: upstreamTls(mode, ca) };
    const found = await Promise.all([
      outcome((await relayTo(upstream)).port),
      outcome((await relayTo(upstream, brokered)).port),
    ]);
    const wanted = expected[kind][modes.indexOf(mode)]!;
    expect(found).toEqual([wanted, wanted]);
  });

  (psqlIsHere ? test : test.skip)("and psql gets the same", async () => {
    const server = servers.get(kind)!;
    const ca = server.certificate ?? selfSignedCertificate(["localhost"]).certificate;
    const root = join(folder, `${server.port}.crt`);
    writeFileSync(root, ca);
    const found = [];
    for (const mode of modes) {
      const certificates = mode.startsWith("verify") ? `sslrootcert=${root}` : "sslrootcert=/nonexistent";
      const settings = `host=localhost hostaddr=127.0.0.1 user=ana sslmode=${mode} ${certificates}`;
      const ran = await psql(server.port, settings, "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()");
      const refused = ran.err.includes("no pg_hba.conf entry") ? "28000" : "08006";
      found.push(ran.ok ? { t: "TLS", f: "plain" }[ran.out] : refused);
    }
    expect(found).toEqual(expected[kind]);
  });
});

test("a refusal that the second way does not mend is told once, in the server's words", async () => {
  const { port } = servers.get("nobody let in")!;
  for (const mode of ["allow", "prefer"] as const) {
    const relay = await relayTo({ name: "shop", host: "127.0.0.1", port, tls: { mode } });
    const client = new pg.Client({ host: "127.0.0.1", port: relay.port, user: "ana", database: "postgres" });
    await expect(client.connect()).rejects.toMatchObject({
      code: "28000",
      message: expect.stringMatching(/^no pg_hba.conf entry for host "127.0.0.1", user "ana"/),
    });
    expect(relay.outcomes).toMatchObject([{ outcome: "ended", why: "refusedByServer", sqlstate: "28000" }]);
  }
});

test("allow: where the server refuses plain and has no TLS, its own refusal is told", async () => {
  const server = await startPostgres({ hba: [admin] });
  const relay = await relayTo({ name: "shop", host: "127.0.0.1", port: server.port, tls: { mode: "allow" } });
  expect(await outcome(relay.port)).toBe("28000");
  await server.stop();
});

test("what the server negotiates is told once, also when the first way fails", async () => {
  const server = servers.get("TLS demanded")!;
  const relay = await relayTo({ name: "shop", host: "127.0.0.1", port: server.port, tls: { mode: "allow" } });
  const { rawClient } = await import("./raw-client.ts");
  const { encodeStartupMessage } = await import("../../pkg/wire/postgres/startup-packet.ts");
  const client = await rawClient(relay.port);
  client.send(
    encodeStartupMessage(0x3270f, [
      ["user", "ana"],
      ["database", "postgres"],
      ["_pq_.future", "1"],
    ]),
  );
  const types = (await client.until("Z")).map((frame) => frame.type).join("");
  expect(types).toMatch(/^vRS+KZ$/);
  client.close();
});

describe("our own certificate", () => {
  const upstream = (clientCertificate?: { certificate: string; key: string }): Upstream => ({
    name: "shop",
    host: "127.0.0.1",
    port: servers.get("certificates")!.port,
    tls: { mode: "require", ...(clientCertificate && { clientCertificate }) },
  });

  test("logs us in where the server asks for one (method cert)", async () => {
    expect(await outcome((await relayTo(upstream(ana), brokered)).port)).toBe("TLS");
  });

  test("lets nobody else in: a relayed login that it alone proves is refused", async () => {
    const relay = await relayTo(upstream(ana));
    const client = new pg.Client({ host: "127.0.0.1", port: relay.port, user: "ana", database: "postgres" });
    await expect(client.connect()).rejects.toMatchObject({
      code: "28000",
      message: 'database "shop" asks for no proof of this login beside Weir\'s own certificate',
    });
  });

  test("goes with a relayed login that has a proof of its own", async () => {
    const { port } = await relayTo(upstream(ana));
    const client = new pg.Client({ host: "127.0.0.1", port, user: "carl", password: "carls", database: "postgres" });
    await client.connect();
    await client.end();
    const without = await relayTo(upstream());
    const refused = new pg.Client({
      host: "127.0.0.1",
      port: without.port,
      user: "carl",
      password: "carls",
      database: "postgres",
    });
    await expect(refused.connect()).rejects.toMatchObject({ code: "28000" });
  });

  test("without it, with another's and with one of another authority the server refuses", async () => {
    expect(await outcome((await relayTo(upstream(), brokered)).port)).toBe("28000");
    const eve = makeCertificate("eve", [], { issuer: clients, usage: "clientAuth" });
    expect(await outcome((await relayTo(upstream(eve), brokered)).port)).toBe("28000");
    const forged = makeCertificate("ana", [], { issuer: makeCertificate("nobody", []) });
    expect(await outcome((await relayTo(upstream(forged), brokered)).port)).toBe("08006");
  });

  test("a renewed one counts at the next login", async () => {
    let current = makeCertificate("eve", [], { issuer: clients });
    const tls: UpstreamTls = {
      mode: "require",
      get clientCertificate() {
        return current;
      },
    };
    const relay = await relayTo({ ...upstream(), tls }, brokered);
    expect(await outcome(relay.port)).toBe("28000");
    current = ana;
    expect(await outcome(relay.port)).toBe("TLS");
  });
});

test("a renewed CA counts at the next login", async () => {
  const server = servers.get("with TLS")!;
  let ca = selfSignedCertificate(["localhost"]).certificate;
  const tls: UpstreamTls = {
    mode: "verify-full",
    get ca() {
      return ca;
    },
  };
  const relay = await relayTo({ name: "shop", host: "localhost", port: server.port, tls });
  expect(await outcome(relay.port)).toBe("08006");
  ca = server.certificate!;
  expect(await outcome(relay.port)).toBe("TLS");
});

test("the server may be known by another name than its host's", async () => {
  const server = servers.get("with TLS")!;
  const named = (serverName: string): Upstream => ({
    name: "shop",
    host: "127.0.0.1",
    port: server.port,
    tls: { mode: "verify-full", ca: server.certificate!, serverName },
  });
  expect(await outcome((await relayTo(named("localhost"))).port)).toBe("TLS");
  expect(await outcome((await relayTo(named("db.example"))).port)).toBe("08006");
});
