// Cancel requests: only keys of ours count, they reach the server that runs the statement, and unknown ones do nothing.
import { once } from "node:events";
import { connect } from "node:net";
import pg from "pg";
import { selfSignedCertificate } from "../../pkg/localdb/certificate.ts";
import { type LocalPostgres, startPostgres } from "../../pkg/localdb/start-postgres.ts";
import { CancelRegistry } from "../../pkg/proxy/cancel-registry.ts";
import { sendCancel } from "../../pkg/proxy/send-cancel.ts";
import { servingCertificate } from "../../pkg/proxy/serving-certificate.ts";
import { systemRandom } from "../../pkg/runtime/random.ts";
import { encodeCancelRequest } from "../../pkg/wire/postgres/startup-packet.ts";
import { type Relay, startRelay } from "./relay.ts";

const own = selfSignedCertificate(["localhost", "127.0.0.1"]);
const certificate = servingCertificate(own.certificate, own.key);

let server: LocalPostgres;
const relays: Relay[] = [];

beforeAll(async () => {
  server = await startPostgres({ tls: true });
});
afterAll(async () => {
  for (const relay of relays) await relay.close();
  await server.stop();
});

async function session(mode: "disable" | "require") {
  const upstream = { name: "shop", host: "127.0.0.1", port: server.port, tls: { mode } };
  const relay = await startRelay({ upstream, certificate: () => certificate });
  relays.push(relay);
  const client = new pg.Client({ host: "127.0.0.1", port: relay.port, user: "postgres", database: "postgres" });
  await client.connect();
  const loggedIn = relay.outcomes[0]!;
  if (loggedIn.outcome !== "loggedIn") throw new Error(loggedIn.reason);
  return { relay, client, loggedIn };
}

/** Sends the request and waits for the end of the connection, as libpq does. */
async function request(port: number, processId: number, secret: Buffer): Promise<void> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  socket.write(encodeCancelRequest({ processId, secret }));
  await once(socket.resume(), "close");
}

const running = async (client: pg.Client) => {
  const sleep = client.query("SELECT pg_sleep(60)").catch((error) => error);
  const watcher = new pg.Client({ host: "127.0.0.1", port: server.port, user: "postgres", database: "postgres" });
  await watcher.connect();
  const isRunning =
    "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active' AND wait_event = 'PgSleep'";
  while ((await watcher.query(isRunning)).rows.length === 0);
  await watcher.end();
  return { sleep };
};

test.each(["disable", "require"] as const)(
  "a client's own key cancels its statement, upstream tls %s",
  async (mode) => {
    const { relay, client, loggedIn } = await session(mode);
    const { key } = loggedIn.cancelRegistration!;
    const { sleep } = await running(client);
    await request(relay.port, key.processId, key.secret);
    expect(await sleep).toMatchObject({ code: "57014" });
    expect((await client.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
    await client.end();
  },
);

test("the client's key is not the server's, and the server's key is unknown to us", async () => {
  const { relay, client, loggedIn } = await session("disable");
  const { key } = loggedIn.cancelTarget!;
  expect(loggedIn.cancelRegistration!.key.processId).toBe(key.processId);
  expect(loggedIn.cancelRegistration!.key.secret).not.toEqual(key.secret);
  await request(relay.port, key.processId, key.secret);
  await request(relay.port, key.processId, Buffer.alloc(4));
  expect((await client.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
  await client.end();
});

test("sendCancel ends when its connection has ended; false when the server is gone", async () => {
  const { client, loggedIn } = await session("require");
  expect(await sendCancel(loggedIn.cancelTarget!)).toBe(true);
  await client.query("SELECT 1").catch(() => {});
  await client.end();
  const { address, key } = loggedIn.cancelTarget!;
  expect(await sendCancel({ key, address: { ...address, upstream: { ...address.upstream, port: 1 } } })).toBe(false);
});

test("a session may take over what a cancel does", async () => {
  const { relay, client, loggedIn } = await session("disable");
  const heard: string[] = [];
  loggedIn.cancelRegistration!.onCancel(async () => heard.push("cancel"));
  const { key } = loggedIn.cancelRegistration!;
  await request(relay.port, key.processId, key.secret);
  expect(heard).toEqual(["cancel"]);
  await client.end();
});

test("a key is forgotten with its session", async () => {
  const { relay, client } = await session("disable");
  expect(relay.options.cancels.size).toBe(1);
  await client.end();
  await relay.listener.drained();
  expect(relay.options.cancels.size).toBe(0);
});

test("keys of several servers with the same process id are told apart", async () => {
  const registry = new CancelRegistry(systemRandom);
  const heard: string[] = [];
  const first = registry.register(7, 4, async () => heard.push("first"));
  const second = registry.register(7, 32, async () => heard.push("second"));
  await registry.cancel(second.key);
  await registry.cancel(first.key);
  await registry.cancel({ processId: 7, secret: Buffer.alloc(4) });
  first.release();
  await registry.cancel(first.key);
  expect(heard).toEqual(["second", "first"]);
  expect(registry.size).toBe(1);
});
