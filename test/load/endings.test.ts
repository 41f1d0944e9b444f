// Servers that restart, a sidecar that stops, peers that go away half-way: everybody hears what PostgreSQL would say, and the next
// login works.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { freePort } from "../../pkg/localdb/free-port.ts";
import { type LocalPostgres, startPostgres } from "../../pkg/localdb/start-postgres.ts";
import { errorFields } from "../support/error-fields.ts";
import { Frontend } from "../support/frontend.ts";
import { query, startup } from "../support/messages.ts";
import { type SidecarProcess, startSidecar } from "../support/sidecar-process.ts";
import { eventually } from "./eventually.ts";

/** SQLSTATE of the last error that the session was told; null for none. */
function lastError(session: Frontend): string | null {
  const error = session.frames.findLast((frame) => frame.type === "E");
  return error === undefined ? null : errorFields(error.body).C!;
}

async function one(session: Frontend, sql: string): Promise<string | null> {
  const frames = await session.ask([query(sql)]);
  return (
    frames
      .find((frame) => frame.type === "C")
      ?.body.toString("latin1")
      .replace("\0", "") ?? null
  );
}

describe("the server", () => {
  let port: number;
  let server: LocalPostgres;
  let sidecar: SidecarProcess;
  const login = (at = sidecar.port) => Frontend.login({ port: at, user: "postgres", database: "postgres" });

  beforeEach(async () => {
    port = await freePort();
    server = await startPostgres({ port });
    sidecar = await startSidecar(port);
  });
  afterEach(async () => {
    await sidecar.stop();
    await server.stop();
  });

  test.each(["fast", "immediate"] as const)(
    "stops (%s) in mid-session: the server's own words, then the end",
    async (how) => {
      const direct = await login(port);
      const idle = await login();
      const inTransaction = await login();
      await one(inTransaction, "BEGIN");
      const running = await login();
      running.send(query("SELECT pg_sleep(60)"));
      await delay(200);
      await server.stop(how);
      for (const session of [direct, idle, inTransaction, running]) await session.end();
      const words = (session: Frontend) =>
        session.frames.filter((frame) => frame.type === "E").map((frame) => frame.body.toString());
      for (const session of [idle, inTransaction, running]) expect(words(session)).toEqual(words(direct));
      await eventually(async () => (await sidecar.metric("weir_sessions")) === 0);

      expect(lastError(await login())).toBe("08006");
      server = await startPostgres({ port });
      expect(await one(await login(), "SELECT 1")).toBe("SELECT 1");
    },
  );

  test("an administrator ends one session: 57P01 for it, nothing for its neighbour", async () => {
    const [victim, neighbour] = [await login(), await login()];
    await one(neighbour, `SELECT pg_terminate_backend(${victim.pid})`);
    await victim.end();
    expect(lastError(victim)).toBe("57P01");
    expect(await one(neighbour, "SELECT 1")).toBe("SELECT 1");
    expect(await one(await login(), "SELECT 1")).toBe("SELECT 1");
  });

  test("a client that is killed takes its session on the server with it", async () => {
    const client = await login();
    const watcher = await login(port);
    const backends = async () => {
      const frames = await watcher.ask([query(`SELECT count(*) FROM pg_stat_activity WHERE pid = ${client.pid}`)]);
      return frames
        .find((frame) => frame.type === "D")!
        .body.subarray(6)
        .toString();
    };
    expect(await backends()).toBe("1");
    client.destroy();
    await eventually(async () => (await backends()) === "0");
    await watcher.terminate();
  });

  test("a client that sends its last statement and its end together gets it done", async () => {
    const socket = connect(sidecar.port, "127.0.0.1").on("error", () => {});
    socket.write(startup({ user: "postgres", database: "postgres" }));
    await once(socket, "data");
    socket.end(Buffer.concat([query("CREATE TABLE last_words (x int)"), Buffer.from("X\0\0\0\x04", "latin1")]));
    socket.resume();
    await once(socket, "close");
    const watcher = await login(port);
    await eventually(
      async () => (await one(watcher, "SELECT * FROM pg_class WHERE relname = 'last_words'")) === "SELECT 1",
    );
    await watcher.terminate();
  });

  const onLinux = process.platform === "linux" ? test : test.skip;
  onLinux(
    "peers that vanish without a word are noticed: the kernel asks after both sides of an idle session",
    async () => {
      const client = await login();
      // Connections of the sidecar, by its own end: to the client, and to the server. Timer 02 is keep-alive (proc_net_tcp.txt).
      const timers = () => {
        const lines = readFileSync("/proc/net/tcp", "utf8")
          .split("\n")
          .map((line) => line.trim().split(/\s+/));
        const portOf = (address: string | undefined) => Number.parseInt(address?.split(":")[1] ?? "", 16);
        const open = lines.filter(([, , , state]) => state === "01");
        const toClient = open.filter(([, local]) => portOf(local) === sidecar.port);
        const toServer = open.filter(([, , remote]) => portOf(remote) === port);
        return [...toClient, ...toServer].map((line) => line[5]!.slice(0, 2));
      };
      await eventually(() => timers().length === 2 && timers().every((timer) => timer === "02"));
      await client.terminate();
    },
  );

  describe("while the sidecar stops", () => {
    test("idle sessions end at once with 57P01, an open transaction may end first, nobody new comes in", async () => {
      await sidecar.stop();
      sidecar = await startSidecar(port, { settings: () => ({ WEIR_DRAIN_SECONDS: "30" }) });
      const [idle, busy] = [await login(), await login()];
      await one(busy, "BEGIN");
      await one(busy, "CREATE TABLE drained (x int)");
      const exited = once(sidecar.child, "exit");
      sidecar.child.kill("SIGTERM");
      await idle.end();
      expect(lastError(idle)).toBe("57P01");
      await expect(login()).rejects.toMatchObject({ code: "ECONNREFUSED" });
      expect(await one(busy, "INSERT INTO drained VALUES (1)")).toBe("INSERT 0 1");
      expect(await one(busy, "COMMIT")).toBe("COMMIT");
      await busy.end();
      expect(lastError(busy)).toBe("57P01");
      expect(await exited).toEqual([0, null]);
      expect(await one(await login(port), "SELECT * FROM drained")).toBe("SELECT 1");
    });

    test("a transaction that does not end is ended when the time is over, and nothing of it stays", async () => {
      const busy = await login();
      await one(busy, "BEGIN");
      await one(busy, "CREATE TABLE never (x int)");
      const exited = once(sidecar.child, "exit");
      sidecar.child.kill("SIGTERM");
      expect(await exited).toEqual([0, null]);
      await busy.end();
      expect(lastError(busy)).toBe("57P01");
      const watcher = await login(port);
      expect(await one(watcher, "SELECT * FROM pg_class WHERE relname = 'never'")).toBe("SELECT 0");
      await watcher.terminate();
    });
  });
});
