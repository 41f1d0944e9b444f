// A relay made of two byte sources gives back what went in, whatever sizes come, however slowly the far side reads, with the memory that
// reads share and reuse overwritten in between.
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { byteSource, SharedBuffer } from "../../pkg/proxy/byte-source.ts";

const shared = new SharedBuffer();
let server: Server;

/** Both ends of a connection. */
async function pair(): Promise<[Socket, Socket]> {
  server = createServer({ pauseOnConnect: true });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const near = connect((server.address() as AddressInfo).port, "127.0.0.1");
  const [far] = (await once(server, "connection")) as [Socket];
  server.close();
  if (near.connecting) await once(near, "connect");
  near.pause();
  return [near, far];
}

/** `bytes` numbered bytes, so that a slice in the wrong place shows. */
function numbered(from: number, bytes: number): Buffer {
  const made = Buffer.alloc(bytes);
  for (let at = 0; at < bytes; at++) made[at] = ((from + at) * 31 + ((from + at) >> 8)) & 0xff;
  return made;
}

async function relayed(chunks: "Kept" | "Lent", sizes: readonly number[], isSlow: boolean): Promise<Buffer> {
  const [sender, relayIn] = await pair();
  const [relayOut, receiver] = await pair();
  const kept: Buffer[] = [];
  const source = byteSource({
    socket: relayIn,
    shared,
    chunks,
    inUse: () => relayOut.writableLength > 0,
    take: (chunk) => {
      if (chunks === "Kept") kept.push(chunk);
      relayOut.write(chunk);
      source.setReading(!relayOut.writableNeedDrain);
    },
  });
  relayOut.on("drain", () => source.setReading(true));
  source.socket.on("end", () => relayOut.end());
  source.start();
  source.setReading(true);
  const found: Buffer[] = [];
  receiver.on("data", (chunk: Buffer) => {
    found.push(Buffer.from(chunk));
    if (!isSlow) return;
    receiver.pause();
    setTimeout(() => receiver.resume(), 1);
  });
  receiver.resume();
  let sent = 0;
  for (const size of sizes) {
    sender.write(numbered(sent, size));
    sent += size;
    if (size < 10_000) await delay(1);
  }
  sender.end();
  await once(receiver, "end");
  if (chunks === "Kept") expect(Buffer.concat(kept).equals(numbered(0, sent))).toBe(true);
  for (const socket of [sender, relayIn, relayOut, receiver]) socket.destroy();
  return Buffer.concat(found);
}

const small = Array.from({ length: 60 }, (_, n) => 1 + ((n * 37) % 900));
const large = [70_000, 1, 200_000, 4_096, 4_097, 65_536, 65_537, 1_500_000, ...small, 300_000];

test.each([
  ["small pieces, kept", "Kept", small, false],
  ["small pieces, lent", "Lent", small, false],
  ["large pieces, kept", "Kept", large, false],
  ["large pieces, lent", "Lent", large, false],
  ["large pieces to a slow reader", "Lent", large, true],
] as const)("%s", async (_, chunks, sizes, isSlow) => {
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  const found = await relayed(chunks, sizes, isSlow);
  expect(found.length).toBe(bytes);
  expect(found.equals(numbered(0, bytes))).toBe(true);
});

test("what was read before it took the socket over comes first", async () => {
  const [sender, socket] = await pair();
  socket.resume();
  const early: Buffer[] = [];
  const first = (chunk: Buffer) => early.push(chunk);
  socket.on("data", first);
  sender.write("one ");
  while (early.length === 0) await delay(1);
  socket.off("data", first);
  socket.pause();
  sender.write("two ");
  await delay(20);
  const found: Buffer[] = [];
  const source = byteSource({ socket, shared, chunks: "Kept", inUse: () => true, take: (chunk) => found.push(chunk) });
  source.start();
  source.setReading(true);
  sender.write("three");
  while (Buffer.concat(found).toString() !== "two three") await delay(1);
  sender.destroy();
  source.socket.destroy();
});

test("the end of the new socket is told by the old one, which others listen to", async () => {
  const [sender, socket] = await pair();
  const source = byteSource({ socket, shared, chunks: "Kept", inUse: () => true, take: () => {} });
  const closed = once(socket, "close");
  source.start();
  source.setReading(true);
  sender.end();
  await closed;
  expect(source.socket.destroyed).toBe(true);
});
