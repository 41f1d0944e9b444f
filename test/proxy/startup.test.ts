// A client's first bytes: encryption requests, protocol versions, malformed packets, limits, and what a refused client hears.
import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { connect as tlsConnect } from "node:tls";
import pg from "pg";
import { selfSignedCertificate } from "../../pkg/localdb/certificate.ts";
import { freePort } from "../../pkg/localdb/free-port.ts";
import { type LocalPostgres, startPostgres } from "../../pkg/localdb/start-postgres.ts";
import { servingCertificate } from "../../pkg/proxy/serving-certificate.ts";
import { Slots } from "../../pkg/proxy/slots.ts";
import { decodeBackendKeyData } from "../../pkg/wire/postgres/backend-key-data.ts";
import { TERMINATE } from "../../pkg/wire/postgres/empty-messages.ts";
import { decodeNegotiateProtocolVersion } from "../../pkg/wire/postgres/negotiate-protocol-version.ts";
import { encodeQuery } from "../../pkg/wire/postgres/query.ts";
import {
  encodeStartupMessage,
  GSSENC_REQUEST_PACKET,
  SSL_REQUEST_PACKET,
} from "../../pkg/wire/postgres/startup-packet.ts";
import { errorOf, rawClient } from "./raw-client.ts";
import type { RelayOptions } from "./relay.ts";
import { type Relay, startRelay } from "./relay.ts";

const own = selfSignedCertificate(["localhost", "127.0.0.1"]);
const certificate = servingCertificate(own.certificate, own.key);

let server: LocalPostgres;
let upstream: RelayOptions["upstream"];
let plain: Relay;
let tls: Relay;
const started: Relay[] = [];

async function relay(some: Partial<RelayOptions>, loginsMax?: number): Promise<Relay> {
  const one = await startRelay({ upstream, ...some }, loginsMax);
  started.push(one);
  return one;
}

beforeAll(async () => {
  server = await startPostgres();
  upstream = { name: "shop", host: "127.0.0.1", port: server.port, tls: { mode: "disable" } };
  plain = await relay({});
  tls = await relay({ certificate: () => certificate });
});

afterAll(async () => {
  for (const one of started) await one.close();
  await server.stop();
});

const startup = (version = 0x30000, extra: readonly (readonly [string, string])[] = []) =>
  encodeStartupMessage(version, [["user", "postgres"], ["database", "postgres"], ...extra]);

/** The conversation of a whole login with `packet`; ends the session. */
async function logIn(port: number, packet: Buffer) {
  const client = await rawClient(port);
  client.send(packet);
  const frames = await client.until("Z");
  client.send(TERMINATE);
  client.close();
  return frames;
}

describe("encryption requests", () => {
  test("without a certificate both are answered N and the login goes on in clear", async () => {
    const client = await rawClient(plain.port);
    client.send(SSL_REQUEST_PACKET);
    expect(await client.answer()).toBe("N");
    client.send(GSSENC_REQUEST_PACKET);
    expect(await client.answer()).toBe("N");
    client.send(startup());
    expect((await client.until("Z")).at(-1)!.type).toBe("Z");
    client.close();
  });

  test("a second SSLRequest is refused as PostgreSQL does", async () => {
    const errorAt = async (port: number) => {
      const client = await rawClient(port);
      client.send(SSL_REQUEST_PACKET);
      await client.answer();
      client.send(SSL_REQUEST_PACKET);
      return errorOf(await client.until("E"));
    };
    expect(await errorAt(plain.port)).toBe(
      "FATAL 0A000 unsupported frontend protocol 1234.5679: server supports 3.0 to 3.2",
    );
    expect(await errorAt(server.port)).toBe(await errorAt(plain.port));
  });

  test.each(["SSL", "GSSAPI encryption"])(
    "bytes behind a %s request are never taken for encrypted ones",
    async (kind) => {
      const packet = kind === "SSL" ? SSL_REQUEST_PACKET : GSSENC_REQUEST_PACKET;
      const client = await rawClient(tls.port);
      client.send(packet, startup());
      expect(errorOf(await client.until("E"))).toBe(`FATAL 08P01 received unencrypted data after ${kind} request`);
      client.close();
    },
  );

  test("TLS without asking first (sslnegotiation=direct), with the protocol's name", async () => {
    const socket = tlsConnect({
      host: "127.0.0.1",
      port: tls.port,
      rejectUnauthorized: false,
      ALPNProtocols: ["postgresql"],
    });
    await once(socket, "secureConnect");
    expect(socket.alpnProtocol).toBe("postgresql");
    socket.write(startup());
    const [first] = await once(socket, "data");
    expect(String.fromCharCode(first[0])).toBe("R");
    socket.destroy();
  });

  test("TLS without asking first and without the protocol's name is refused", async () => {
    const socket = tlsConnect({ host: "127.0.0.1", port: tls.port, rejectUnauthorized: false });
    await once(socket, "secureConnect");
    const [first] = await once(socket, "data");
    expect(first.toString()).toContain("without ALPN protocol negotiation extension");
    socket.destroy();
  });

  test("where TLS is demanded, a plain client is told so", async () => {
    const strict = await relay({ certificate: () => certificate, requireTls: true });
    expect(errorOf(await logIn(strict.port, startup()))).toBe("FATAL 28000 Weir takes encrypted connections only here");
  });
});

describe("protocol versions", () => {
  test("3.0 gets a key of 4 bytes, 3.2 one of 32; the process id is the server's, the secret is ours", async () => {
    const keyOf = async (version: number) =>
      decodeBackendKeyData((await logIn(plain.port, startup(version))).find((frame) => frame.type === "K")!.body);
    expect((await keyOf(0x30000)).secret).toHaveLength(4);
    expect((await keyOf(0x30002)).secret).toHaveLength(32);
  });

  test("a higher minor version and unknown options are negotiated by the server itself", async () => {
    const negotiated = async (port: number) => {
      const frames = await logIn(port, startup(0x3270f, [["_pq_.test_protocol_negotiation", ""]]));
      expect(frames[0]!.type).toBe("v");
      return decodeNegotiateProtocolVersion(frames[0]!.body);
    };
    expect(await negotiated(plain.port)).toEqual({ version: 0x30002, options: ["_pq_.test_protocol_negotiation"] });
    expect(await negotiated(server.port)).toEqual(await negotiated(plain.port));
  });

  test.each([0x20000, 0x10000, 0x40000, 0])(
    "another major version (%i) is refused in the server's bytes",
    async (version) => {
      const answer = async (port: number) => {
        const client = await rawClient(port);
        client.send(encodeStartupMessage(version, []));
        const answered = await client.rest();
        return answered.toString("latin1");
      };
      const ours = await answer(plain.port);
      expect(ours).toContain("unsupported frontend protocol");
      const direct = await answer(server.port);
      if (version !== 0 && version < 0x30000) expect(ours).toBe(direct);
      else expect(direct).toContain(ours.slice(ours.indexOf("unsupported"), -2));
    },
  );
});

describe("malformed clients", () => {
  const malformed: readonly (readonly [string, Buffer])[] = [
    ["an HTTP request", Buffer.from("GET / HTTP/1.1\r\n\r\n")],
    ["a packet of 3 bytes", Buffer.from("00000003", "hex")],
    ["a packet of a gigabyte", Buffer.from("40000000", "hex")],
    ["a start-up packet without terminator", Buffer.from("0000000b000300007573 65".replaceAll(" ", ""), "hex")],
  ];
  test.each(malformed)("%s ends that connection with 08P01, and the server hears nothing", async (_name, bytes) => {
    const before = plain.outcomes.length;
    expect(errorOf(await logIn(plain.port, bytes))).toMatch(/^FATAL 08P01 /);
    expect(plain.outcomes.slice(before)).toMatchObject([{ outcome: "ended", why: "malformed", sqlstate: "08P01" }]);
  });

  test("byte by byte, a login is the same", async () => {
    const client = await rawClient(plain.port);
    for (const byte of startup()) {
      client.send(Buffer.of(byte));
      await new Promise(setImmediate);
    }
    expect((await client.until("Z")).at(-1)!.type).toBe("Z");
    client.close();
  });
});

test("what a client sends behind its StartupMessage is kept for the query phase", async () => {
  const client = await rawClient(plain.port);
  client.send(startup(), encodeQuery(Buffer.from("SELECT 41 + 1")));
  await client.until("Z");
  const types = (await client.until("Z")).map((frame) => frame.type).join("");
  expect(types).toBe("TDCZ");
  client.close();
});

describe("refusals before the server is asked", () => {
  test("admission sees what the client asks for, and its refusal is FATAL with a hint", async () => {
    const seen: unknown[] = [];
    const closed = await relay({
      admit: (asked) => {
        seen.push({
          user: asked.user,
          database: asked.database,
          replication: asked.replication,
          settings: asked.options.settings,
        });
        return { admit: false, sqlstate: "57P03", message: "Weir has not received any policy yet", hint: "Wait." };
      },
    });
    const client = new pg.Client({
      host: "127.0.0.1",
      port: closed.port,
      user: "ana",
      database: "shop",
      options: "-c role=x",
      replication: "database",
    } as object);
    await expect(client.connect()).rejects.toMatchObject({
      code: "57P03",
      severity: "FATAL",
      message: "Weir has not received any policy yet",
      hint: "Wait.",
    });
    expect(seen).toEqual([{ user: "ana", database: "shop", replication: "database", settings: [["role", "x"]] }]);
    expect(closed.outcomes).toMatchObject([{ why: "refusedByUs", sqlstate: "57P03" }]);
  });

  test("a server that is not there: 08006 with its name and the remedy", async () => {
    const nobody = await freePort();
    const lost = await relay({ upstream: { ...upstream, port: nobody } });
    const client = new pg.Client({ host: "127.0.0.1", port: lost.port, user: "ana", database: "shop" });
    await expect(client.connect()).rejects.toMatchObject({
      code: "08006",
      severity: "FATAL",
      message: `database "shop" at 127.0.0.1:${nobody} cannot be reached: ECONNREFUSED`,
      hint: "Check that the server runs and that host and port of the GovernedDatabase are right.",
    });
  });

  test("a server that does not offer TLS where it is required", async () => {
    const strict = await relay({ upstream: { ...upstream, tls: { mode: "require" } } });
    const client = new pg.Client({ host: "127.0.0.1", port: strict.port, user: "ana", database: "shop" });
    await expect(client.connect()).rejects.toMatchObject({
      code: "08006",
      message: expect.stringContaining("does not offer TLS"),
    });
  });

  test("the 3rd session of 2 allowed: 53300, and a place is free again when one ends, with and without TLS", async () => {
    for (const ssl of [false, { rejectUnauthorized: false }]) {
      const two = await relay({ sessions: new Slots(2), certificate: () => certificate });
      const open = () => {
        const client = new pg.Client({
          host: "127.0.0.1",
          port: two.port,
          user: "postgres",
          database: "postgres",
          ssl,
        });
        return client.connect().then(() => client);
      };
      const [first, second] = [await open(), await open()];
      await expect(open()).rejects.toMatchObject({ code: "53300", message: "sorry, too many clients already" });
      await first.end();
      while (two.options.sessions.taken > 1) await new Promise(setImmediate);
      const third = await open();
      await Promise.all([second.end(), third.end()]);
    }
  });

  test("more half-open logins than allowed are turned away at once", async () => {
    const one = await relay({}, 1);
    const silent = await rawClient(one.port);
    while (one.listener.logins === 0) await new Promise(setImmediate);
    const second = await rawClient(one.port);
    expect(errorOf(await second.until("E"))).toBe("FATAL 53300 too many logins at once");
    silent.close();
    second.close();
  });
});

describe("time limit of a login", () => {
  test("a client that says nothing is closed without a word, as by PostgreSQL", async () => {
    const hasty = await relay({ timeLimitMs: 50 });
    const client = await rawClient(hasty.port);
    expect((await client.until("E")).map((frame) => frame.type)).toEqual(["end"]);
    expect(hasty.outcomes).toMatchObject([{ why: "timeLimit" }]);
  });

  test("a server that says nothing: FATAL 57014", async () => {
    const mute: Server = createServer(() => {}).listen(0, "127.0.0.1");
    await once(mute, "listening");
    const hasty = await relay({
      timeLimitMs: 200,
      upstream: { ...upstream, port: (mute.address() as { port: number }).port },
    });
    expect(errorOf(await logIn(hasty.port, startup()))).toBe("FATAL 57014 canceling authentication due to timeout");
    mute.close();
  });
});

test("a client that leaves during its login takes its server connection with it", async () => {
  const gone: Promise<void>[] = [];
  const mute: Server = createServer((socket) => {
    gone.push(once(socket, "close").then(() => undefined));
    socket.on("error", () => {}).resume();
  }).listen(0, "127.0.0.1");
  await once(mute, "listening");
  const one = await relay({ upstream: { ...upstream, port: (mute.address() as { port: number }).port } });
  const client = await rawClient(one.port);
  client.send(startup());
  while (gone.length === 0) await new Promise(setImmediate);
  client.close();
  await gone[0];
  await one.listener.drained();
  expect(one.outcomes).toMatchObject([{ why: "clientLeft", sqlstate: null }]);
  mute.close();
});

test("a server that hangs up in the middle of a login: 08006", async () => {
  const rude: Server = createServer((socket) => socket.once("data", () => socket.destroy())).listen(0, "127.0.0.1");
  await once(rude, "listening");
  const one = await relay({ upstream: { ...upstream, port: (rude.address() as { port: number }).port } });
  expect(errorOf(await logIn(one.port, startup()))).toBe(
    'FATAL 08006 database "shop" closed the connection during login',
  );
  rude.close();
});
