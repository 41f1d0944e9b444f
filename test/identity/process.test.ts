// The whole sidecar with an issuer of tokens: a person and an agent log in, one is revoked, and no token is told anywhere.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { selfSignedCertificate } from "../../pkg/localdb/certificate.ts";
import { eventually } from "../load/eventually.ts";
import { AUDIENCE, startIssuer, type TestIssuer } from "../support/issuer.ts";
import { PASSWORD, startTestServer, type TestServer } from "../support/server.ts";
import { type SidecarProcess, startSidecar } from "../support/sidecar-process.ts";

const own = selfSignedCertificate(["localhost", "127.0.0.1"]);
let issuer: TestIssuer;
let server: TestServer;
let sidecar: SidecarProcess;
let folder = "";

beforeAll(async () => {
  [issuer, server] = await Promise.all([startIssuer(), startTestServer(["app"])]);
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
        WEIR_IDENTITIES: JSON.stringify({ reporting: { kind: "Service", token: { groups: ["analysts"] } } }),
        WEIR_IDENTITY_ISSUERS: JSON.stringify([{ issuer: issuer.url, audiences: [AUDIENCE], claims: ["department"] }]),
        WEIR_IDENTITY_REVOCATIONS: join(at, "revoked.json"),
      };
    },
  });
});

afterAll(async () => {
  await sidecar.stop();
  await server.stop();
  await issuer.stop();
});

async function connected(user: string, password: string): Promise<pg.Client> {
  const ssl = { ca: own.certificate };
  const client = new pg.Client({ host: "127.0.0.1", port: sidecar.port, user, password, database: "postgres", ssl });
  client.on("error", () => {});
  await client.connect();
  return client;
}

const who = async (client: pg.Client) =>
  JSON.parse((await client.query("SHOW weir.principal")).rows[0]["weir.principal"]);

test("a person, an agent for her, and a login for a group, by their tokens alone", async () => {
  const ana = await connected("ana", await issuer.token({ department: "fraud" }));
  expect(await who(ana)).toMatchObject({
    kind: "Human",
    name: "ana",
    assurance: "L2",
    claims: { department: "fraud" },
  });
  const robo = await connected("robo", await issuer.token({ act: { sub: "robo" } }));
  expect(await who(robo)).toMatchObject({ kind: "Agent", name: "robo", actingFor: { name: "ana" } });
  const shared = await connected("reporting", await issuer.token({ sub: "bob", groups: ["analysts"] }));
  expect(await who(shared)).toMatchObject({ name: "bob", login: "reporting" });
  await expect(connected("reporting", await issuer.token({ sub: "eve" }))).rejects.toThrow(
    'not for the login "reporting"',
  );
  for (const client of [ana, robo, shared]) await client.end();
});

test("what the file of revocations takes back ends the session, idle or at its next statement", async () => {
  const token = await issuer.token({ jti: "lost" });
  const [busy, idle] = [await connected("ana", token), await connected("ana", token)];
  const heard: string[] = [];
  idle.on("error", ({ message }) => heard.push(message));
  const asked = async () => JSON.parse(await (await fetch(`http://127.0.0.1:${sidecar.admin}/sessions`)).text());
  expect(await asked()).toEqual([
    expect.objectContaining({ principal: { kind: "Human", name: "ana", issuer: issuer.url, assurance: "L2" } }),
    expect.objectContaining({ login: "ana", database: "shop/main", client: "127.0.0.1" }),
  ]);
  const told: string[] = [];
  busy.on("error", ({ message }) => told.push(message));
  sidecar.put("revoked.json", '{"tokens": ["lost"]}');
  await eventually(async () => {
    await busy.query("SELECT 1").catch(({ message }: Error) => told.push(message));
    return told.length > 0 && heard.length > 0;
  });
  expect(told[0]).toContain("the token of this identity was revoked");
  expect(heard[0]).toBe("weir: the token of this identity was revoked, so this session ends");
  expect(await asked()).toEqual([]);
  await expect(connected("ana", await issuer.token({ jti: "lost" }))).rejects.toThrow("it was revoked");
});

test("no token in the log, the metrics, the records or the server's log", async () => {
  const token = await issuer.token({ exp: 1 });
  await expect(connected("ana", token)).rejects.toThrow("it has expired");
  await expect(connected("ana", `${token}.more`)).rejects.toThrow("it is no signed token");
  const client = await connected("ana", await issuer.token());
  await client.query(`SET weir.identity = '${token}'`).catch(() => {});
  await client.query("SELECT set_config('weir.identity', $1, false)", [await issuer.token({ azp: "ana" })]);
  await client.end();
  const metrics = await (await fetch(`http://127.0.0.1:${sidecar.admin}/metrics`)).text();
  const spool = join(folder, "spool");
  const files = readdirSync(spool, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const told = files.map(({ parentPath, name }) => readFileSync(join(parentPath, name), "latin1"));
  expect(told.join().includes("token expired")).toBe(true);
  for (const text of [sidecar.log(), metrics, server.log(), ...told]) expect(/eyJ[\w-]{8}/.test(text)).toBe(false);
});
