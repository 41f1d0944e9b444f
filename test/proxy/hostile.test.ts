// Hostile peers during login: whatever they send, the login ends by itself, the program goes on, and nothing is left open.
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import fc from "fast-check";
import { selfSignedCertificate } from "../../pkg/localdb/certificate.ts";
import { servingCertificate } from "../../pkg/proxy/serving-certificate.ts";
import { encodeAuthentication } from "../../pkg/wire/postgres/authentication.ts";
import { encodeBackendKeyData } from "../../pkg/wire/postgres/backend-key-data.ts";
import { encodeParameterStatus } from "../../pkg/wire/postgres/parameter-status.ts";
import { encodePassword } from "../../pkg/wire/postgres/password-message.ts";
import { encodeReadyForQuery } from "../../pkg/wire/postgres/ready-for-query.ts";
import { encodeStartupMessage, SSL_REQUEST_PACKET } from "../../pkg/wire/postgres/startup-packet.ts";
import { type Relay, startRelay } from "./relay.ts";

const own = selfSignedCertificate(["localhost"]);
const certificate = servingCertificate(own.certificate, own.key);

let answer: Buffer = Buffer.alloc(0);
const upstreams = new Set<Socket>();
let heard: Buffer[] = [];
let server: Server;
let relay: Relay;

beforeAll(async () => {
  server = createServer((socket) => {
    upstreams.add(socket);
    socket.on("error", () => {}).on("close", () => upstreams.delete(socket));
    socket.on("data", (chunk) => heard.push(chunk));
    socket.end(answer);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const upstream = { name: "shop", host: "127.0.0.1", port, tls: { mode: "disable" } } as const;
  relay = await startRelay({ upstream, certificate: () => certificate, timeLimitMs: 2_000 });
});
afterAll(async () => {
  await relay.close();
  server.close();
});

const startup = encodeStartupMessage(0x30002, [["user", "ana"]]);
const serverTalk = Buffer.concat([
  encodeAuthentication({ method: "cleartext" }),
  encodeAuthentication({ method: "ok" }),
  encodeParameterStatus("server_version", "18"),
  encodeBackendKeyData({ processId: 1, secret: Buffer.alloc(32) }),
  encodeReadyForQuery("I"),
]);

/** Sends `pieces` one write each, leaves, and waits until the relay has forgotten the connection. */
async function play(pieces: readonly Buffer[]): Promise<void> {
  const socket = connect({ host: "127.0.0.1", port: relay.port, noDelay: true }).on("error", () => {});
  await once(socket, "connect");
  socket.resume();
  for (const piece of pieces) socket.write(piece);
  socket.end();
  await relay.listener.drained();
  socket.destroy();
}

/** A valid stream with bytes changed, cut or doubled. */
const damaged = (valid: Buffer) =>
  fc
    .tuple(
      fc.array(fc.tuple(fc.nat({ max: valid.length - 1 }), fc.nat({ max: 255 })), { maxLength: 3 }),
      fc.nat({ max: valid.length }),
    )
    .map(([changes, end]) => {
      const bytes = Buffer.from(valid);
      for (const [at, value] of changes) bytes[at] = value;
      return bytes.subarray(0, end);
    });
const noise = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));

beforeEach(() => {
  heard = [];
});

test("a client of noise or of a damaged login", async () => {
  const client = Buffer.concat([startup, encodePassword(Buffer.from("secret"))]);
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(noise, damaged(client), damaged(Buffer.concat([SSL_REQUEST_PACKET, startup]))),
      fc.nat(),
      async (bytes, place) => {
        answer = serverTalk;
        const at = place % (bytes.length + 1);
        await play([bytes.subarray(0, at), bytes.subarray(at)].filter((piece) => piece.length > 0));
        expect(relay.listener.logins).toBe(0);
      },
    ),
    { numRuns: 300 },
  );
  expect(relay.options.cancels.size).toBe(0);
});

test("a server of noise or of a damaged login", async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(noise, damaged(serverTalk)), async (bytes) => {
      answer = bytes;
      await play([startup, encodePassword(Buffer.from("secret"))]);
      expect(relay.listener.logins).toBe(0);
    }),
    { numRuns: 300 },
  );
  expect(relay.options.cancels.size).toBe(0);
  while (relay.options.sessions.taken > 0 || upstreams.size > 0) await new Promise(setImmediate); // the last sockets close
});

test("nothing reaches the server before the start-up packet is whole and valid", async () => {
  answer = serverTalk;
  for (let end = 0; end < startup.length; end++)
    await play([startup.subarray(0, end)].filter((piece) => piece.length > 0));
  expect(heard).toEqual([]);
});
