// Who is in, how many of one principal may be, and that a proof that lapses ends sessions that say nothing.
import { randomBytes } from "node:crypto";
import pg from "pg";
import { nothingRevoked, type Revocations, readRevocations } from "../../pkg/identity/revocations.ts";
import { selfSignedCertificate } from "../../pkg/localdb/certificate.ts";
import type { Brokered } from "../../pkg/proxy/credentials.ts";
import { servingCertificate } from "../../pkg/proxy/serving-certificate.ts";
import { recordsOf } from "../audit/spool-lines.ts";
import { eventually } from "../load/eventually.ts";
import { type Governed, startGoverned } from "../support/governed.ts";
import { issuerFor, verifierFor } from "../support/identity-settings.ts";
import { startIssuer, type TestIssuer } from "../support/issuer.ts";
import { PASSWORD, startTestServer, type TestServer } from "../support/server.ts";

const own = selfSignedCertificate(["localhost", "127.0.0.1"]);
let issuer: TestIssuer;
let server: TestServer;
let governed: Governed;
let told: Revocations = nothingRevoked;

beforeAll(async () => {
  [issuer, server] = await Promise.all([startIssuer(), startTestServer(["app"])]);
  const verifier = verifierFor([issuerFor(issuer)], { revocations: () => told });
  const tokens = { verify: verifier.verify.bind(verifier), discovery: "", scope: "db" };
  const credentials: Brokered = {
    mode: "Brokered",
    user: "app",
    password: async () => Buffer.from(PASSWORD),
    clients: () => ({ kind: "token", ask: "Password", tokens, accepts: () => true }),
    saltKey: randomBytes(32),
  };
  governed = await startGoverned({
    upstreamPort: server.port,
    tokens: verifier,
    credentials,
    certificate: servingCertificate(own.certificate, own.key),
    principalSessions: 2,
    proofsEveryMs: 20,
  });
});

afterAll(async () => {
  await governed.stop();
  await server.stop();
  await issuer.stop();
});

interface Client extends pg.Client {
  readonly heard: string[];
}

async function connected(sub: string, login = sub, claims: object = {}): Promise<Client> {
  const { port } = governed;
  const ssl = { ca: own.certificate };
  const password = await issuer.token({ sub, ...claims });
  const client = new pg.Client({ host: "127.0.0.1", port, user: login, password, database: "postgres", ssl });
  const heard: string[] = [];
  client.on("error", (error) => heard.push(`${(error as { code?: string }).code} ${error.message}`));
  await client.connect();
  return Object.assign(client, { heard });
}

const names = () => governed.sessions().map(({ principal }) => principal.name);

test("a principal has as many sessions as it may, whatever its logins; others have theirs", async () => {
  const first = await connected("ana");
  const second = await connected("ana", "reporting");
  await expect(connected("ana", "third")).rejects.toMatchObject({
    code: "53300",
    message: 'weir: too many connections for principal "ana"',
    hint: expect.stringContaining("limits.principalSessions"),
  });
  const refused = recordsOf(governed.spoolDir).filter((record) => JSON.stringify(record).includes("53300 too many"));
  expect(refused).toHaveLength(1);
  const bob = await connected("bob");
  expect(names()).toEqual(["ana", "ana", "bob"]);
  await first.end();
  await eventually(async () => names().length === 2);
  const again = await connected("ana");
  for (const client of [second, bob, again]) await client.end();
  await eventually(async () => names().length === 0);
});

test("who is no longer let in hears so though idle; an open transaction ends first, others stay", async () => {
  const idle = await connected("ana");
  const busy = await connected("ana");
  const agent = await connected("ana", "robo", { act: { sub: "robo" } });
  const bob = await connected("bob");
  await busy.query("BEGIN");
  told = readRevocations(`{"principals": {"ana": "${new Date(Date.now() + 60_000).toISOString()}"}}`);
  await eventually(async () => idle.heard.length > 0 && agent.heard.length > 0);
  expect(idle.heard[0]).toBe("28000 weir: the token of this identity was revoked, so this session ends");
  expect(names().sort()).toEqual(["ana", "bob"]);
  await expect(busy.query("SELECT 1")).rejects.toMatchObject({ code: "42501" });
  await busy.query("ROLLBACK").catch(() => {});
  await eventually(async () => names().length === 1);
  expect((await bob.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
  await bob.end();
});

test("a login that the server refuses takes nobody's place", async () => {
  const relayed = await startGoverned({ upstreamPort: server.port, principalSessions: 1 });
  const log = async (password: string) => {
    const { port } = relayed;
    const client = new pg.Client({ host: "127.0.0.1", port, user: "app", password, database: "postgres" });
    client.on("error", () => {});
    await client.connect();
    return client;
  };
  for (let times = 0; times < 3; times += 1) await expect(log("wrong")).rejects.toMatchObject({ code: "28P01" });
  const client = await log(PASSWORD);
  await expect(log(PASSWORD)).rejects.toMatchObject({ code: "53300" });
  await client.end();
  await relayed.stop();
});
