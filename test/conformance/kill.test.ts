// kill -9 of the sidecar at every kind of write: whatever the server ran has its record, the chain goes on after a restart, and
// what was left open is closed. A seed that fails is run again by WEIR_KILL_SEED; WEIR_KILL_SEEDS sets how many are run.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { verifySpool } from "../../pkg/audit/verify.ts";
import type { Doom } from "../support/doomed-sidecar.ts";
import { Frontend } from "../support/frontend.ts";
import { startGoverned } from "../support/governed.ts";
import { bind, copyData, copyDone, execute, parse, query, sync } from "../support/messages.ts";
import { PASSWORD, startTestServer, type TestServer } from "../support/server.ts";

const SEEDS = Number(process.env.WEIR_KILL_SEEDS ?? 20);
const seeds = process.env.WEIR_KILL_SEED
  ? [Number(process.env.WEIR_KILL_SEED)]
  : Array.from({ length: SEEDS }, (_, n) => n + 1);
const CLIENTS = 3;
const ROUNDS = 12;
const GUARD = `apiVersion: weir.dev/v1alpha1
kind: ClusterDataPolicy
metadata: {name: guard}
spec:
  guard:
    - {name: no-delete, effects: [Delete], action: Deny}
`;

let server: TestServer;
let spoolDir: string;

beforeAll(async () => {
  server = await startTestServer(["app"]);
  await server.admin("CREATE DATABASE kill OWNER app");
  await server.admin("CREATE TABLE done (id int); ALTER TABLE done OWNER TO app", "kill");
  spoolDir = mkdtempSync(join(tmpdir(), "weir-kill-"));
});

afterAll(async () => {
  rmSync(spoolDir, { recursive: true, force: true });
  await server?.stop();
});

/** mulberry32: the same numbers for the same seed. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

/** The id as a value for the table, and in a name, which the record keeps where it drops literals. */
const insert = (id: number) => `INSERT INTO done SELECT ${id} AS id${id}`;
const run = (sql: string) => [parse("", sql), bind(), execute()];

/** One round of one client, each id used once; every shape in which statements travel. */
function round(shape: number, next: () => number): { send: readonly Buffer[]; readies: number } {
  switch (shape) {
    case 0:
      return { send: [query(insert(next()))], readies: 1 };
    case 1:
      return { send: [query(`${insert(next())}; ${insert(next())}; SELECT 1`)], readies: 1 };
    case 2:
      return { send: [...run(insert(next())), sync()], readies: 1 };
    case 3:
      return {
        send: [...run(insert(next())), ...run(insert(next())), sync(), ...run(insert(next())), sync()],
        readies: 2,
      };
    case 4:
      return { send: [query("BEGIN"), query(insert(next())), query("COMMIT")], readies: 3 };
    case 5:
      return { send: [query(`DELETE FROM done WHERE id = -1; ${insert(next())}`)], readies: 1 };
    default:
      return {
        send: [...run(`WITH w AS (${insert(next())} RETURNING id) SELECT count(*) FROM w`), sync()],
        readies: 1,
      };
  }
}

async function client(port: number, pick: (below: number) => number, next: () => number): Promise<void> {
  const session = await Frontend.login({ port, user: "app", password: PASSWORD, database: "kill" }).catch(() => null);
  for (let n = 0; n < ROUNDS && session && !session.closed; n++) {
    const { send, readies } = round(pick(7), next);
    await session.ask(send, readies);
  }
  if (session && !session.closed) {
    const id = next();
    session.send(query(`COPY done FROM STDIN /* ${id} */`));
    session.send(copyData(""), copyDone());
    await session.ready(1, session.frames.length - 1).catch(() => {});
  }
  session?.destroy();
}

function start(doom: Doom): ChildProcess {
  const env = { PATH: process.env.PATH, WEIR_DOOM: JSON.stringify(doom) };
  return spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", join(import.meta.dirname, "../support/doomed-sidecar.ts")],
    { env, stdio: ["ignore", "pipe", "inherit"] },
  );
}

/** Names of all statements that a decision allowed, anywhere in the spool. */
function recorded(): Set<number> {
  const files = readdirSync(spoolDir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const text = files.map((entry) => readFileSync(join(entry.parentPath, entry.name), "latin1")).join("\n");
  return new Set([...text.matchAll(/AS id(\d+)/g)].map((match) => Number(match[1])));
}

let lastId = 0;

test.each(seeds)("seed %i: every statement that the server ran has its record", async (seed) => {
  const pick = numbers(seed);
  const doom: Doom = {
    upstreamPort: server.port,
    spoolDir,
    policies: pick(2) ? { "guard.yaml": GUARD } : {},
    of: pick(2) ? "spool" : "server",
    side: (["before", "amid", "after"] as const)[pick(3)]!,
    at: 1 + pick(60),
  };
  const firstId = lastId + 1;
  const sidecar = start(doom);
  const exited = once(sidecar, "exit");
  const [chunk] = (await once(sidecar.stdout!, "data")) as [Buffer];
  await Promise.all(Array.from({ length: CLIENTS }, () => client(Number(chunk.toString()), pick, () => ++lastId)));
  sidecar.kill("SIGKILL");
  await exited;
  const working = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'kill' AND usename = 'app'";
  while ((await server.admin(working)) !== "0") await new Promise((resolve) => setTimeout(resolve, 10));
  const ran = JSON.parse(
    (await server.admin(`SELECT coalesce(json_agg(id), '[]') FROM done WHERE id >= ${firstId}`, "kill"))!,
  ) as number[];
  const known = recorded();
  expect({ doom, without: ran.filter((id) => !known.has(id)) }).toEqual({ doom, without: [] });
  const { verdict } = await verifySpool(spoolDir);
  expect(["intact", "unclosed", "torn"]).toContain(verdict);
});

test("the next sidecar goes on with the chain and closes what was left open", async () => {
  const next = await startGoverned({ upstreamPort: server.port, spoolDir });
  await next.stop();
  const { verdict, findings } = await verifySpool(spoolDir);
  expect({ verdict, findings }).toEqual({ verdict: "intact", findings: [] });
});
