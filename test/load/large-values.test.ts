// Values of any size: what nothing is masked in passes through a process that does not grow; what has to be held is held within one
// budget of the whole process, and who does not fit in waits.
import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { type LocalPostgres, startPostgres } from "../../pkg/localdb/start-postgres.ts";
import { Frontend } from "../support/frontend.ts";
import { copyDone, execute, int16, int32, parse, query, startup, sync } from "../support/messages.ts";
import { type SidecarProcess, startSidecar } from "../support/sidecar-process.ts";
import { eventually } from "./eventually.ts";
import { measured, mib, sized } from "./long.ts";

const MiB = 2 ** 20;
/** 1 GB is the most that PostgreSQL takes; a text of it, and the escapes of COPY, must stay below. */
const VALUE_BYTES = sized(128 * MiB, 1000 * MiB);
const BUDGET_BYTES = 64 * MiB;

const masks = `apiVersion: weir.dev/v1alpha1
kind: DataPolicy
metadata: {name: masks, namespace: shop}
spec:
  subjects: [{logins: [masked]}]
  classify: [{columns: ["public.letters.secret"], class: PII.NOTE}]
  mask: [{classes: ["PII.NOTE"], method: Redact}]
`;

let server: LocalPostgres;
let sidecar: SidecarProcess;
beforeAll(async () => {
  server = await startPostgres();
  sidecar = await startSidecar(server.port, {
    policies: { "masks.yaml": masks },
    settings: () => ({ WEIR_LIMITS_BUFFERED_BYTES: String(BUDGET_BYTES), WEIR_CATALOG_PROBE_SECONDS: "60" }),
  });
  const session = await login("postgres");
  for (const sql of ["CREATE TABLE letters (id int, secret text, body text)", "CREATE ROLE masked LOGIN SUPERUSER"])
    await session.ask([query(sql)]);
  await session.terminate();
});
afterAll(async () => {
  await sidecar.stop();
  await server.stop();
});

const login = (user: string) => Frontend.login({ port: sidecar.port, user, database: "postgres" });
const READY = Buffer.from([0x5a, 0, 0, 0, 5]);

/** A connection whose answers are only counted. */
async function counted(user: string): Promise<{ socket: Socket; ask: (pieces: Iterable<Buffer>) => Promise<number> }> {
  const socket = connect(sidecar.port, "127.0.0.1").on("error", () => {});
  const ready = () =>
    new Promise<number>((resolve, reject) => {
      let bytes = 0;
      const onClose = () => reject(new Error(`closed after ${bytes} bytes`));
      const onData = (chunk: Buffer) => {
        bytes += chunk.length;
        if (!chunk.subarray(-6, -1).equals(READY)) return;
        socket.off("data", onData).off("close", onClose);
        resolve(bytes);
      };
      socket.on("data", onData).on("close", onClose);
    });
  socket.write(startup({ user, database: "postgres" }));
  await ready();
  const ask = async (pieces: Iterable<Buffer>) => {
    const answer = ready();
    for (const piece of pieces)
      if (!socket.write(piece)) await Promise.race([new Promise((resolve) => socket.once("drain", resolve)), answer]);
    return answer;
  };
  return { socket, ask };
}

const page = Buffer.alloc(MiB, 0x61);

/** A frame whose body is `before`, `bytes` letters and `after`, made as it is sent. */
function* letter(type: string, before: Buffer, bytes: number, after: Buffer): Iterable<Buffer> {
  yield Buffer.concat([Buffer.from(type), int32(4 + before.length + bytes + after.length), before]);
  for (let left = bytes; left > 0; left -= page.length) yield page.subarray(0, Math.min(left, page.length));
  yield after;
}

const bigBind = (bytes: number) =>
  letter("B", Buffer.concat([Buffer.from("\0\0"), int16(0), int16(1), int32(bytes)]), bytes, int16(0));

async function growth<T>(act: () => Promise<T>): Promise<{ grownMiB: number; result: T }> {
  const before = sidecar.residentBytes();
  sidecar.forgetPeak();
  const result = await act();
  return { grownMiB: mib(sidecar.peakBytes() - before), result };
}

const onLinux = process.platform === "linux" ? describe : describe.skip;

onLinux(`a value of ${VALUE_BYTES / MiB} MiB in which nothing is masked`, () => {
  const shapes: readonly (readonly [string, (bytes: number) => Iterable<Buffer>])[] = [
    ["in a row", (bytes) => [query(`SELECT repeat('x', ${bytes})`)]],
    [
      "in a Bind",
      function* (bytes) {
        yield parse("", "SELECT length($1::text)");
        yield* bigBind(bytes);
        yield Buffer.concat([execute(), sync()]);
      },
    ],
    [
      "in a CopyData of the client",
      function* (bytes) {
        yield query("COPY letters (body) FROM STDIN");
        yield* letter("d", Buffer.alloc(0), bytes, Buffer.from("\n"));
        yield copyDone();
      },
    ],
    ["in a CopyData of the server", () => [query("COPY letters (body) TO STDOUT")]],
  ];
  test.each(shapes)(
    "%s",
    async (name, pieces) => {
      const session = await counted("postgres");
      const { grownMiB, result } = await growth(() => session.ask(pieces(VALUE_BYTES)));
      measured(`${VALUE_BYTES / MiB} MiB ${name}`, { grownMiB });
      if (name.includes("row") || name.includes("server")) expect(result).toBeGreaterThan(VALUE_BYTES);
      // Chunks that Node read and the collector has not taken yet; far less than the value.
      expect(grownMiB).toBeLessThan(110);
      session.socket.destroy();
    },
    300_000,
  );

  test("in a Bind that breaks off: the server runs nothing of it and the session is gone", async () => {
    const session = await counted("postgres");
    const pieces = [parse("", "INSERT INTO letters (id, body) VALUES (77, $1)"), ...bigBind(4 * MiB)];
    session.ask(pieces.slice(0, -2)).catch(() => {});
    await delay(200);
    session.socket.destroy();
    await eventually(async () => (await sidecar.metric("weir_sessions")) === 0);
    const watcher = await login("postgres");
    const frames = await watcher.ask([query("SELECT 1 FROM letters WHERE id = 77")]);
    expect(frames.map((frame) => frame.type).join("")).toBe("TCZ");
    await watcher.terminate();
  });
});

onLinux("what has to be held", () => {
  const STATEMENT_BYTES = 12 * MiB;
  const SESSIONS = 20;

  test(`${SESSIONS} sessions with statements of ${STATEMENT_BYTES / MiB} MiB at once wait for each other`, async () => {
    const sessions = await Promise.all(Array.from({ length: SESSIONS }, () => counted("postgres")));
    const { grownMiB, result } = await growth(() =>
      Promise.all(
        sessions.map(({ ask }) =>
          ask(letter("Q", Buffer.from("SELECT length('"), STATEMENT_BYTES, Buffer.from("')\0"))),
        ),
      ),
    );
    measured(`${SESSIONS} statements of ${mib(STATEMENT_BYTES)} MiB, budget ${mib(BUDGET_BYTES)} MiB`, { grownMiB });
    expect(new Set(result).size).toBe(1);
    expect(grownMiB).toBeLessThan((SESSIONS * STATEMENT_BYTES) / MiB);
    expect(await sidecar.metric("weir_buffered_bytes")).toBe(0);
    for (const { socket } of sessions) socket.destroy();
  });

  test("a statement larger than the budget passes when it is alone", async () => {
    const session = await counted("postgres");
    const bytes = BUDGET_BYTES * 2;
    await session.ask(letter("Q", Buffer.from("SELECT length('"), bytes, Buffer.from("')\0")));
    expect(await sidecar.metric("weir_buffered_bytes")).toBe(0);
    session.socket.destroy();
  });

  test("rows that are masked are held whole, and masked", async () => {
    const owner = await login("postgres");
    await owner.ask([
      query("TRUNCATE letters; INSERT INTO letters SELECT 1, repeat('s', 20000000), repeat('b', 20000000)"),
    ]);
    const session = await login("masked");
    const { grownMiB, result } = await growth(() => session.ask([query("SELECT secret, body FROM letters")]));
    const row = result.find((frame) => frame.type === "D")!.body;
    measured("a masked row of 40 MB", { grownMiB });
    expect(row.length).toBeLessThan(20_100_000);
    expect(row.includes("ssss")).toBe(false);
    expect(row.subarray(-1000).toString()).toBe("b".repeat(1000));
    await session.terminate();
    await owner.terminate();
  });
});
