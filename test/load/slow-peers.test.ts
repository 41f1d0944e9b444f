// Whoever reads or takes slowly slows the other side down; nothing piles up in between.
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { connect as connectTls } from "node:tls";
import { selfSignedCertificate } from "../../pkg/localdb/certificate.ts";
import { type LocalPostgres, startPostgres } from "../../pkg/localdb/start-postgres.ts";
import { Frontend } from "../support/frontend.ts";
import { copyData, copyDone, query, startup } from "../support/messages.ts";
import { type SidecarProcess, startSidecar } from "../support/sidecar-process.ts";
import { eventually } from "./eventually.ts";
import { measured, mib } from "./long.ts";

const own = selfSignedCertificate(["localhost"]);
const BYTES = 200_000_000;
const ROW_BYTES = 10_000;
const rows = BYTES / ROW_BYTES;
/** Two socket buffers, what Node reads at a time, and garbage that is not collected yet. */
const GROWTH_MAX = 80 * 2 ** 20;

let server: LocalPostgres;
let sidecar: SidecarProcess;
beforeAll(async () => {
  server = await startPostgres();
  sidecar = await startSidecar(server.port, {
    files: { "tls.crt": own.certificate, "tls.key": own.key },
    settings: (folder) => ({ WEIR_TLS_CERTIFICATE: join(folder, "tls.crt"), WEIR_TLS_KEY: join(folder, "tls.key") }),
  });
  const session = await login();
  await session.ask([query("CREATE TABLE taken (x text)")]);
  await session.terminate();
});
afterAll(async () => {
  await sidecar.stop();
  await server.stop();
});

const login = () => Frontend.login({ port: sidecar.port, user: "postgres", database: "postgres" });

/** A logged-in connection that reads only when it is told to; over TLS without asking first, as libpq's sslnegotiation=direct. */
async function rawSession(over: "plain" | "TLS" = "plain"): Promise<Socket> {
  const at = { port: sidecar.port, host: "127.0.0.1" };
  const tls = { ...at, rejectUnauthorized: false, ALPNProtocols: ["postgresql"] };
  const socket = (over === "plain" ? connect(at) : connectTls(tls)).on("error", () => {});
  socket.write(startup({ user: "postgres", database: "postgres" }));
  await readUntil(socket, (tail) => tail.subarray(-6).equals(READY));
  return socket;
}

const READY = Buffer.from([0x5a, 0, 0, 0, 5, 0x49]);

/** Reads until `last` holds for the end of what came; returns how many bytes came. The socket is paused afterwards. */
function readUntil(socket: Socket, last: (tail: Buffer) => boolean, each: () => void = () => {}): Promise<number> {
  return new Promise((resolve, reject) => {
    let bytes = 0;
    const onClose = () => reject(new Error(`closed after ${bytes} bytes`));
    const onData = (chunk: Buffer) => {
      bytes += chunk.length;
      each();
      if (!last(chunk)) return;
      socket.off("data", onData).off("close", onClose).pause();
      resolve(bytes);
    };
    socket.on("data", onData).on("close", onClose).resume();
  });
}

/** Most memory beyond what there was before, while `act` runs. */
async function growth<T>(act: () => Promise<T>): Promise<{ grown: number; result: T }> {
  const before = sidecar.residentBytes();
  sidecar.forgetPeak();
  const result = await act();
  return { grown: sidecar.peakBytes() - before, result };
}

const onLinux = process.platform === "linux" ? test : test.skip;

onLinux.each(["plain", "TLS"] as const)(
  "200 MB to a client that first does not read at all and then slowly, %s",
  async (over) => {
    const client = await rawSession(over);
    const { grown, result } = await growth(async () => {
      client.write(query(`SELECT repeat('x', ${ROW_BYTES}) FROM generate_series(1, ${rows})`));
      await delay(1000);
      let reads = 0;
      const nap = () => {
        if (++reads % 100 !== 0) return;
        client.pause();
        setTimeout(() => client.resume(), 5);
      };
      return readUntil(client, (tail) => tail.subarray(-6).equals(READY), nap);
    });
    measured(`slow reader of 200 MB, ${over}`, { grownMiB: mib(grown) });
    client.destroy();
    expect(result).toBeGreaterThan(BYTES);
    expect(grown).toBeLessThan(GROWTH_MAX);
  },
);

onLinux.each(["plain", "TLS"] as const)("200 MB of COPY to a server that waits for a lock, %s", async (over) => {
  const owner = await login();
  await owner.ask([query("BEGIN"), query("LOCK TABLE taken IN EXCLUSIVE MODE")], 2);
  const client = await rawSession(over);
  const frame = copyData(Buffer.concat([Buffer.alloc(ROW_BYTES - 1, 0x61), Buffer.from("\n")]));
  let sent = 0;
  const { grown } = await growth(async () => {
    client.write(query("COPY taken FROM STDIN"));
    const all = sendAll();
    await delay(1000);
    expect(sent).toBeLessThan(BYTES / 4);
    await owner.ask([query("COMMIT")]);
    const end = readUntil(client, (tail) => tail.subarray(-6).equals(READY));
    await all;
    await end;
  });
  measured(`COPY of 200 MB behind a lock, ${over}`, { grownMiB: mib(grown) });
  expect(grown).toBeLessThan(GROWTH_MAX);
  const [, row] = (await owner.ask([query("SELECT count(*) FROM taken")])).map((one) => one.body.toString("latin1"));
  expect(row).toContain(String(rows));
  await owner.ask([query("TRUNCATE taken")]);
  await owner.terminate();
  client.destroy();

  async function sendAll(): Promise<void> {
    for (; sent < BYTES; sent += ROW_BYTES)
      if (!client.write(frame)) await new Promise((resolve) => client.once("drain", resolve));
    client.write(copyDone());
  }
});

onLinux("statements sent far ahead of a server that is busy", async () => {
  const owner = await login();
  await owner.ask([query("BEGIN"), query("LOCK TABLE taken")], 2);
  const client = await rawSession();
  const text = query(`SELECT count(*), '${"x".repeat(10_000)}' FROM taken`);
  const { grown } = await growth(async () => {
    let sent = 0;
    const sending = (async () => {
      while (sent < 200_000_000 && !client.destroyed) {
        sent += text.length;
        if (!client.write(text)) await new Promise((resolve) => client.once("drain", resolve).once("close", resolve));
      }
    })();
    await delay(1500);
    expect(sent).toBeLessThan(100_000_000);
    client.destroy();
    await sending;
  });
  measured("statements ahead of a busy server", { grownMiB: mib(grown) });
  expect(grown).toBeLessThan(GROWTH_MAX);
  await owner.ask([query("COMMIT")]);
  await owner.terminate();
  await eventually(async () => (await sidecar.metric("weir_sessions")) === 0);
});
