// The local end of `weir connect` towards strangers: whatever they send, nothing reaches the gateway and no token is asked for.
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import pg from "pg";
import { type LocalListener, listenLocally } from "../../cmd/weir/connect/local-listener.ts";
import { systemRandom } from "../../pkg/runtime/random.ts";
import { SSL_REQUEST_PACKET } from "../../pkg/wire/postgres/startup-packet.ts";

let gateway: Server;
let reached = 0;
let tokens = 0;
const told: string[] = [];
let listener: LocalListener;

const portOf = (server: Server) => (server.address() as AddressInfo).port;

const start = (port: number) =>
  listenLocally({
    gateway: {
      upstream: { name: "orders", host: "127.0.0.1", port: portOf(gateway), tls: { mode: "verify-full", ca: "" } },
      login: "ana",
      database: "orders",
    },
    tokens: {
      token: async () => {
        tokens += 1;
        return "no token";
      },
    },
    end: { kind: "port", port, password: "of this run" },
    random: systemRandom,
    tell: (line) => void told.push(line),
  });

beforeAll(async () => {
  gateway = createServer((socket) => {
    reached += 1;
    socket.destroy();
  });
  await new Promise<void>((done) => gateway.listen(0, "127.0.0.1", done));
  listener = await start(0);
});

afterAll(async () => {
  await listener.stop();
  gateway.close();
});

/** What comes back until the other side closes. */
function send(bytes: Buffer): Promise<Buffer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = connect({ host: "127.0.0.1", port: listener.port });
    socket.on("data", (chunk) => chunks.push(chunk)).on("error", () => {});
    socket.on("close", () => resolve(Buffer.concat(chunks)));
    socket.end(bytes);
  });
}

const words = (...numbers: number[]) => {
  const bytes = Buffer.alloc(numbers.length * 4);
  for (const [at, word] of numbers.entries()) bytes.writeUInt32BE(word, at * 4);
  return bytes;
};

test.each([
  ["no PostgreSQL", Buffer.from("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")],
  ["a start-up packet without end", words(0xffffffff, 0x30000)],
  ["bytes behind an SSLRequest", Buffer.concat([SSL_REQUEST_PACKET, Buffer.from("more")])],
  ["a cancel request with a key that nobody has", words(16, 80877102, 1, 2)],
  ["a query in place of a proof", Buffer.concat([words(18, 0x30000), Buffer.from("user\0ana\0\0Q")])],
  ["an old protocol", words(8, 0x20000)],
])("%s", async (_name, bytes) => {
  await send(bytes);
  expect([reached, tokens]).toEqual([0, 0]);
});

const attempt = (password: string) =>
  new pg.Client({ host: "127.0.0.1", port: listener.port, user: "ana", password, database: "orders" })
    .connect()
    .then(() => ({ code: "none", message: "" }))
    .catch(({ code, message }) => ({ code, message }));

test("a wrong password is told, and it still listens to the right one", async () => {
  expect(await attempt("guessed")).toMatchObject({ code: "28P01" });
  expect([reached, tokens]).toEqual([0, 0]);
  expect(await attempt("of this run")).toMatchObject({ code: "08006", message: expect.stringContaining("orders") });
  expect([reached, tokens]).toEqual([1, 1]);
  expect(told).toEqual([]);
});

test("a port in use is named, with what to do", async () => {
  await expect(start(listener.port)).rejects.toMatchObject({
    exitCode: 69,
    message: expect.stringMatching(/cannot listen on 127\.0\.0\.1:\d+: EADDRINUSE; .*--port/),
  });
});
