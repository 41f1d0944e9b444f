// `weir connect` with a real issuer, the whole sidecar and a real server: a person logs in once, and psql and drivers need no token.
import { execFile, execFileSync, spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { type AddressInfo, connect as connectTo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import pg from "pg";
import { visit } from "../../cmd/weir/demo/browser.ts";
import { type LocalIssuer, startLocalIssuer } from "../../cmd/weir/demo/issuer.ts";
import { runWeir, startWeir, type WeirProgram } from "../../cmd/weir/demo/weir-program.ts";
import { selfSignedCertificate } from "../../pkg/localdb/certificate.ts";
import { eventually } from "../load/eventually.ts";
import { psqlIsHere } from "../proxy/psql.ts";
import { PASSWORD, startTestServer, type TestServer } from "../support/server.ts";
import { type SidecarProcess, startSidecar } from "../support/sidecar-process.ts";

const AUDIENCE = "weir://shop/main";
const own = selfSignedCertificate(["localhost", "127.0.0.1"]);
const other = selfSignedCertificate(["elsewhere.example"]);
const home = mkdtempSync(join(tmpdir(), "weir-home-"));
const caFile = join(home, "ca.pem");
const withPsql = psqlIsHere ? test : test.skip;

let issuer: LocalIssuer;
let server: TestServer;
let sidecar: SidecarProcess;
let folder = "";
const running: WeirProgram[] = [];

beforeAll(async () => {
  writeFileSync(caFile, own.certificate);
  [issuer, server] = await Promise.all([
    startLocalIssuer({
      people: { ana: { email: "ana@shop.example", groups: ["analysts"] } },
      clients: [
        {
          client_id: "robo",
          client_secret: "a secret of robo's",
          grant_types: ["client_credentials"],
          redirect_uris: [],
          response_types: [],
        },
      ],
      audience: AUDIENCE,
      tokenSeconds: 300,
    }),
    startTestServer(["app"]),
  ]);
  const database = `apiVersion: weir.dev/v1alpha1
kind: GovernedDatabase
metadata: {name: main, namespace: shop}
spec: {engine: PostgreSQL, host: 127.0.0.1, port: ${server.port}, tls: {mode: Disable}, credentials: Brokered}
`;
  sidecar = await startSidecar(server.port, {
    policies: { "database.yaml": database },
    files: { "tls.crt": own.certificate, "tls.key": own.key, password: PASSWORD, "revoked.json": "{}" },
    settings: (at) => {
      folder = at;
      return {
        WEIR_TLS_CERTIFICATE: join(at, "tls.crt"),
        WEIR_TLS_KEY: join(at, "tls.key"),
        WEIR_UPSTREAM_LOGINS: JSON.stringify({ "shop/main": { user: "app", passwordFile: join(at, "password") } }),
        WEIR_IDENTITY_ISSUERS: JSON.stringify([{ issuer: issuer.url, audiences: [AUDIENCE], client: "client_id" }]),
        WEIR_IDENTITIES: JSON.stringify({ robo: { kind: "Service", token: { ask: "OAuthBearer" } } }),
        WEIR_IDENTITY_REVOCATIONS: join(at, "revoked.json"),
      };
    },
  });
});

afterEach(async () => {
  for (const { child, end } of running.splice(0)) {
    child.kill("SIGTERM");
    await end;
  }
});

afterAll(async () => {
  await sidecar?.stop();
  await server?.stop();
  await issuer?.stop();
  rmSync(home, { recursive: true, force: true });
});

const access = () => ["--issuer", issuer.url, "--client-id", "weir"];
const gateway = () => ["--gateway", `127.0.0.1:${sidecar.port}`, "--ca", caFile];

function connect(...more: string[]): WeirProgram {
  const program = startWeir(["connect", "postgres", ...access(), ...gateway(), ...more], home);
  running.push(program);
  return program;
}

const loginPage = /(http:\/\/127\.0\.0\.1:\d+\/auth\?\S+)/;

/** Ana logs in; the connection string that is printed then. */
async function asAna(program: WeirProgram): Promise<string> {
  await visit((await program.said(loginPage))[1]!, { login: "ana" });
  return (await program.said(/URL +(postgresql:\S+)\n/))[1]!;
}

/** Logs in again and again, until a whole login goes through. */
const anaIsLetIn = () =>
  eventually(async () => (await failure((async () => (await client(await asAna(connect()))).end())())).code === "none");

async function client(url: string): Promise<pg.Client> {
  const made = new pg.Client({ connectionString: url });
  made.on("error", () => {});
  await made.connect();
  return made;
}

const who = async (of: pg.Client) => JSON.parse((await of.query("SHOW weir.principal")).rows[0]["weir.principal"]);
const failure = (promise: Promise<unknown>): Promise<{ code: string; message: string }> =>
  promise.then(
    () => ({ code: "none", message: "accepted" }),
    ({ code, message }) => ({ code, message }),
  );

test("a person logs in by browser once; node-postgres needs the printed string only, and no token is in it", async () => {
  const program = connect();
  const url = await asAna(program);
  const made = await client(url);
  expect(await who(made)).toMatchObject({ kind: "Human", name: "ana", assurance: "L2", client: "weir" });
  const rows = (await made.query("SELECT generate_series(1, 20000) AS n, repeat('x', 100) AS text")).rows;
  expect(rows.length).toBe(20_000);
  await made.end();
  expect(program.out()).toContain(`jdbc:postgresql://127.0.0.1:${new URL(url).port}/postgres?user=ana&password=`);
  expect(/eyJ/.test(program.out() + program.err())).toBe(false);
  const argv = readFileSync(`/proc/${program.child.pid}/cmdline`, "latin1");
  expect([/eyJ/.test(argv), argv.includes(new URL(url).password)]).toEqual([false, false]);
  program.child.kill("SIGINT");
  expect(await program.end).toBe(0);
  expect(await failure(client(url))).toMatchObject({ code: "ECONNREFUSED" });
});

test("another user of the machine gets nowhere: without this run's password, as somebody else, for another database", async () => {
  const url = new URL(await asAna(connect()));
  const changed = (part: "username" | "password" | "pathname", to: string) => {
    const copy = new URL(url);
    copy[part] = to;
    return failure(client(copy.href));
  };
  const before = (await sessionsOf()).length;
  expect(await changed("password", "guessed")).toMatchObject({ code: "28P01" });
  expect(await changed("username", "bob")).toMatchObject({ code: "28000" });
  expect(await changed("pathname", "/template1")).toMatchObject({ code: "3D000" });
  expect((await sessionsOf()).length).toBe(before); // none of them reached the sidecar
});

withPsql("psql through it: Ctrl-C cancels the statement", async () => {
  const url = new URL(await asAna(connect()));
  const env = { PATH: process.env.PATH, HOME: home, PGPASSWORD: url.password, LC_ALL: "C" };
  const settings = `host=127.0.0.1 port=${url.port} user=ana dbname=postgres`;
  const psql = spawn("psql", ["-XAt", "-d", settings, "-c", "SELECT pg_sleep(600)"], { env, stdio: "pipe" });
  let text = "";
  psql.stderr.on("data", (bytes) => (text += bytes));
  const end = new Promise((done) => psql.once("close", done));
  await eventually(async () => (await sleeping()) > 0);
  psql.kill("SIGINT");
  await end;
  expect(text).toContain("canceling statement due to user request");
});

test("a cancel request ends its statement and not its session; one with a key that nobody has does nothing", async () => {
  const url = new URL(await asAna(connect()));
  const made = (await client(url.href)) as pg.Client & { processID: number; secretKey: number };
  const running = failure(made.query("SELECT pg_sleep(600)"));
  await eventually(async () => (await sleeping()) > 0);
  const cancel = async (secretKey: number) => {
    const packet = Buffer.alloc(16);
    for (const [at, word] of [16, 80877102, made.processID, secretKey].entries()) packet.writeInt32BE(word, at * 4);
    const socket = connectTo({ host: "127.0.0.1", port: Number(url.port) }).resume();
    socket.write(packet);
    await new Promise((done) => socket.once("close", done));
  };
  await cancel(made.secretKey ^ 1);
  expect(await sleeping()).toBe(1);
  await cancel(made.secretKey);
  expect(await running).toMatchObject({ code: "57014" });
  expect((await made.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
  await made.end();
});

withPsql(
  "a program is run with the connection in its environment, its output alone on standard output, its exit code ours",
  async () => {
    const script =
      "psql -XAt -c \"SELECT current_setting('application_name') <> ''\" && test -n \"$DATABASE_URL\" && exit 7";
    const program = connect("--", "sh", "-c", script);
    await visit((await program.said(loginPage))[1]!, { login: "ana" });
    expect(await program.end).toBe(7);
    expect(program.out()).toBe("t\n");
    const asked = await runWeir(["connect", "--", "psql", "--help"], home); // not ours to answer
    expect(asked).toMatchObject({ code: 64, err: expect.stringContaining("name the database") });
  },
);

// The driver's jar, such as that of org.postgresql:postgresql from Maven; Java 11 or newer runs the source beside this file.
const jdbcJar = process.env.WEIR_TEST_JDBC ?? "";
(jdbcJar === "" ? test.skip : test)("PostgreSQL's JDBC driver, by the printed string", async () => {
  const program = connect();
  await asAna(program);
  const [, url] = await program.said(/JDBC +(jdbc:\S+)\n/);
  const env = { PATH: process.env.PATH, HOME: home, JDBC_URL: url };
  const source = join(import.meta.dirname, "jdbc-session.java");
  const ran = await promisify(execFile)("java", ["-cp", jdbcJar, source], { env });
  const [who, count, cancelled] = ran.stdout.trim().split("\n");
  expect(JSON.parse(who!)).toMatchObject({ kind: "Human", name: "ana" });
  expect([count, cancelled]).toEqual(["5000", "57014"]);
});

withPsql("a unix socket lies in a folder of one's own and asks for no password", async () => {
  const at = join(home, "socket");
  const program = connect("--socket", at);
  await asAna(program);
  expect([statSync(at).mode & 0o777, statSync(join(at, ".s.PGSQL.5432")).mode & 0o777]).toEqual([0o700, 0o600]);
  const env = { PATH: process.env.PATH, HOME: home };
  expect(
    execFileSync("psql", ["-XAt", "-h", at, "-U", "ana", "-d", "postgres", "-c", "SELECT 1"], { env }).toString(),
  ).toBe("1\n");
  const open = join(home, "open");
  mkdirSync(open);
  chmodSync(open, 0o755);
  const refused = connect("--socket", open);
  await visit((await refused.said(loginPage))[1]!, { login: "ana" });
  expect([await refused.end, refused.err()]).toEqual([64, expect.stringContaining("others may enter")]);
});

test("by a code for another browser", async () => {
  const program = connect("--device");
  const [, page] = await program.said(/or at once: (\S+)/);
  await visit(page!, { login: "ana", confirm: "yes" });
  const made = await client((await program.said(/URL +(postgresql:\S+)\n/))[1]!);
  expect((await who(made)).name).toBe("ana");
  await made.end();
});

test("tokens are renewed for new connections; what the issuer no longer renews is said to the client", async () => {
  issuer.tokensLive(25); // less than what a login begins with
  try {
    const url = await asAna(connect());
    const before = issuer.asked("/token");
    await (await client(url)).end();
    expect(issuer.asked("/token")).toBe(before + 1);
    issuer.refreshes(false);
    expect(await failure(client(url))).toEqual({
      code: "28000",
      message: `weir connect: ${issuer.url} does not renew this login any more; run weir connect again`,
    });
  } finally {
    issuer.refreshes(true);
    issuer.tokensLive(300);
  }
});

test("an open session whose identity is taken back hears the server's own error", async () => {
  const made = await client(await asAna(connect()));
  await made.query("SELECT 1");
  sidecar.put("revoked.json", JSON.stringify({ principals: { ana: new Date(Date.now() + 60_000).toISOString() } }));
  try {
    let message = "";
    await eventually(async () => {
      await made.query("SELECT 1").catch((error: Error) => {
        message ||= error.message;
      });
      return message !== "";
    });
    expect(message).toContain("the token of this identity was revoked");
    const again = connect();
    await visit((await again.said(loginPage))[1]!, { login: "ana" });
    expect([await again.end, again.err()]).toEqual([1, expect.stringContaining('refuses the login "ana"')]);
  } finally {
    sidecar.put("revoked.json", "{}");
    await anaIsLetIn();
  }
});

test("a key that the issuer replaces: new logins go on, an old session's token counts no more", async () => {
  const old = await client(await asAna(connect()));
  await old.query("SELECT 1");
  await issuer.replaceKey("second");
  await anaIsLetIn(); // the sidecar asks for unknown keys at most every 10 s
  expect(await failure(old.query("SELECT 1"))).toMatchObject({
    code: "42501",
    message: expect.stringContaining("the key that signed the token of this identity counts no more"),
  });
});

test("--remember keeps the refresh token, and nothing else, in a file of one's own; the next run asks nobody", async () => {
  const first = connect("--remember");
  await asAna(first);
  const logins = join(home, ".config/weir/logins");
  const [file] = readdirSync(logins);
  expect([
    readdirSync(logins).length,
    statSync(logins).mode & 0o777,
    statSync(join(logins, file!)).mode & 0o777,
  ]).toEqual([1, 0o700, 0o600]);
  expect(readFileSync(join(logins, file!), "utf8")).not.toContain("eyJ");
  const second = connect("--remember");
  await second.said(/URL +(postgresql:\S+)\n/);
  expect(loginPage.test(second.out())).toBe(false);
  chmodSync(join(logins, file!), 0o644);
  const third = connect("--remember");
  expect([await third.end, third.err()]).toEqual([1, expect.stringContaining("can be read by others")]);
  rmSync(logins, { recursive: true });
});

test("without --remember nothing is written", async () => {
  const empty = mkdtempSync(join(home, "empty-"));
  const program = startWeir(["connect", "postgres", ...access(), ...gateway()], empty);
  running.push(program);
  await asAna(program);
  expect(readdirSync(empty)).toEqual([]);
});

test("a program logs in by its own secret, and by a token in a file; the gateway may ask by OAUTHBEARER", async () => {
  writeFileSync(join(home, "secret"), "a secret of robo's\n", { mode: 0o600 });
  const robo = ["--issuer", issuer.url, "--client-id", "robo", "--client-secret-file", join(home, "secret")];
  const program = startWeir(["connect", "postgres", ...robo, ...gateway()], home);
  running.push(program);
  const made = await client((await program.said(/URL +(postgresql:\S+)\n/))[1]!);
  expect((await who(made)).name).toBe("robo");
  await made.end();
  expect((await runWeir(["token", ...robo, "--out", join(home, "token")], home)).code).toBe(0);
  const byFile = startWeir(["connect", "postgres", "--token-file", join(home, "token"), ...gateway()], home);
  running.push(byFile);
  await (await client((await byFile.said(/URL +(postgresql:\S+)\n/))[1]!)).end();
  const notHers = connect("--login", "robo");
  await visit((await notHers.said(loginPage))[1]!, { login: "ana" });
  expect([await notHers.end, notHers.err()]).toEqual([1, expect.stringContaining('it is not for the login "robo"')]);
});

test("a context of the file names everything; one that others could have written is not read", async () => {
  const file = join(home, "contexts.json");
  const context = { issuer: issuer.url, clientId: "weir", gateway: `127.0.0.1:${sidecar.port}`, ca: "ca.pem" };
  writeFileSync(file, JSON.stringify({ current: "shop", contexts: { shop: context } }), { mode: 0o600 });
  const program = startWeir(["connect", "postgres"], home, { WEIR_CONFIG: file });
  running.push(program);
  await (await client(await asAna(program))).end();
  expect(await runWeir(["connect", "postgres", "--context", "shopp"], home, { WEIR_CONFIG: file })).toMatchObject({
    code: 64,
    err: expect.stringContaining('has no context "shopp"; did you mean "shop"?'),
  });
  expect((await runWeir(["connect", "postgres"], home)).err).toBe(
    "weir: name it with --gateway, or gateway of a context\nname it with --issuer, or issuer of a context\n" +
      "name it with --client-id, or clientId of a context\ntry weir connect --help\n",
  );
  chmodSync(file, 0o666);
  expect(await runWeir(["connect", "postgres"], home, { WEIR_CONFIG: file })).toMatchObject({
    code: 1,
    err: expect.stringContaining("could have been changed by others"),
  });
});

test("a gateway whose certificate is for another name, or of another CA, gets no token", async () => {
  const wrongName = connect("--server-name", "gateway.example");
  await visit((await wrongName.said(loginPage))[1]!, { login: "ana" });
  expect([await wrongName.end, wrongName.err()]).toEqual([69, expect.stringContaining("could not be encrypted")]);
  writeFileSync(join(home, "other.pem"), other.certificate);
  const wrongCa = connect("--ca", join(home, "other.pem"));
  await visit((await wrongCa.said(loginPage))[1]!, { login: "ana" });
  expect([await wrongCa.end, wrongCa.err()]).toEqual([69, expect.stringContaining("could not be encrypted")]);
  expect(sidecar.log() + JSON.stringify(await sessionsOf())).not.toContain("eyJ");
});

test("an answer with another state changes nothing; one of another issuer ends the login", async () => {
  const program = connect();
  const page = new URL((await program.said(loginPage))[1]!);
  const redirect = page.searchParams.get("redirect_uri")!;
  const state = page.searchParams.get("state")!;
  expect([page.searchParams.get("code_challenge_method"), page.searchParams.get("nonce")!.length > 20]).toEqual([
    "S256",
    true,
  ]);
  for (const wrong of ["?code=stolen&state=guessed", "?code=stolen", `?code=a&state=${state}&state=${state}`])
    expect((await fetch(redirect + wrong)).status).toBe(400);
  expect((await fetch(redirect.replace("/callback", "/other"))).status).toBe(404);
  await fetch(`${redirect}?code=stolen&state=${state}&iss=${encodeURIComponent("https://evil.example")}`);
  expect([await program.end, program.err()]).toEqual([1, expect.stringContaining("iss")]);
  expect(program.err()).not.toContain("stolen");
});

test("a person who is not let in, and one who goes away", async () => {
  const program = connect();
  await visit((await program.said(loginPage))[1]!, { login: "mallory" });
  expect([await program.end, program.err()]).toEqual([
    1,
    expect.stringContaining("access_denied (nobody has this name)"),
  ]);
  const left = connect();
  await left.said(loginPage);
  left.child.kill("SIGINT");
  expect(await left.end).toBe(130);
});

test("an issuer in clear, one that calls itself otherwise or takes tokens in clear, one that is away: no login begins", async () => {
  let says: object = { issuer: issuer.url, authorization_endpoint: `${issuer.url}/auth` };
  const liar = createServer((_request, response) => {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(says));
  });
  await new Promise<void>((done) => liar.listen(0, "127.0.0.1", done));
  const at = (url: string) => ["connect", "postgres", "--issuer", url, "--client-id", "weir", ...gateway()];
  const port = (liar.address() as AddressInfo).port;
  try {
    expect(await runWeir(at("http://id.example.com"), home)).toMatchObject({
      code: 64,
      err: expect.stringContaining("https://"),
    });
    expect(await runWeir(at(`http://127.0.0.1:${port}`), home)).toMatchObject({
      code: 1,
      err: expect.stringContaining("issuer"),
    });
    says = { issuer: `http://127.0.0.1:${port}`, token_endpoint: "http://id.example.com/token" };
    expect(await runWeir(at(`http://127.0.0.1:${port}`), home)).toMatchObject({
      code: 1,
      err: expect.stringContaining("the token_endpoint of"),
    });
  } finally {
    liar.close();
    liar.closeAllConnections();
  }
  expect(await runWeir(at(`http://127.0.0.1:${port}`), home)).toMatchObject({
    code: 69,
    err: expect.stringContaining("ECONNREFUSED"),
  });
});

async function sleeping(): Promise<number> {
  const sql =
    "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%' AND state = 'active' AND pid <> pg_backend_pid()";
  return Number(await server.admin(sql));
}

/** Records of sessions that the sidecar has written. */
async function sessionsOf(): Promise<readonly string[]> {
  const spool = join(folder, "spool");
  const files = readdirSync(spool, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const text = files.map(({ parentPath, name }) => readFileSync(join(parentPath, name), "latin1")).join("");
  return text.split("\n").filter((line) => line.includes('"kind":"session"'));
}
