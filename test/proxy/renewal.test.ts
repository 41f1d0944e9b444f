// Certificates that change while everything runs: the server's, and ours on disk. Sessions stay, the next login sees the new one.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { connect as connectTls } from "node:tls";
import pg from "pg";
import { type ServerCertificate, selfSignedCertificate } from "../../pkg/localdb/certificate.ts";
import { type LocalPostgres, startPostgres } from "../../pkg/localdb/start-postgres.ts";
import { servingCertificate } from "../../pkg/proxy/serving-certificate.ts";
import { startSidecar } from "../support/sidecar-process.ts";
import { type Relay, startRelay } from "./relay.ts";

let server: LocalPostgres;
const files = () => ({
  certificate: join(server.dataDir, "../server.crt"),
  key: join(server.dataDir, "../server.key"),
});

beforeAll(async () => {
  const hba = ["host all postgres 127.0.0.1/32 trust", "host all all 127.0.0.1/32 scram-sha-256"];
  server = await startPostgres({ tls: true, hba });
  const admin = await administrator();
  await admin.query("CREATE ROLE ana LOGIN PASSWORD 'sesame'");
  await admin.end();
});
afterAll(() => server.stop());

async function administrator(): Promise<pg.Client> {
  const admin = new pg.Client({ host: "127.0.0.1", port: server.port, user: "postgres", database: "postgres" });
  await admin.connect();
  return admin;
}

/** The server's certificate from its next connection on. */
async function renewServer(): Promise<ServerCertificate> {
  const renewed = selfSignedCertificate(["localhost", "127.0.0.1"]);
  const { certificate, key } = files();
  writeFileSync(certificate, renewed.certificate);
  writeFileSync(key, renewed.key);
  const admin = await administrator();
  await admin.query("SELECT pg_reload_conf()");
  await admin.end();
  while ((await shown(server.port)) !== fingerprint(renewed)); // the postmaster reloads in its own time
  return renewed;
}

const fingerprint = ({ certificate }: ServerCertificate) =>
  servingCertificate(certificate, keyOf(certificate)).der.toString("hex");
const keys = new Map<string, string>();
const keyOf = (certificate: string) => keys.get(certificate) ?? readFileSync(files().key, "utf8");

/** What a client of `port` sees. */
async function shown(port: number): Promise<string> {
  const client = new pg.Client({
    host: "127.0.0.1",
    port,
    user: "postgres",
    database: "postgres",
    ssl: { rejectUnauthorized: false },
  });
  await client.connect();
  const { stream } = (client as unknown as { connection: { stream: ReturnType<typeof connectTls> } }).connection;
  const { raw } = stream.getPeerX509Certificate()!;
  await client.end();
  return raw.toString("hex");
}

test("a server that renews its certificate: channel binding passes again once ours is renewed too", async () => {
  const pair = () => ({
    certificate: readFileSync(files().certificate, "utf8"),
    key: readFileSync(files().key, "utf8"),
  });
  let ours = pair();
  const relay: Relay = await startRelay({
    upstream: { name: "shop", host: "127.0.0.1", port: server.port, tls: { mode: "require" } },
    certificate: () => servingCertificate(ours.certificate, ours.key),
  });
  const log = () => {
    const client = new pg.Client({
      host: "127.0.0.1",
      port: relay.port,
      user: "ana",
      password: "sesame",
      database: "postgres",
      ssl: { rejectUnauthorized: false },
      enableChannelBinding: true,
    } as pg.ClientConfig);
    let mechanisms: readonly string[] = [];
    (client as unknown as { connection: NodeJS.EventEmitter }).connection.on("authenticationSASL", (message) => {
      mechanisms = message.mechanisms;
    });
    return client.connect().then(() => ({ client, mechanisms }));
  };
  const before = await log();
  expect(before.mechanisms).toEqual(["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"]);
  await renewServer();
  const between = await log();
  expect(between.mechanisms).toEqual(["SCRAM-SHA-256"]);
  ours = pair();
  const after = await log();
  expect(after.mechanisms).toEqual(["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"]);
  for (const { client } of [before, between, after]) {
    expect((await client.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
    await client.end();
  }
  await relay.close();
});

test("the sidecar's own, replaced on disk: the next login shows it; a broken one leaves the last good one and is logged", async () => {
  const [first, second] = [selfSignedCertificate(["first.example"]), selfSignedCertificate(["second.example"])];
  for (const one of [first, second]) keys.set(one.certificate, one.key);
  const sidecar = await startSidecar(server.port, {
    files: { "tls.crt": first.certificate, "tls.key": first.key },
    settings: (folder) => ({ WEIR_TLS_CERTIFICATE: join(folder, "tls.crt"), WEIR_TLS_KEY: join(folder, "tls.key") }),
  });
  try {
    const session = new pg.Client({
      host: "127.0.0.1",
      port: sidecar.port,
      user: "postgres",
      database: "postgres",
      ssl: { ca: first.certificate, servername: "first.example" },
    });
    await session.connect();
    expect(await shown(sidecar.port)).toBe(fingerprint(first));

    sidecar.put("tls.crt", "-----BEGIN CERTIFICATE-----\nbroken\n-----END CERTIFICATE-----\n");
    while (!sidecar.log().includes('"event":"tls.certificate"'))
      expect(await shown(sidecar.port)).toBe(fingerprint(first));

    sidecar.put("tls.crt", second.certificate);
    sidecar.put("tls.key", second.key);
    while ((await shown(sidecar.port)) !== fingerprint(second));
    expect((await session.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
    await session.end();
  } finally {
    await sidecar.stop();
  }
});
