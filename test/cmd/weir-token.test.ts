// `weir token` with a real issuer and the whole sidecar: a program's own token, an agent's for a person, tokens that may do less, and
// tokens of one's own key for one use.
import { generateKeyPairSync } from "node:crypto";
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeJwt, exportJWK, SignJWT } from "jose";
import pg from "pg";
import { visit } from "../../cmd/weir/demo/browser.ts";
import { type LocalIssuer, startLocalIssuer } from "../../cmd/weir/demo/issuer.ts";
import { EXCHANGE } from "../../cmd/weir/demo/issuer-exchange.ts";
import { runWeir } from "../../cmd/weir/demo/weir-program.ts";
import { selfSignedCertificate } from "../../pkg/localdb/certificate.ts";
import { PASSWORD, startTestServer, type TestServer } from "../support/server.ts";
import { type SidecarProcess, startSidecar } from "../support/sidecar-process.ts";

// Inside a test, that of Node makes objects of another realm, which the issuer then takes for no plain ones.
globalThis.structuredClone = <T>(value: T): T => JSON.parse(JSON.stringify(value));

const AUDIENCE = "weir://shop/main";
const OWN_ISSUER = "https://agents.shop.example";
const SECRET = "a secret of robo's";
const own = selfSignedCertificate(["localhost", "127.0.0.1"]);
const home = mkdtempSync(join(tmpdir(), "weir-home-"));
const at = (name: string) => join(home, name);
const put = (name: string, text: string) => {
  writeFileSync(at(name), text, { mode: 0o600 });
  return at(name);
};

let issuer: LocalIssuer;
let server: TestServer;
let sidecar: SidecarProcess;

beforeAll(async () => {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  put("key.pem", privateKey.export({ format: "pem", type: "pkcs8" }) as string);
  put("secret", `${SECRET}\n`);
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), alg: "RS256", use: "sig" }] } as never;
  const machine = { redirect_uris: [], response_types: [], grant_types: ["client_credentials", EXCHANGE] };
  [issuer, server] = await Promise.all([
    startLocalIssuer({
      people: { ana: { email: "ana@shop.example", groups: ["analysts"] } },
      clients: [
        { ...machine, client_id: "robo", client_secret: SECRET },
        { ...machine, client_id: "build", token_endpoint_auth_method: "private_key_jwt", jwks },
      ],
      audience: AUDIENCE,
      tokenSeconds: 300,
    }),
    startTestServer(["app"]),
  ]);
  await server.admin(
    "CREATE TABLE orders (id int); INSERT INTO orders SELECT generate_series(1, 20); CREATE TABLE people (id int)",
  );
  await server.admin("GRANT ALL ON orders, people TO app");
  const made = await runWeir(["token", "key", "--out", at("own.jwk")], home);
  put("own.jwks", made.out);
  const database = `apiVersion: weir.dev/v1alpha1
kind: GovernedDatabase
metadata: {name: main, namespace: shop}
spec: {engine: PostgreSQL, host: 127.0.0.1, port: ${server.port}, tls: {mode: Disable}, credentials: Brokered}
`;
  sidecar = await startSidecar(server.port, {
    policies: { "database.yaml": database },
    files: { "tls.crt": own.certificate, "tls.key": own.key, password: PASSWORD },
    settings: (folder) => ({
      WEIR_TLS_CERTIFICATE: join(folder, "tls.crt"),
      WEIR_TLS_KEY: join(folder, "tls.key"),
      WEIR_UPSTREAM_LOGINS: JSON.stringify({ "shop/main": { user: "app", passwordFile: join(folder, "password") } }),
      WEIR_IDENTITY_ISSUERS: JSON.stringify([
        { issuer: issuer.url, audiences: [AUDIENCE], client: "client_id" },
        { issuer: OWN_ISSUER, keysFile: at("own.jwks"), audiences: [AUDIENCE] },
      ]),
    }),
  });
});

afterAll(async () => {
  await sidecar?.stop();
  await server?.stop();
  await issuer?.stop();
  rmSync(home, { recursive: true, force: true });
});

const robo = () => ["--issuer", issuer.url, "--client-id", "robo", "--client-secret-file", at("secret")];
const token = (...args: string[]) => runWeir(["token", ...args], home);

async function connected(user: string, password: string): Promise<pg.Client> {
  const client = new pg.Client({
    host: "127.0.0.1",
    port: sidecar.port,
    user,
    password,
    database: "postgres",
    ssl: { ca: own.certificate },
  });
  client.on("error", () => {});
  await client.connect();
  return client;
}

const who = async (of: pg.Client) => JSON.parse((await of.query("SHOW weir.principal")).rows[0]["weir.principal"]);
const refusal = (promise: Promise<unknown>) =>
  promise.then(
    () => "it ran",
    ({ message }) => message as string,
  );

/** What her `weir connect` would send, taken from the issuer as a device would. */
async function tokenOfAna(): Promise<string> {
  const post = async (path: string, form: Record<string, string>): Promise<Record<string, string>> =>
    (
      await fetch(`${issuer.url}${path}`, { method: "POST", body: new URLSearchParams({ client_id: "weir", ...form }) })
    ).json() as Promise<Record<string, string>>;
  const started = await post("/device/auth", { scope: "openid" });
  await visit(started.verification_uri_complete!, { login: "ana", confirm: "yes" });
  const grant_type = "urn:ietf:params:oauth:grant-type:device_code";
  return (await post("/token", { grant_type, device_code: started.device_code! })).access_token!;
}

test("a program's own token, by its secret and by its key; standard output holds it and nothing else", async () => {
  const bySecret = await token(...robo());
  expect(bySecret).toMatchObject({ code: 0, err: "" });
  expect(bySecret.out).toMatch(/^eyJ[\w.-]+\n$/);
  const client = await connected("robo", bySecret.out.trim());
  expect(await who(client)).toMatchObject({ name: "robo", client: "robo" });
  await client.end();
  const byKey = await token("--issuer", issuer.url, "--client-id", "build", "--client-key-file", at("key.pem"));
  expect(byKey.err).toBe("");
  await (await connected("build", byKey.out.trim())).end();
});

test("an agent for a person: her token exchanged, both in the principal, by the client itself or by an actor's token", async () => {
  put("ana.token", await tokenOfAna());
  const exchanged = await token(...robo(), "--subject-token-file", at("ana.token"));
  expect(exchanged).toMatchObject({ code: 0, err: "" });
  const client = await connected("robo", exchanged.out.trim());
  expect(await who(client)).toMatchObject({
    kind: "Agent",
    name: "robo",
    actingFor: { kind: "Human", name: "ana", groups: ["analysts"] },
  });
  await client.end();
  put("robo.token", exchanged.out);
  put(
    "build.token",
    (await token("--issuer", issuer.url, "--client-id", "build", "--client-key-file", at("key.pem"))).out,
  );
  const chain = await token(
    ...robo(),
    "--subject-token-file",
    at("robo.token"),
    "--actor-token-file",
    at("build.token"),
  );
  const deeper = await connected("build", chain.out.trim());
  expect(await who(deeper)).toMatchObject({ name: "build", actingFor: { name: "robo", actingFor: { name: "ana" } } });
  await deeper.end();
});

test("a token that may do less, which the sidecar holds it to", async () => {
  put("ana.token", await tokenOfAna());
  const less = ["--read-only", "--tables", "public.orders", "--rows", "5", "--expires", "15m"];
  for (const args of [[...robo()], [...robo(), "--subject-token-file", at("ana.token")]]) {
    const client = await connected("robo", (await token(...args, ...less)).out.trim());
    expect((await client.query("SELECT id FROM orders LIMIT 3")).rowCount).toBe(3);
    expect(await refusal(client.query("SELECT id FROM orders"))).toContain("no more than 5 rows");
    expect(await refusal(client.query("SELECT id FROM people LIMIT 1"))).toContain("public.people");
    expect(await refusal(client.query("UPDATE orders SET id = 1 WHERE id = 2"))).toContain("Update");
    await client.end();
  }
});

test("a restriction that the issuer leaves out: the token is not handed over", async () => {
  issuer.restricts(false);
  try {
    expect(await token(...robo(), "--read-only")).toEqual({
      code: 1,
      out: "",
      err: "weir: the issuer gave a token without the restrictions that were asked for, so it is not printed\n",
    });
  } finally {
    issuer.restricts(true);
  }
});

test("formats, and a file that only its owner reads", async () => {
  const json = JSON.parse((await token(...robo(), "--format", "json")).out);
  expect(new Date(json.expires).getTime()).toBe(decodeJwt(json.token).exp! * 1000);
  const exec = JSON.parse((await token(...robo(), "--format", "exec-credential")).out);
  expect(exec).toMatchObject({ kind: "ExecCredential", status: { token: expect.stringMatching(/^eyJ/) } });
  expect((await token(...robo(), "--format", "pgpass", "--login", "a:b\\c")).out).toMatch(/^\*:\*:\*:a\\:b\\\\c:eyJ/);
  const out = await token(...robo(), "--format", "pgpass", "--out", at("pgpass"));
  expect([out, statSync(at("pgpass")).mode & 0o777]).toEqual([{ code: 0, out: "", err: "" }, 0o600]);
  expect(readFileSync(at("pgpass"), "utf8")).toMatch(/^\*:\*:\*:robo:eyJ/);
});

test("the token that Kubernetes keeps in a file, for itself or as the client's proof", async () => {
  const claims = { sub: "system:serviceaccount:shop:robo" };
  const sign = (exp: string) =>
    new SignJWT(claims).setProtectedHeader({ alg: "HS256" }).setExpirationTime(exp).sign(Buffer.alloc(32, 1));
  const good = await sign("1h");
  expect(await token("--projected", put("projected", good))).toEqual({ code: 0, out: `${good}\n`, err: "" });
  expect(await token("--projected", put("projected", await sign("-1h")))).toMatchObject({ code: 1, out: "" });
  const proof = await token(
    "--issuer",
    issuer.url,
    "--client-id",
    "build",
    "--client-assertion-file",
    put("projected", good),
  );
  expect([proof.code, proof.err]).toEqual([1, expect.stringContaining("client_id mismatch")]); // it reached the issuer, which knows no such account
});

test("a token of one's own key counts once, in the session whose nonce it carries", async () => {
  expect(statSync(at("own.jwk")).mode & 0o777).toBe(0o600);
  expect(readFileSync(at("own.jwks"), "utf8")).not.toContain('"d"');
  const [first, second] = [
    await connected("robo", (await token(...robo())).out.trim()),
    await connected("robo", (await token(...robo())).out.trim()),
  ];
  const nonce = (await first.query("SHOW weir.nonce")).rows[0]["weir.nonce"];
  const sign = [
    "--key-file",
    at("own.jwk"),
    "--issuer",
    OWN_ISSUER,
    "--audience",
    AUDIENCE,
    "--subject",
    "ana",
    "--actor",
    "robo",
  ];
  const signed = await token("sign", ...sign, "--nonce", nonce, "--read-only");
  expect(signed).toMatchObject({ code: 0, err: "" });
  const identify = (of: pg.Client) => of.query("SELECT set_config('weir.identity', $1, false)", [signed.out.trim()]);
  expect(await refusal(identify(second))).toContain("does not count");
  await identify(first);
  expect(await who(first)).toMatchObject({ name: "robo", issuer: OWN_ISSUER, actingFor: { name: "ana" } });
  expect(await refusal(first.query("DELETE FROM orders WHERE id = 1"))).toContain("Delete");
  await first.query("RESET weir.identity");
  expect(await refusal(identify(first))).toContain("does not count");
  await Promise.all([first.end(), second.end()]);
  expect((await token("key", "--out", at("own.jwk"))).err).toContain("a key is not replaced");
});

test("what is wrong is said with what to do, and no secret is in it", async () => {
  put("wrong", "another secret");
  const wrong = await token("--issuer", issuer.url, "--client-id", "robo", "--client-secret-file", at("wrong"));
  expect([wrong.code, wrong.err]).toEqual([1, expect.stringContaining("invalid_client")]);
  put("ana.token", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbmEifQ.");
  const forged = await token(...robo(), "--subject-token-file", at("ana.token"));
  expect([forged.code, forged.err]).toEqual([1, expect.stringContaining("invalid_grant")]);
  expect(await token("--client-id", "robo", "--client-secret-file", at("secret"))).toMatchObject({
    code: 64,
    err: expect.stringContaining("--issuer"),
  });
  expect(await token(...robo(), "--client-key-file", at("key.pem"))).toMatchObject({ code: 64 });
  expect(await token(...robo(), "--client-secret", "x")).toMatchObject({
    code: 64,
    err: expect.stringContaining("there is no option --client-secret"),
  });
  expect(await token(...robo(), "--rows", "many", "--actions", "raed")).toMatchObject({
    code: 64,
    err: expect.stringMatching(/did you mean "read"[\s\S]*--rows/),
  });
  chmodSync(at("secret"), 0o600);
  for (const { out, err } of [wrong, forged]) expect(/secret of|another secret|eyJ/.test(out + err)).toBe(false);
});
