// Logins that a token proves: as a password and by OAUTHBEARER, through node-postgres, psql and libpq 18; and what is refused.
import { execFile } from "node:child_process";
import { createHmac, randomBytes } from "node:crypto";
import { join } from "node:path";
import pg from "pg";
import { nothingRevoked, type Revocations, readRevocations } from "../../pkg/identity/revocations.ts";
import { selfSignedCertificate } from "../../pkg/localdb/certificate.ts";
import type { Principal } from "../../pkg/principal/principal.ts";
import type { Brokered } from "../../pkg/proxy/credentials.ts";
import { servingCertificate } from "../../pkg/proxy/serving-certificate.ts";
import { linesOf, recordsOf } from "../audit/spool-lines.ts";
import { eventually } from "../load/eventually.ts";
import { libpqVersion } from "../proxy/libpq.ts";
import { psql, psqlIsHere } from "../proxy/psql.ts";
import { type Governed, startGoverned } from "../support/governed.ts";
import { issuerFor, verifierFor } from "../support/identity-settings.ts";
import { AUDIENCE, startIssuer, type TestIssuer } from "../support/issuer.ts";
import { PASSWORD, startTestServer, type TestServer } from "../support/server.ts";

const own = selfSignedCertificate(["localhost", "127.0.0.1"]);
const DISCOVERY = "https://id.example/.well-known/openid-configuration";
const policies = {
  "policy.yaml": `apiVersion: weir.dev/v1alpha1
kind: DataPolicy
metadata: {name: people, namespace: shop}
spec:
  subjects: [{kinds: [Agent]}, {assuranceBelow: L2}]
  classify: [{columns: ["public.people.email"], class: PII.EMAIL}]
  mask: [{classes: ["PII.*"], method: "Null"}]
---
apiVersion: weir.dev/v1alpha1
kind: DataPolicy
metadata: {name: fraud, namespace: shop}
spec:
  when: "principal.claims.department == 'fraud'"
  guard: [{name: no-fraud, effects: [Delete], action: Deny}]
`,
};

let issuer: TestIssuer;
let server: TestServer;
let governed: Governed;
let told: Revocations = nothingRevoked;
let nowMs = () => Date.now();

beforeAll(async () => {
  [issuer, server] = await Promise.all([startIssuer(), startTestServer(["app"])]);
  await server.admin("CREATE TABLE people (id int PRIMARY KEY, email text)");
  await server.admin("CREATE TABLE orders (id int PRIMARY KEY)");
  await server.admin("INSERT INTO people VALUES (1, 'ana@example.com')");
  await server.admin("INSERT INTO orders SELECT generate_series(1, 20)");
  await server.admin("GRANT ALL ON people, orders TO app");
  const verifier = verifierFor([issuerFor(issuer)], { nowMs: () => nowMs(), revocations: () => told });
  const accepts = (login: string) => (principal: Principal) =>
    [principal.name, principal.actingFor?.name].includes(login);
  const tokens = { verify: verifier.verify.bind(verifier), discovery: DISCOVERY, scope: "db" };
  const credentials: Brokered = {
    mode: "Brokered",
    user: "app",
    password: async () => Buffer.from(PASSWORD),
    clients: (login) => ({
      kind: "token",
      ask: login === "oauth" ? "OAuthBearer" : "Password",
      tokens,
      accepts: accepts(login),
    }),
    saltKey: randomBytes(32),
  };
  governed = await startGoverned({
    upstreamPort: server.port,
    policies,
    tokens: verifier,
    credentials,
    certificate: servingCertificate(own.certificate, own.key),
    nowMs: () => nowMs(),
    sessionAgeMsMax: 3_000_000,
  });
});

afterAll(async () => {
  await governed.stop();
  await server.stop();
  await issuer.stop();
});

beforeEach(() => {
  nowMs = () => Date.now();
  told = nothingRevoked;
});

async function connected(password: string, user = "ana", ssl: pg.ClientConfig["ssl"] = { ca: own.certificate }) {
  const client = new pg.Client({ host: "127.0.0.1", port: governed.port, user, password, database: "postgres", ssl });
  client.on("error", () => {});
  await client.connect();
  return client;
}

async function principal(client: pg.Client): Promise<Principal> {
  const { rows } = await client.query("SHOW weir.principal");
  return JSON.parse(rows[0]["weir.principal"]);
}

const refused = (promise: Promise<unknown>) =>
  promise.then(
    () => ({ code: "none", message: "accepted", hint: "" }),
    ({ code, message, hint }) => ({ code, message, hint }),
  );
const sessions = () => recordsOf(governed.spoolDir).filter(({ unmapped }) => unmapped.weir.kind === "session");

test("a token is the password of node-postgres, and policies see who it is", async () => {
  const client = await connected(await issuer.token({ amr: ["mfa"], groups: ["analysts"], department: "fraud" }));
  expect(await principal(client)).toEqual({
    kind: "Human",
    name: "ana",
    issuer: issuer.url,
    groups: ["analysts"],
    assurance: "L3",
    login: "ana",
    claims: { department: "fraud" },
  });
  expect((await client.query("SELECT email FROM people")).rows[0].email).toBe("ana@example.com");
  expect(await refused(client.query("DELETE FROM people"))).toMatchObject({ code: "42501" });
  await client.end();
});

test("an agent is masked, and its records name the person", async () => {
  const client = await connected(await issuer.token({ act: { sub: "robo" } }));
  expect((await client.query("SELECT email FROM people")).rows[0].email).toBeNull();
  await client.end();
  const open = sessions().findLast(({ unmapped }) => unmapped.weir.phase === "open");
  expect(open.user).toMatchObject({ name: "robo", type: "Agent", account: { name: "ana" } });
  expect(open.unmapped.weir.who.acting_for[0].user).toMatchObject({ name: "ana", type: "Human" });
});

(psqlIsHere ? test : test.skip)("psql logs in with a token of several kilobytes", async () => {
  const token = await issuer.token({ pad: "x".repeat(6000) });
  const ran = await psql(governed.port, `user=ana sslmode=require password=${token}`, "SELECT count(*) FROM orders");
  expect(ran).toMatchObject({ ok: true, out: "20" });
  const wrong = await psql(governed.port, `user=ana sslmode=require password=${token}x`, "SELECT 1");
  expect([wrong.ok, wrong.err.includes("its signature is wrong") || wrong.err.includes("no signed token")]).toEqual([
    false,
    true,
  ]);
  expect(wrong.err.includes(token.slice(0, 30))).toBe(false);
});

test("over a plain connection the token is not even asked for", async () => {
  const found = await refused(connected(await issuer.token(), "ana", false));
  expect(found).toEqual({
    code: "28000",
    message: "this login is proved by a token, which Weir takes over TLS only",
    hint: "Connect with sslmode=verify-full, or require at the least; the token was not asked for.",
  });
  expect(sessions().at(-1).status_detail ?? JSON.stringify(sessions().at(-1))).toContain("token plaintext");
});

test.each([
  ["expired", { exp: 1 }],
  ["notYet", { nbf: 4_000_000_000 }],
  ["issuer", { iss: "https://elsewhere" }],
  ["claims", { groups: 7 }],
  ["delegation", { act: { sub: "robo", iss: "https://elsewhere" } }],
  ["audience", { aud: "elsewhere" }],
  ["login", { sub: "bob" }],
])("refused and recorded: %s", async (reason, claims) => {
  const found = await refused(connected(await issuer.token(claims)));
  expect(found).toMatchObject({
    code: "28P01",
    message: expect.stringContaining('token authentication failed for user "ana"'),
  });
  const last = sessions().at(-1);
  expect(last.unmapped.weir.phase).toBe("refused");
  expect(JSON.stringify(last)).toContain(`token ${reason}`);
});

test("refused and recorded: none, and a public key taken for a shared secret", async () => {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = part({ iss: issuer.url, aud: AUDIENCE, sub: "ana", exp: Math.floor(Date.now() / 1000) + 60 });
  const confused = `${part({ alg: "HS256", kid: "first" })}.${claims}`;
  const signature = createHmac("sha256", JSON.stringify(issuer.key.publicJwk)).update(confused).digest("base64url");
  for (const token of [`${part({ alg: "none" })}.${claims}.`, `${confused}.${signature}`]) {
    expect(await refused(connected(token))).toMatchObject({
      code: "28P01",
      message: expect.stringContaining("algorithm"),
    });
    expect(JSON.stringify(sessions().at(-1))).toContain("token algorithm");
  }
});

test("expiry, revocation and new groups act on the next statement of an open session, which then ends", async () => {
  const client = await connected(await issuer.token({ jti: "mine", exp: Math.floor(Date.now() / 1000) + 60 }));
  await client.query("SELECT 1");
  told = readRevocations('{"groups": {"ana": ["interns"]}}');
  expect((await principal(client)).groups).toEqual(["interns"]);
  const ended = new Promise((resolve) => client.once("end", resolve));
  told = readRevocations('{"tokens": ["mine"]}');
  expect(await refused(client.query("SELECT 1"))).toMatchObject({
    code: "42501",
    message: expect.stringContaining("the token of this identity was revoked"),
  });
  await ended;
  told = nothingRevoked;
  const other = await connected(await issuer.token({ exp: Math.floor(Date.now() / 1000) + 60 }));
  const left = new Promise((resolve) => other.once("end", resolve));
  nowMs = () => Date.now() + 95_000;
  expect(await refused(other.query("SELECT 1"))).toMatchObject({ message: expect.stringContaining("has expired") });
  await left;
});

test("a session has a greatest age", async () => {
  const client = await connected(await issuer.token({ exp: Math.floor(Date.now() / 1000) + 80_000 }));
  nowMs = () => Date.now() + 3_100_000;
  expect(await refused(client.query("SELECT 1"))).toMatchObject({ message: expect.stringContaining("greatest age") });
  await eventually(async () => (await refused(client.query("SELECT 1"))).code !== "42501");
});

test("what the token narrows holds beside every policy", async () => {
  const authorization_details = [{ type: "weir", actions: ["read"], tables: ["public.orders"], rows: 5 }];
  const client = await connected(await issuer.token({ authorization_details }));
  expect((await client.query("SELECT id FROM orders LIMIT 3")).rowCount).toBe(3);
  for (const [text, why] of [
    ["SELECT id FROM orders", "no more than 5 rows"],
    ["SELECT id FROM people LIMIT 1", "Read of public.people"],
    ["DELETE FROM orders WHERE id = 1", "guard no-fraud"],
    ["UPDATE orders SET id = 99 WHERE id = 1", "Update of public.orders"],
    ["CREATE TABLE mine (id int)", "Create"],
    ["DO 'begin end'", "guard no-fraud"],
  ] as const)
    expect([text, await refused(client.query(text))]).toEqual([
      text,
      expect.objectContaining({ code: "42501", message: expect.stringContaining(why) }),
    ]);
  expect(JSON.parse((await client.query("SHOW weir.policy")).rows[0]["weir.policy"]).grants).toHaveLength(1);
  await client.end();
});

const oauth = (settings: string, token: string) =>
  new Promise<{ ok: boolean; rows?: string[][]; error?: string; asked: string[][] }>((resolve, reject) => {
    const conninfo = `host=127.0.0.1 port=${governed.port} dbname=postgres user=oauth sslmode=require oauth_client_id=test ${settings}`;
    const python = process.env.WEIR_TEST_PYTHON ?? "python3";
    const env = { PATH: process.env.PATH, HOME: "/nonexistent", LC_ALL: "C.UTF-8", TOKEN: token };
    execFile(python, [join(import.meta.dirname, "../proxy/libpq-oauth.py"), conninfo], { env }, (error, out) =>
      error === null ? resolve(JSON.parse(out)) : reject(error),
    );
  });
const withOauth = libpqVersion >= 180_000 ? test : test.skip;

withOauth("libpq 18 logs in by OAUTHBEARER, after it was told where tokens come from", async () => {
  const answer = await oauth("oauth_issuer=https://id.example", await issuer.token({ sub: "oauth" }));
  expect(answer.error).toBeUndefined();
  expect(JSON.parse(answer.rows![0]![0]!)).toMatchObject({ name: "oauth", assurance: "L2" });
  expect(answer.asked).toEqual([[DISCOVERY, "db"]]);
  expect(sessions().some((record) => JSON.stringify(record).includes("token missing"))).toBe(true);
});

withOauth("a bad token is refused by OAUTHBEARER with the error that RFC 7628 wants", async () => {
  const answer = await oauth(`oauth_issuer=${DISCOVERY}`, await issuer.token({ sub: "oauth", exp: 1 }));
  expect(answer.ok).toBe(false);
  expect(answer.error).toContain("it has expired");
  expect(answer.error?.includes("eyJ")).toBe(false);
});

test("no token is in any record or log line", () => {
  const all = linesOf(governed.spoolDir).join("\n") + governed.logged.join("\n") + server.log();
  expect(/eyJ[\w-]{10}/.test(all)).toBe(false);
});
