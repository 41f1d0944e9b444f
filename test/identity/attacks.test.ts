// Each way to be taken for somebody else, against the whole sidecar and an issuer with real keys: refused with an error that says why and a
// record, whether it comes as a password, in SET weir.identity or in a signed comment; and no token is told anywhere, of good ones neither.
import { createHmac, createPublicKey } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { selfSignedCertificate } from "../../pkg/localdb/certificate.ts";
import { recordsOf } from "../audit/spool-lines.ts";
import { eventually } from "../load/eventually.ts";
import { Frontend } from "../support/frontend.ts";
import { AUDIENCE, newKey, startIssuer, type TestIssuer } from "../support/issuer.ts";
import { bind, copyData, copyDone, execute, parse, query, sync } from "../support/messages.ts";
import { PASSWORD, startTestServer, type TestServer } from "../support/server.ts";
import { type SidecarProcess, startSidecar } from "../support/sidecar-process.ts";
import { type Sink, startSink } from "../telemetry/otlp-sink.ts";

const own = selfSignedCertificate(["localhost", "127.0.0.1"]);
const files = (port: number) => ({
  "database.yaml": `apiVersion: weir.dev/v1alpha1
kind: GovernedDatabase
metadata: {name: main, namespace: shop}
spec: {engine: PostgreSQL, host: 127.0.0.1, port: ${port}, tls: {mode: Disable}, credentials: Brokered}
`,
  "policy.yaml": `apiVersion: weir.dev/v1alpha1
kind: DataPolicy
metadata: {name: notes, namespace: shop}
spec:
  subjects: [{notGroups: [privacy-office]}]
  guard: [{name: keep, effects: [Delete], action: Deny}]
`,
});

let issuer: TestIssuer;
/** Its tokens count once, also at a login. */
let single: TestIssuer;
let server: TestServer;
let sink: Sink;
let sidecar: SidecarProcess;
let spool = "";
let pool: pg.Client;
/** Every token that was made. */
const tokens: string[] = [];
/** Every text that a client was told. */
const heard: string[] = [];

beforeAll(async () => {
  [issuer, single, server, sink] = await Promise.all([
    startIssuer("ES256"),
    startIssuer("ES256"),
    startTestServer(["app"], { log_statement: "all", log_min_messages: "debug1" }),
    startSink(),
  ]);
  await server.admin("CREATE TABLE notes (owner text); GRANT ALL ON notes TO app; INSERT INTO notes VALUES ('olga')");
  sidecar = await startSidecar(server.port, {
    policies: files(server.port),
    files: { "tls.crt": own.certificate, "tls.key": own.key, password: PASSWORD },
    settings: (at) => {
      spool = join(at, "spool");
      return {
        WEIR_TLS_CERTIFICATE: join(at, "tls.crt"),
        WEIR_TLS_KEY: join(at, "tls.key"),
        WEIR_UPSTREAM_LOGINS: JSON.stringify({ "shop/main": { user: "app", passwordFile: join(at, "password") } }),
        WEIR_UPSTREAM_SESSIONS: JSON.stringify({
          "shop/main": { identity: true, settings: { application_name: "weir {principal}" } },
        }),
        WEIR_IDENTITY_ISSUERS: JSON.stringify([
          { issuer: issuer.url, audiences: [AUDIENCE] },
          { issuer: single.url, audiences: [AUDIENCE], once: true },
        ]),
        WEIR_IDENTITY_SET_SCOPE: "Transaction",
        OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
        OTEL_METRIC_EXPORT_INTERVAL: "500",
        WEIR_LOG_LEVEL: "debug",
      };
    },
  });
  pool = await connected("pool", await good({ sub: "pool", exp: seconds(3600) }));
});

afterAll(async () => {
  await pool?.end();
  await sidecar.stop();
  for (const each of [server, issuer, single, sink]) await each.stop();
});

const seconds = (ahead: number) => Math.floor(Date.now() / 1000) + ahead;
const officer = { sub: "olga", groups: ["privacy-office"] };
let ids = 0;

function made(token: string): string {
  tokens.push(token);
  return token;
}

const good = async (claims: object, of = issuer) =>
  made(await of.token({ jti: `attack ${ids++}`, exp: seconds(60), ...claims }));

async function connected(user: string, password: string, ssl: pg.ClientConfig["ssl"] = { ca: own.certificate }) {
  const client = new pg.Client({ host: "127.0.0.1", port: sidecar.port, user, password, database: "postgres", ssl });
  client.on("error", ({ message }) => heard.push(message));
  await client.connect();
  return client;
}

async function outcome(asked: Promise<unknown>): Promise<string> {
  try {
    await asked;
    return "ran";
  } catch (error) {
    const { code, message, detail = "", hint = "" } = error as Record<string, string>;
    heard.push(JSON.stringify(error), message!, detail, hint);
    return `${code} ${message}`;
  }
}

/** Records of the spool that hold all of `words`. */
const recorded = (...words: readonly string[]) =>
  recordsOf(spool).filter((record) => words.every((each) => JSON.stringify(record).includes(each))).length;

const nonceOf = async (client: pg.Client) => (await client.query("SHOW weir.nonce")).rows[0]["weir.nonce"];

function unsigned(header: object, claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const all = { iss: issuer.url, aud: AUDIENCE, exp: seconds(60), jti: `attack ${ids++}`, ...officer, ...claims };
  return `${part(header)}.${part(all)}`;
}

function confused(claims: object): string {
  const key = createPublicKey({ key: issuer.key.publicJwk as never, format: "jwk" });
  const text = unsigned({ alg: "HS256", typ: "JWT", kid: "first" }, claims);
  const secret = key.export({ type: "spki", format: "pem" });
  return made(`${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`);
}

async function forged(claims: object): Promise<string> {
  const key = await newKey("first", "ES256");
  return made(await issuer.token({ jti: `attack ${ids++}`, exp: seconds(60), ...officer, ...claims }, { key }));
}

type Make = (claims: object) => Promise<string> | string;
const attacks: readonly (readonly [name: string, reason: string, make: Make])[] = [
  ["algorithm confusion: the public key as a shared secret", "algorithm", confused],
  ["the algorithm none", "algorithm", (claims) => made(`${unsigned({ alg: "none", typ: "JWT" }, claims)}.`)],
  ["the wrong audience", "audience", (claims) => good({ ...officer, ...claims, aud: "weir://else" })],
  ["the wrong issuer", "issuer", (claims) => good({ ...officer, ...claims, iss: "https://else.example" })],
  ["expired", "expired", (claims) => good({ ...officer, ...claims, exp: seconds(-120) })],
  ["forged with a key of one's own", "signature", forged],
  ["altered behind its signature", "signature", async (claims) => altered(await good({ ...claims, sub: "eve" }))],
];

/** The same token, said to be of somebody else. */
function altered(token: string): string {
  const [header, claims, signature] = token.split(".") as [string, string, string];
  const other = JSON.stringify({ ...JSON.parse(Buffer.from(claims, "base64url").toString()), ...officer });
  return made(`${header}.${Buffer.from(other).toString("base64url")}.${signature}`);
}

test.each(attacks)("%s, as a password", async (_, reason, make) => {
  const before = recorded("refusedByUs", `token ${reason}`);
  expect(await outcome(connected("olga", await make({})))).toMatch(
    /^28P01 token authentication failed for user "olga": /,
  );
  await eventually(() => recorded("refusedByUs", `token ${reason}`) === before + 1);
});

test.each(attacks)("%s, in SET weir.identity", async (_, reason, make) => {
  const token = await make({ nonce: await nonceOf(pool) });
  await pool.query("BEGIN");
  const before = recorded("refuse", "the token of weir.identity does not count");
  expect(await outcome(pool.query(`SET LOCAL weir.identity = '${token}'`))).toMatch(/^42501 .* does not count/);
  expect(heard.some((text) => text.startsWith(`Reason: ${reason}.`))).toBe(true);
  await pool.query("ROLLBACK");
  expect(recorded("refuse", "the token of weir.identity does not count")).toBe(before + 1);
  expect(await outcome(pool.query("DELETE FROM notes"))).toMatch(/^42501/);
});

test.each(attacks)("%s, in a comment", async (_, reason, make) => {
  const token = await make({ nonce: await nonceOf(pool) });
  const before = recorded("refuse", "the token of weir_identity does not count");
  expect(await outcome(pool.query(`DELETE FROM notes /*weir_identity='${token}'*/`))).toMatch(/^42501 .* not count/);
  expect(heard.some((text) => text.startsWith(`Reason: ${reason}.`))).toBe(true);
  expect(recorded("refuse", "the token of weir_identity does not count")).toBe(before + 1);
  expect(await server.admin("SELECT count(*) FROM notes")).toBe("1");
});

test("replayed: at a login, in SET and in a comment", async () => {
  const token = await good(officer, single);
  await (await connected("olga", token)).end();
  expect(await outcome(connected("olga", token))).toMatch(/^28P01 .* used/);
  await eventually(() => recorded("refusedByUs", "token replayed") === 1);
  const nonce = await nonceOf(pool);
  const [set, comment] = [await good({ ...officer, nonce }), await good({ ...officer, nonce })];
  await pool.query("BEGIN");
  await pool.query(`SET LOCAL weir.identity = '${set}'`);
  await pool.query("COMMIT");
  await pool.query(`SELECT 1 /*weir_identity='${comment}'*/`);
  for (const token of [set, comment]) {
    const text = `DELETE FROM notes /*weir_identity='${token}'*/`;
    expect(await outcome(pool.query(text))).toMatch(/^42501 weir: the token of weir_identity does not count/);
    await pool.query("BEGIN");
    expect(await outcome(pool.query(`SET LOCAL weir.identity = '${token}'`))).toMatch(/^42501 .* does not count/);
    await pool.query("ROLLBACK");
  }
});

test("downgrade to plaintext: the token is not asked for", async () => {
  expect(await outcome(connected("olga", await good(officer), false))).toBe(
    "28000 this login is proved by a token, which Weir takes over TLS only",
  );
  await eventually(() => recorded("refusedByUs", "token plaintext") === 1);
});

test("a token of another session of the pool, and one that nobody has bound", async () => {
  const other = await connected("pool", await good({ sub: "pool" }));
  const copied = await good({ ...officer, nonce: await nonceOf(other) });
  for (const token of [copied, await good(officer)]) {
    const before = recorded("refuse", "does not count");
    await pool.query("BEGIN");
    expect(await outcome(pool.query(`SET LOCAL weir.identity = '${token}'`))).toMatch(/^42501 .* does not count/);
    await pool.query("ROLLBACK");
    expect(await outcome(pool.query(`DELETE FROM notes /*weir_identity='${token}'*/`))).toMatch(/^42501/);
    expect(recorded("refuse", "does not count")).toBe(before + 2);
  }
  await other.end();
});

test("an identity does not survive the checkout of a pool: for a session it cannot be set, for a transaction it ends", async () => {
  const token = await good({ ...officer, nonce: await nonceOf(pool) });
  expect(await outcome(pool.query(`SET weir.identity = '${token}'`))).toBe(
    "42501 weir: weir.identity is set for one transaction at a time here",
  );
  expect(recorded("refuse", "one transaction at a time")).toBe(1);
  await pool.query("BEGIN");
  await pool.query("SELECT set_config('weir.identity', $1, true)", [token]);
  expect(await outcome(pool.query("DELETE FROM notes WHERE owner = 'nobody'"))).toBe("ran");
  await pool.query("COMMIT");
  const before = recorded("refuse", "shop/notes");
  expect(await outcome(pool.query("DELETE FROM notes WHERE owner = 'nobody'"))).toMatch(/^42501/);
  expect(recorded("refuse", "shop/notes")).toBe(before + 1);
});

const errorsIn = (frames: readonly { type: string; body: Buffer }[]) =>
  frames.filter(({ type }) => type === "E").map(({ body }) => /\0C(\w{5})/.exec(body.toString("latin1"))![1]);

async function frontend(): Promise<readonly [Frontend, string]> {
  const password = await good({ sub: "pool" });
  const options = { port: sidecar.port, user: "pool", password, database: "postgres", tls: true };
  const raw = await Frontend.login(options);
  const [row] = (await raw.ask([query("SHOW weir.nonce")])).filter(({ type }) => type === "D");
  return [raw, row!.body.subarray(6).toString()];
}

test("nor the boundary of COPY, nor of a pipeline", async () => {
  const [raw, nonce] = await frontend();
  const mark = async () => `/*weir_identity='${await good({ ...officer, nonce })}'*/`;
  const remove = "DELETE FROM notes WHERE owner = 'nobody'";
  const copy = [query(`COPY notes FROM STDIN ${await mark()}`), copyData("ana\n"), copyDone(), query(remove)];
  expect(errorsIn(await raw.ask(copy, 2))).toEqual(["42501"]);
  const run = (text: string) => [parse("", text), bind(), execute()];
  const signed = run(`${remove} ${await mark()}`);
  expect(errorsIn(await raw.ask([...signed, ...run(remove), ...run("SELECT 1"), sync()]))).toEqual(["42501"]);
  const named = [parse("named", `${remove} ${await mark()}`), bind({ statement: "named" }), execute(), sync()];
  expect(errorsIn(await raw.ask([...named, bind({ statement: "named" }), execute(), sync()], 2))).toEqual(["42501"]);
  const local = run(`SET LOCAL weir.identity = '${await good({ ...officer, nonce })}'`);
  const all = [...run("BEGIN"), ...local, ...run(remove), ...run("COMMIT"), ...run(remove), sync()];
  expect(errorsIn(await raw.ask(all))).toEqual(["42501"]);
  await raw.terminate();
});

test("no token is in a log, a record, a span, a metric, an error or with the database", async () => {
  await eventually(() => sink.requests.some(({ path }) => path === "/v1/metrics") && sink.spans.length > 0);
  const metrics = await (await fetch(`http://127.0.0.1:${sidecar.admin}/metrics`)).text();
  const sessions = await (await fetch(`http://127.0.0.1:${sidecar.admin}/sessions`)).text();
  const kept = readdirSync(spool, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const told: Readonly<Record<string, string>> = {
    log: sidecar.log(),
    records: kept.map(({ parentPath, name }) => readFileSync(join(parentPath, name), "latin1")).join(),
    "spans and metrics": sink.requests.map(({ body }) => body.toString("latin1")).join(),
    metrics,
    sessions,
    errors: heard.join("\n"),
    database: server.log(),
  };
  expect(tokens.length).toBeGreaterThan(30);
  const parts = new Set(
    tokens.flatMap((token) =>
      token
        .split(".")
        .slice(1)
        .filter((part) => part.length > 20),
    ),
  );
  for (const [place, text] of Object.entries(told)) {
    expect([place, text.length > 10]).toEqual([place, true]);
    expect([place, [...parts].find((part) => text.includes(part))]).toEqual([place, undefined]);
    expect([place, /eyJ[\w-]{16}/.test(text)]).toEqual([place, false]);
  }
  expect(told.database!.includes("= E'weir pool'")).toBe(true);
});
