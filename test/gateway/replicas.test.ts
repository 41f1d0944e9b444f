// Two gateways behind a balancer that knows nothing: a cancel request that reaches the other one has its effect all the same.

import type { AddressInfo } from "node:net";
import { connect, createServer, type Server, type Socket } from "node:net";
import type pg from "pg";
import { encodeQuery } from "../../pkg/wire/postgres/query.ts";
import { encodeCancelRequest } from "../../pkg/wire/postgres/startup-packet.ts";
import { eventually } from "../load/eventually.ts";
import { startIssuer, type TestIssuer } from "../support/issuer.ts";
import { startTestServer, type TestServer } from "../support/server.ts";
import type { SidecarProcess } from "../support/sidecar-process.ts";
import { connected, database, startGateway } from "./start-gateway.ts";

let server: TestServer;
let issuer: TestIssuer;
const gateways: SidecarProcess[] = [];
let balancer: Server;
let taken = 0;
/** Where cancel requests are taken. */
let ports: number[];

const balancedPort = () => (balancer.address() as AddressInfo).port;

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

beforeAll(async () => {
  [server, issuer] = await Promise.all([startTestServer(["app"]), startIssuer()]);
  await server.admin("CREATE DATABASE orders");
  await server.admin("GRANT pg_read_all_stats TO app");
  ports = [await freePort(), await freePort()];
  for (const port of ports)
    gateways.push(
      await startGateway({
        issuers: [issuer],
        policies: { "database.yaml": database("shop", "orders", server.port) },
        settings: {
          WEIR_GATEWAY_CANCELS: `127.0.0.1:${port}`,
          WEIR_GATEWAY_REPLICAS: ports.map((each) => `127.0.0.1:${each}`).join(","),
        },
      }),
    );
  balancer = createServer((client) => {
    const to = connect(gateways[taken++ % gateways.length]!.port, "127.0.0.1");
    for (const socket of [client, to]) socket.on("error", () => {});
    client.pipe(to).pipe(client);
    client.on("close", () => to.destroy());
    to.on("close", () => client.destroy());
  });
  await new Promise<void>((resolve) => balancer.listen(0, "127.0.0.1", resolve));
});

afterAll(async () => {
  balancer?.close();
  for (const gateway of gateways) await gateway.stop();
  await Promise.all([server?.stop(), issuer?.stop()]);
});

interface Keyed extends pg.Client {
  readonly processID: number;
  readonly secretKey: number;
}

const session = async (port: number) =>
  (await connected(port, { user: "ana", password: await issuer.token(), database: "orders" })) as Keyed;

const running = async (): Promise<number> =>
  Number(
    await server.admin(
      "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%pg_sleep(60%' AND pid <> pg_backend_pid()",
    ),
  );

function send(port: number, bytes: Buffer): Promise<Buffer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket: Socket = connect(port, "127.0.0.1", () => socket.write(bytes));
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.on("error", () => {});
    socket.on("close", () => resolve(Buffer.concat(chunks)));
  });
}

const keyOf = ({ processID: processId, secretKey }: Keyed) => {
  const secret = Buffer.alloc(4);
  secret.writeInt32BE(secretKey);
  return { processId, secret };
};

test("each of both turns of the balancer cancels the right statement, and that alone", async () => {
  const [mine, others] = [await session(balancedPort()), await session(balancedPort())];
  const other = others.query("SELECT pg_sleep(60)").catch((error: Error) => error.message);
  for (const turn of [0, 1]) {
    const slept = mine.query("SELECT pg_sleep(60.5)").catch(({ code }) => code);
    await eventually(async () => (await running()) === 2);
    taken = turn;
    await send(balancedPort(), encodeCancelRequest(keyOf(mine)));
    expect(await slept).toBe("57014");
    expect(await running()).toBe(1);
  }
  await send(balancedPort(), encodeCancelRequest(keyOf(others)));
  expect(await other).toContain("canceling statement");
  await Promise.all([mine.end(), others.end()]);
});

test("a key that is wrong in one byte, or another's process, cancels nothing anywhere", async () => {
  const [mine, others] = [await session(gateways[0]!.port), await session(gateways[1]!.port)];
  const slept = mine.query("SELECT pg_sleep(60)").catch(({ code }) => code);
  await eventually(async () => (await running()) === 1);
  const { processId, secret } = keyOf(mine);
  const wrong = Buffer.from(secret);
  wrong[3]! ^= 1;
  for (const { port } of gateways) {
    await send(port, encodeCancelRequest({ processId, secret: wrong }));
    await send(port, encodeCancelRequest({ processId: keyOf(others).processId, secret }));
  }
  expect(await running()).toBe(1);
  await send(gateways[1]!.port, encodeCancelRequest({ processId, secret }));
  expect(await slept).toBe("57014");
  await Promise.all([mine.end(), others.end()]);
});

test("where cancel requests are handed over nothing else is answered, and nothing is handed on", async () => {
  const mine = await session(gateways[0]!.port);
  const slept = mine.query("SELECT pg_sleep(60)").catch(({ code }) => code);
  await eventually(async () => (await running()) === 1);
  expect(await send(ports[0]!, encodeQuery(Buffer.from("SELECT 1")))).toEqual(Buffer.alloc(0));
  const startup = Buffer.from("\0\0\0\x12\0\x03\0\0user\0ana\0\0", "latin1");
  expect(await send(ports[0]!, startup)).toEqual(Buffer.alloc(0));
  await send(ports[1]!, encodeCancelRequest(keyOf(mine)));
  expect(await running()).toBe(1);
  await send(ports[0]!, encodeCancelRequest(keyOf(mine)));
  expect(await slept).toBe("57014");
  await mine.end();
});

test("a replica that is away holds nobody up", async () => {
  const gone = gateways[1]!;
  const mine = await session(gateways[0]!.port);
  await gone.stop();
  const slept = mine.query("SELECT pg_sleep(60)").catch(({ code }) => code);
  await eventually(async () => (await running()) === 1);
  await send(gateways[0]!.port, encodeCancelRequest({ processId: 1, secret: Buffer.alloc(4) }));
  await send(gateways[0]!.port, encodeCancelRequest(keyOf(mine)));
  expect(await slept).toBe("57014");
  await mine.end();
});
