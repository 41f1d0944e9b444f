// After a refusal everything is as after an error of PostgreSQL's own at that place: the answers, the transaction's state, what
// became of the statements before and after it, and the session goes on.
import pg from "pg";
import postgres from "postgres";
import { Frontend } from "../support/frontend.ts";
import { type Governed, startGoverned } from "../support/governed.ts";
import { type Line, playSend, written } from "../support/recorder.ts";
import type { Send, Step } from "../support/script.ts";
import { PASSWORD, startTestServer, type TestServer } from "../support/server.ts";
import { type Act, AFTER, BEFORE, conversations } from "./refusals.ts";

const SCHEMA = `
CREATE TABLE made (a int); CREATE TABLE gone (a int PRIMARY KEY); INSERT INTO gone VALUES (1), (2);
CREATE TABLE many AS SELECT generate_series(1, 9) AS n;
CREATE TABLE late (a int UNIQUE DEFERRABLE INITIALLY DEFERRED);
CREATE SEQUENCE made_seq;
ALTER TABLE made OWNER TO app; ALTER TABLE gone OWNER TO app; ALTER TABLE many OWNER TO app; ALTER TABLE late OWNER TO app; ALTER SEQUENCE made_seq OWNER TO app;
`;
const STATE = `SELECT concat_ws(' / ', (SELECT string_agg(a::text, ',' ORDER BY a) FROM made), (SELECT count(*) FROM gone),
  (SELECT count(*) FROM late), (SELECT last_value FROM made_seq), (SELECT count(*) FROM pg_prepared_xacts))`;

let server: TestServer;
let governed: Governed;

beforeAll(async () => {
  server = await startTestServer(["app"]);
  await server.admin("CREATE DATABASE refusals");
  await server.admin(SCHEMA, "refusals");
  governed = await startGoverned({ upstreamPort: server.port, policies: { "rules.yaml": BEFORE } });
});

afterAll(async () => {
  await governed?.stop();
  await server?.stop();
});

const sendOf = (step: Step): Send => {
  if ("cancel" in step || "wait" in step) throw new Error("not in this list");
  return "send" in step ? step : { send: step };
};

interface Outcome {
  readonly frames: readonly string[];
  readonly state: string | null;
  readonly codes: readonly string[];
}

async function play(acts: readonly Act[], port: number): Promise<Outcome> {
  await server.admin("TRUNCATE made, late; SELECT setval('made_seq', 1)", "refusals");
  governed.reload({ "rules.yaml": BEFORE });
  const frontend = await Frontend.login({ port, user: "app", password: PASSWORD, database: "refusals" });
  const line: Line = { frontend, owed: 1 };
  frontend.frames.length = 0;
  line.owed = 0;
  for (const act of acts) {
    if (act === "reload") governed.reload({ "rules.yaml": AFTER });
    else await playSend(sendOf(act), line);
  }
  const frames = written(frontend.frames);
  await frontend.terminate();
  const codes = frames.flatMap((frame) => (frame.startsWith("E ") ? [/\\x00C(\w{5})\\x00/.exec(frame)![1]!] : []));
  return { frames: frames.map(comparable), state: await server.admin(STATE, "refusals"), codes };
}

/** Errors differ in their text and code, refused rows in the value that made PostgreSQL fail; nothing else may differ. */
const comparable = (frame: string) =>
  frame.startsWith("E ") ? "E" : frame.replace(/^T 1 \| (n|\?column\?) .*/, "T of one column");

test.each(conversations.map((one) => [one.name, one] as const))("%s", async (_, { refused, failing, code }) => {
  const direct = await play(failing, server.port);
  const through = await play(refused, governed.port);
  expect(through.frames).toEqual(direct.frames);
  expect(through.state).toEqual(direct.state);
  if (code !== null) expect(through.codes).toContain(code);
  else expect(through.codes).toEqual(direct.codes);
});

test("a pool of node-postgres keeps its connection after a refusal", async () => {
  governed.reload({ "rules.yaml": BEFORE });
  const pool = new pg.Pool({
    host: "127.0.0.1",
    port: governed.port,
    user: "app",
    password: PASSWORD,
    database: "refusals",
    max: 1,
  });
  /** As an application does that takes a client out and gives it back; `pool.query` itself drops the client after any error. */
  const ask = async (text: string, values?: readonly unknown[]) => {
    const client = await pool.connect();
    return client.query(text, values ? [...values] : []).finally(() => client.release());
  };
  const pid = async () => (await ask("SELECT pg_backend_pid() AS pid")).rows[0].pid;
  const before = await pid();
  const refused: readonly (readonly [string, unknown[]?])[] = [
    ["DELETE FROM gone"],
    ["DELETE FROM gone WHERE a = $1", [1]],
    ["SELECT n FROM many"],
    ["SELECT n FROM many WHERE n > $1", [0]],
  ];
  for (const [text, values] of refused) {
    await expect(ask(text, values)).rejects.toMatchObject({ code: "42501" });
    expect(await pid()).toBe(before);
  }
  await pool.end();
});

test("postgres.js keeps its connection after a refusal", async () => {
  const sql = postgres({
    host: "127.0.0.1",
    port: governed.port,
    user: "app",
    password: PASSWORD,
    database: "refusals",
    max: 1,
    fetch_types: false,
    onnotice: () => {},
  });
  const pid = async () => (await sql`SELECT pg_backend_pid() AS pid`).at(-1)!.pid; // postgres.js leaves rows of a failed query in front
  const before = await pid();
  for (const ask of [
    () => sql`DELETE FROM gone`,
    () => sql`DELETE FROM gone WHERE a = ${1}`,
    () => sql`SELECT n FROM many`,
    () => sql.unsafe("DELETE FROM gone; SELECT 1"),
    () => sql.begin((own) => own`DELETE FROM gone`),
  ]) {
    await expect(Promise.resolve(ask())).rejects.toMatchObject({ code: "42501" });
    expect(await pid()).toBe(before);
  }
  await sql.end();
});
