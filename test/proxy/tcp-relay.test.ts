// Other ports of a governed host, relayed between real sockets.
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { buffer, text } from "node:stream/consumers";
import { createRelays, type Relays } from "../../pkg/proxy/tcp-relay.ts";

const servers: Server[] = [];
const sockets: Socket[] = [];
let relays: Relays | undefined;
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) server.close();
  await relays?.drain(0);
});

async function serve(onConnection: (socket: Socket) => void): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket.on("error", () => {}));
    onConnection(socket);
  }).listen(0, "127.0.0.1");
  servers.push(server);
  await once(server, "listening");
  return (server.address() as { port: number }).port;
}

async function relayTo(port: number, connections = 10): Promise<() => Socket> {
  const listen = { host: "127.0.0.1", port: 0 };
  relays = createRelays([{ listen, target: { host: "127.0.0.1", port } }], { connections });
  const [taken] = await relays.start();
  return () => {
    const socket = connect({ host: "127.0.0.1", port: taken!, allowHalfOpen: true }).on("error", () => {});
    sockets.push(socket);
    return socket;
  };
}

/** How it ended: whether with an error. */
const end = (socket: Socket) => new Promise<boolean>((resolve) => socket.resume().once("close", resolve));

test("bytes pass both ways untouched, and a half-close is a half-close", async () => {
  const dial = await relayTo(
    await serve(async (socket) => {
      const asked = await buffer(socket); // ends with the client's half-close
      socket.end(`${asked.length} bytes, then the answer`);
    }),
  );
  const client = dial();
  client.end(Buffer.alloc(3_000_000, 7));
  expect(await text(client)).toBe("3000000 bytes, then the answer");
  expect(relays!.counters()).toMatchObject({ total: 1, refusedTotal: 0, failedTotal: 0, bytesTotal: 3_000_031 - 1 });
});

test("a peer that does not read holds the other back instead of filling memory", async () => {
  const accepted = Promise.withResolvers<Socket>();
  const dial = await relayTo(await serve((socket) => accepted.resolve(socket.pause())));
  const client = dial();
  const slow = await accepted.promise;
  const block = Buffer.alloc(1 << 20);
  let handedOver = 0;
  for (; handedOver < 64; handedOver++) {
    const taken = await Promise.race([
      new Promise((resolve) => client.write(block, () => resolve(true))),
      new Promise((resolve) => setTimeout(resolve, 300, false)),
    ]);
    if (!taken) break;
  }
  expect(handedOver).toBeLessThan(64); // kernel buffers only
  client.end();
  expect((await buffer(slow)).length).toBe((handedOver + 1) * block.length);
});

test("a reset of one side resets the other", async () => {
  const accepted = Promise.withResolvers<Socket>();
  const dial = await relayTo(await serve((socket) => accepted.resolve(socket)));
  const client = dial();
  const server = await accepted.promise;
  server.resetAndDestroy();
  expect(await end(client)).toBe(true);
});

test("above the limit a connection is closed, and a place that is given back counts again", async () => {
  const dial = await relayTo(await serve((socket) => socket.pipe(socket)), 1);
  const first = dial();
  first.write("x");
  await once(first, "data");
  expect(await end(dial())).toBe(true);
  expect(relays!.counters()).toMatchObject({ open: 1, refusedTotal: 1 });
  first.end();
  await end(first);
  while (relays!.counters().open > 0) await new Promise(setImmediate);
  const next = dial();
  next.write("y");
  expect(String((await once(next, "data"))[0])).toBe("y");
});

test("a target that cannot be reached closes the connection and is counted", async () => {
  const port = await serve(() => {});
  servers.pop()!.close();
  const dial = await relayTo(port);
  expect(await end(dial())).toBe(true);
  expect(relays!.counters()).toMatchObject({ total: 1, failedTotal: 1 });
});

test("a drain ends what has not ended in time", async () => {
  const dial = await relayTo(await serve((socket) => socket.pipe(socket)));
  const client = dial();
  client.write("x");
  await once(client, "data");
  const closed = end(client);
  await relays!.drain(10);
  expect(await closed).toBe(true);
  expect(relays!.counters().open).toBe(0);
});
