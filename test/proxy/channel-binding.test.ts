// Where we log in ourselves, the server's certificate is bound into the proof: somebody in between with a certificate of
// his own gets no login, and cannot talk us out of it by striking the offer.
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { connect as connectTls, TLSSocket } from "node:tls";
import pg from "pg";
import { selfSignedCertificate } from "../../pkg/localdb/certificate.ts";
import { type LocalPostgres, startPostgres } from "../../pkg/localdb/start-postgres.ts";
import { servingCertificate } from "../../pkg/proxy/serving-certificate.ts";
import { decodeAuthentication, encodeAuthentication } from "../../pkg/wire/postgres/authentication.ts";
import { SSL_REQUEST_PACKET } from "../../pkg/wire/postgres/startup-packet.ts";
import { startRelay } from "./relay.ts";

let server: LocalPostgres;
beforeAll(async () => {
  const hba = ["host all postgres 127.0.0.1/32 trust", "host all all 127.0.0.1/32 scram-sha-256"];
  server = await startPostgres({ tls: true, hba });
  const admin = new pg.Client({ host: "127.0.0.1", port: server.port, user: "postgres", database: "postgres" });
  await admin.connect();
  await admin.query("CREATE ROLE service LOGIN PASSWORD 'held by us'");
  await admin.end();
});
afterAll(() => server.stop());

interface Between {
  readonly port: number;
  /** The mechanisms that the server offered. */
  readonly offered: (readonly string[])[];
  /** The GS2 header that we answered with. */
  readonly answered: string[];
  close(): void;
}

/** Ends TLS on both sides; `strike` takes -PLUS out of what the server offers. */
async function manInTheMiddle(strike: boolean): Promise<Between> {
  const mitm = selfSignedCertificate(["localhost"]);
  const { context } = servingCertificate(mitm.certificate, mitm.key);
  const offered: (readonly string[])[] = [];
  const answered: string[] = [];
  const sockets = new Set<Socket>();
  const listener: Server = createServer(async (socket) => {
    sockets.add(socket.on("error", () => {}));
    await once(socket, "data");
    socket.write("S");
    const client = new TLSSocket(socket, { isServer: true, secureContext: context }).on("error", () => {});
    const plain = connect(server.port, "127.0.0.1");
    sockets.add(plain);
    plain.write(SSL_REQUEST_PACKET);
    await once(plain, "data");
    const upstream = connectTls({ socket: plain, rejectUnauthorized: false }).on("error", () => {});
    client.on("data", (chunk: Buffer) => {
      const header = /SCRAM-SHA-256(?:-PLUS)?\0....([nyp][^,]*,)/s.exec(chunk.toString("latin1"))?.[1];
      if (header !== undefined) answered.push(header);
      upstream.write(chunk);
    });
    upstream.on("data", (chunk: Buffer) => {
      const request = chunk[0] === 0x52 ? decodeAuthentication(chunk.subarray(5, 1 + chunk.readUInt32BE(1))) : null;
      if (request?.method !== "sasl") return void client.write(chunk);
      offered.push(request.mechanisms);
      const mechanisms = strike ? request.mechanisms.filter((name) => !name.endsWith("-PLUS")) : request.mechanisms;
      client.write(encodeAuthentication({ method: "sasl", mechanisms }));
    });
    upstream.on("close", () => client.destroy());
    client.on("close", () => upstream.destroy());
  }).listen(0, "127.0.0.1");
  await once(listener, "listening");
  const close = () => {
    for (const socket of sockets) socket.destroy();
    listener.close();
  };
  return { port: (listener.address() as AddressInfo).port, offered, answered, close };
}

async function logIn(port: number): Promise<string> {
  const relay = await startRelay({
    upstream: { name: "shop", host: "127.0.0.1", port, tls: { mode: "require" } },
    credentials: {
      mode: "Brokered",
      user: "service",
      password: async () => Buffer.from("held by us"),
      clients: () => ({ kind: "trustLoopback" }),
      saltKey: Buffer.alloc(32),
    },
  });
  const client = new pg.Client({ host: "127.0.0.1", port: relay.port, user: "ana", database: "postgres" });
  const outcome = await client.connect().then(
    () => "logged in",
    (error) => error.message,
  );
  await client.end().catch(() => {});
  await relay.close();
  return outcome;
}

test("straight to the server the login comes about", async () => {
  expect(await logIn(server.port)).toBe("logged in");
});

test.each([
  ["with the offer of channel binding", false, "p=tls-server-end-point,"],
  ["having struck it", true, "y,"],
] as const)("somebody in between, %s, gets none", async (_name, strike, header) => {
  const between = await manInTheMiddle(strike);
  expect(await logIn(between.port)).toMatch(/^Weir could not log in to database "shop" \((28000|28P01|08P01)\)$/);
  expect([between.offered, between.answered]).toEqual([[["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"]], [header]]);
  between.close();
});
