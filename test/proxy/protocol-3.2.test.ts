// Protocol 3.2: cancel keys of any length on either side, and cancel requests that travel as their session does.
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import pg from "pg";
import { selfSignedCertificate } from "../../pkg/localdb/certificate.ts";
import { type LocalPostgres, startPostgres } from "../../pkg/localdb/start-postgres.ts";
import { servingCertificate } from "../../pkg/proxy/serving-certificate.ts";
import type { UpstreamTls } from "../../pkg/proxy/upstream.ts";
import { encodeAuthentication } from "../../pkg/wire/postgres/authentication.ts";
import { decodeBackendKeyData, encodeBackendKeyData } from "../../pkg/wire/postgres/backend-key-data.ts";
import { encodeReadyForQuery } from "../../pkg/wire/postgres/ready-for-query.ts";
import { encodeCancelRequest, encodeStartupMessage } from "../../pkg/wire/postgres/startup-packet.ts";
import { Libpq, libpqVersion, recentLibpqIsHere } from "./libpq.ts";
import { rawClient } from "./raw-client.ts";
import { type Relay, startRelay } from "./relay.ts";
import { type Sniffer, startSniffer } from "./sniffer.ts";

const own = selfSignedCertificate(["localhost", "127.0.0.1"]);
const certificate = servingCertificate(own.certificate, own.key);
const ends: (() => Promise<unknown>)[] = [];

async function relay(upstreamPort: number, tls: UpstreamTls = { mode: "disable" }): Promise<Relay> {
  const upstream = { name: "shop", host: "127.0.0.1", port: upstreamPort, tls };
  const started = await startRelay({ upstream, certificate: () => certificate });
  ends.push(() => started.close());
  return started;
}

async function sniffer(target: number): Promise<Sniffer> {
  const started = await startSniffer(target);
  ends.push(() => started.close());
  return started;
}

let server: LocalPostgres;
beforeAll(async () => {
  const hba = ["hostssl all secret 127.0.0.1/32 trust", "host all postgres 127.0.0.1/32 trust"];
  server = await startPostgres({ tls: true, hba });
  const admin = new pg.Client({ host: "127.0.0.1", port: server.port, user: "postgres", database: "postgres" });
  await admin.connect();
  await admin.query("CREATE ROLE secret LOGIN IN ROLE pg_read_all_stats");
  await admin.end();
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});
afterAll(() => server.stop());

describe("a server with keys of its own length", () => {
  let heard: Buffer[] = [];
  let secret: Buffer;
  let fake: Server;
  const sockets = new Set<Socket>();
  beforeAll(async () => {
    fake = createServer((socket) => {
      sockets.add(socket.on("error", () => {}));
      socket.once("data", (first) => {
        heard.push(first);
        if (first.readUInt32BE(4) === 80877102) return void socket.end();
        const key = encodeBackendKeyData({ processId: 7, secret });
        socket.write(Buffer.concat([encodeAuthentication({ method: "ok" }), key, encodeReadyForQuery("I")]));
      });
    }).listen(0, "127.0.0.1");
    await once(fake, "listening");
  });
  beforeEach(() => {
    heard = [];
  });
  afterAll(() => {
    for (const socket of sockets) socket.destroy();
    fake.close();
  });

  test.each([4, 8, 31, 32, 255, 256])(
    "%i bytes: the client gets a key of ours, and with it the server gets its own",
    async (bytes) => {
      secret = Buffer.alloc(bytes, 0xab);
      const { port } = await relay((fake.address() as AddressInfo).port);
      const client = await rawClient(port);
      client.send(encodeStartupMessage(0x30002, [["user", "ana"]]));
      const key = decodeBackendKeyData((await client.until("Z")).find((frame) => frame.type === "K")!.body);
      expect(key.processId).toBe(7);
      expect(key.secret).toHaveLength(32);
      const canceller = await rawClient(port);
      canceller.send(encodeCancelRequest(key));
      await canceller.rest();
      expect(heard.slice(1)).toEqual([encodeCancelRequest({ processId: 7, secret })]);
      client.close();
    },
  );

  test.each([0, 3, 257])("%i bytes are no key: the login ends", async (bytes) => {
    secret = Buffer.alloc(bytes);
    const { port, outcomes } = await relay((fake.address() as AddressInfo).port);
    const client = await rawClient(port);
    client.send(encodeStartupMessage(0x30002, [["user", "ana"]]));
    await client.rest();
    expect(outcomes).toMatchObject([{ outcome: "ended", sqlstate: "08P01" }]);
  });
});

const cases: readonly (readonly [string, UpstreamTls["mode"], string, readonly string[]])[] = [
  ["disable", "disable", "postgres", ["StartupMessage", "CancelRequest"]],
  ["require", "require", "postgres", ["SSLRequest", "SSLRequest"]],
  ["prefer, encrypted", "prefer", "postgres", ["SSLRequest", "SSLRequest"]],
  ["allow, plain", "allow", "postgres", ["StartupMessage", "CancelRequest"]],
  ["allow, encrypted", "allow", "secret", ["StartupMessage", "SSLRequest", "SSLRequest"]],
];
test.each(cases)("to the server a cancel goes as its session does: %s", async (_name, mode, user, firsts) => {
  const between = await sniffer(server.port);
  const { port, outcomes } = await relay(between.port, { mode } as UpstreamTls);
  const client = new pg.Client({ host: "127.0.0.1", port, user, database: "postgres" });
  await client.connect();
  const sleep = client.query("SELECT pg_sleep(60)").catch((error) => error);
  const [loggedIn] = outcomes;
  if (loggedIn?.outcome !== "loggedIn") throw new Error("not logged in");
  const watcher = new pg.Client({ host: "127.0.0.1", port: server.port, user: "postgres", database: "postgres" });
  await watcher.connect();
  const running = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND usename = $1";
  while ((await watcher.query(running, [user])).rows.length === 0);
  await watcher.end();
  const canceller = await rawClient(port);
  canceller.send(encodeCancelRequest(loggedIn.cancelRegistration!.key));
  await canceller.rest();
  expect(await sleep).toMatchObject({ code: "57014" });
  expect(between.firsts).toEqual(firsts);
  await client.end();
});

(recentLibpqIsHere ? describe : describe.skip)("a recent libpq cancels", () => {
  let libpq: Libpq;
  beforeAll(() => {
    libpq = new Libpq();
  });
  afterAll(() => libpq.close());
  const newest = libpqVersion >= 180_000 ? "max_protocol_version=3.2" : "";
  const watcher = () => `host=127.0.0.1 port=${server.port} user=postgres dbname=postgres`;

  test.each([
    ["disable", "", ["StartupMessage", "CancelRequest"]],
    ["require", "", ["SSLRequest", "SSLRequest"]],
    ["require", "sslnegotiation=direct", ["TLS", "TLS"]],
  ])("with sslmode=%s %s, over a connection of the same kind", async (sslmode, more, firsts) => {
    const { port } = await relay(server.port, { mode: "require" });
    const between = await sniffer(port);
    const conninfo = `host=127.0.0.1 port=${between.port} user=postgres dbname=postgres gssencmode=disable sslmode=${sslmode} ${more} ${newest}`;
    const answer = await libpq.run(conninfo, "SELECT pg_sleep(60)", watcher());
    expect(answer).toMatchObject({ ok: false, sqlstate: "57014" });
    expect(between.firsts).toEqual(firsts);
    const { info } = await libpq.run(conninfo, "SELECT 1");
    expect(info).toMatchObject({ ssl: sslmode === "require", protocol: newest === "" ? 30_000 : 30_002 });
  });
});
