// What real drivers send: their programmes are run against the server itself through a relay that keeps each connection's bytes.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { join } from "node:path";
import pg from "pg";
import type { Connection } from "../conformance/drivers/connection.ts";
import { nodePostgres } from "../conformance/drivers/node-postgres.ts";
import { postgresJs } from "../conformance/drivers/postgres-js.ts";
import { psqlCalls } from "../conformance/drivers/psql.ts";
import type { Frames } from "./damage.ts";

export interface Captures {
  /** Whole conversations, which write. */
  readonly client: readonly Frames[];
  /** Conversations that only read and end with Terminate: whoever sends them whole gets the same answer each time. */
  readonly reading: readonly Buffer[];
}

const PGX = join(import.meta.dirname, "../conformance/drivers/pgx");

/** `drivers`: all that are installed, or node-postgres alone. */
export async function capture(at: Connection, drivers: "all" | "node-postgres"): Promise<Captures> {
  const tap = await startTap(at.port);
  const through = { ...at, port: tap.port };
  const reading = await readOnly(through, tap, drivers);
  tap.taken();
  await nodePostgres(through);
  if (drivers === "all") {
    await postgresJs(through);
    if (has("psql", ["--version"])) await psql(through, psqlCalls.flatMap((lines) => lines.map(ended)).join("\n"));
    if (has("go", ["version"])) await pgx(through);
  }
  const client = tap.taken().flatMap((bytes) => framesOf(bytes));
  tap.close();
  return { client, reading };
}

const ended = (line: string) => (line.includes("\\") ? line : `${line};`);
const READS = [
  "SELECT id, name, tags FROM items ORDER BY id LIMIT 3",
  "SELECT 1; SELECT 2",
  "SELECT 1/0",
  "BEGIN; SELECT 'é☃'",
  "ROLLBACK",
];

async function readOnly(at: Connection, tap: Tap, drivers: string): Promise<readonly Buffer[]> {
  const client = new pg.Client({ host: "127.0.0.1", ...at });
  await client.connect();
  for (const text of READS) await client.query(text).catch(() => {});
  await client.query("SELECT name FROM items WHERE id = ANY($1) ORDER BY id", [[1, 2]]);
  for (const id of [1, 2])
    await client.query({ name: "by id", text: "SELECT data FROM items WHERE id = $1", values: [id] });
  await client.end();
  if (drivers === "all" && has("psql", ["--version"])) await psql(at, `${READS.join(";\n")};\n\\d items\n`);
  return tap.taken();
}

interface Tap {
  readonly port: number;
  /** What each connection has sent since it was last asked, connections without a word left out. */
  taken(): Buffer[];
  close(): void;
}

async function startTap(serverPort: number): Promise<Tap> {
  let connections: Buffer[][] = [];
  const server = createServer({ noDelay: true }, (client) => {
    const kept: Buffer[] = [];
    connections.push(kept);
    const upstream = connect(serverPort, "127.0.0.1");
    client.on("data", (chunk) => kept.push(chunk));
    client.on("error", () => upstream.destroy()).pipe(upstream);
    upstream.on("error", () => client.destroy()).pipe(client);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    taken: () => {
      const all = connections.map((kept) => plain(Buffer.concat(kept))).filter((bytes) => bytes.length > 20);
      connections = [];
      return all;
    },
    close: () => void server.close(),
  };
}

/** Without the requests for encryption in front, which libpq's client asks for and the server has not got. */
function plain(bytes: Buffer): Buffer {
  let at = 0;
  while (bytes.length >= at + 8 && bytes.readInt32BE(at) === 8) at += 8;
  return bytes.subarray(at);
}

function framesOf(bytes: Buffer): readonly Frames[] {
  const frames: Buffer[] = [];
  for (let at = 0; at + 5 <= bytes.length; ) {
    const end = at === 0 ? bytes.readInt32BE(0) : at + 1 + bytes.readInt32BE(at + 1);
    frames.push(bytes.subarray(at, end));
    at = end;
  }
  return frames.length < 2 ? [] : [frames];
}

const has = (program: string, args: readonly string[]) => spawnSync(program, args).status === 0;

async function psql({ port, user, database }: Connection, input: string): Promise<void> {
  const args = ["-X", "-h", "127.0.0.1", "-p", String(port), "-U", user, "-d", database];
  await runs("psql", args, {}, input);
}

async function pgx({ port, user, password, database }: Connection): Promise<void> {
  const env = { GOFLAGS: "-mod=mod", GOPROXY: "off", GOWORK: "off" };
  await runs("go", ["run", ".", String(port), user, password, database], env, "");
}

async function runs(program: string, args: readonly string[], env: Record<string, string>, input: string) {
  const child = spawn(program, args, {
    cwd: PGX,
    env: { ...process.env, ...env },
    stdio: ["pipe", "ignore", "ignore"],
  });
  child.stdin.end(input);
  await once(child, "close");
}
