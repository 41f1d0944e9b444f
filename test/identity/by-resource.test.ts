// `identity`, `role`, `settings` and `pinIdentity` of GovernedDatabase, in the whole sidecar: each database trusts its own issuers alone,
// and what the resource takes back acts on sessions that are open.
import { join } from "node:path";
import pg from "pg";
import { selfSignedCertificate } from "../../pkg/localdb/certificate.ts";
import { eventually } from "../load/eventually.ts";
import { AUDIENCE, startIssuer, type TestIssuer } from "../support/issuer.ts";
import { PASSWORD, startTestServer, type TestServer } from "../support/server.ts";
import { type SidecarProcess, startSidecar } from "../support/sidecar-process.ts";

const own = selfSignedCertificate(["localhost", "127.0.0.1"]);
let issuers: readonly [TestIssuer, TestIssuer];
let server: TestServer;
let sidecar: SidecarProcess;

/** `revoked`: members of `identity.revoked`. */
function resource(name: string, issuer: TestIssuer, more = "", revoked = ""): string {
  const keys = JSON.stringify({ keys: [issuer.key.publicJwk] });
  return `apiVersion: weir.dev/v1alpha1
kind: GovernedDatabase
metadata: {name: ${name}, namespace: shop}
spec:
  engine: PostgreSQL
  host: 127.0.0.1
  port: ${server.port}
  tls: {mode: Disable}
  credentials: Brokered
${more}
  identity:
    issuers:
      - {issuer: "${issuer.url}", audiences: ["${AUDIENCE}"], keys: '${keys}', claims: [department]}
    revoked: {${revoked}}
`;
}

const PINNED = `  role: reader
  settings: {statement_timeout: 7s}
  pinIdentity: Always`;

beforeAll(async () => {
  [issuers, server] = await Promise.all([Promise.all([startIssuer(), startIssuer()]), startTestServer(["app"])]);
  await server.admin("CREATE ROLE reader; GRANT reader TO app; GRANT CONNECT ON DATABASE postgres TO reader");
  sidecar = await startSidecar(server.port, {
    policies: { "database.yaml": resource("main", issuers[0], PINNED), "other.yaml": resource("other", issuers[1]) },
    files: { "tls.crt": own.certificate, "tls.key": own.key, password: PASSWORD },
    settings: (at) => ({
      WEIR_TLS_CERTIFICATE: join(at, "tls.crt"),
      WEIR_TLS_KEY: join(at, "tls.key"),
      WEIR_GATEWAY_LISTEN: "127.0.0.1:0",
      WEIR_LISTENERS: "",
      WEIR_NAMESPACE: "shop",
      WEIR_UPSTREAM_LOGINS: JSON.stringify({
        main: { user: "app", passwordFile: join(at, "password") },
        other: { user: "app", passwordFile: join(at, "password") },
      }),
    }),
  });
});

afterAll(async () => {
  await sidecar.stop();
  await server.stop();
  for (const issuer of issuers) await issuer.stop();
});

async function connected(database: string, password: string): Promise<pg.Client> {
  const ssl = { ca: own.certificate };
  const to = `${database}~postgres`;
  const client = new pg.Client({ host: "127.0.0.1", port: sidecar.port, user: "ana", password, database: to, ssl });
  client.on("error", () => {});
  await client.connect();
  return client;
}

test("a token of the issuer that this database names counts here, and at no other", async () => {
  const ana = await connected("main", await issuers[0].token({ department: "fraud" }));
  const { rows } = await ana.query("SHOW weir.principal");
  expect(JSON.parse(rows[0]["weir.principal"])).toMatchObject({
    name: "ana",
    claims: { department: "fraud" },
    assurance: "L2",
  });
  await expect(connected("main", await issuers[1].token())).rejects.toThrow(/issuer/);
  await expect(connected("other", await issuers[0].token())).rejects.toThrow(/issuer/);
  const other = await connected("other", await issuers[1].token());
  await expect(other.query(`SET weir.identity = '${await issuers[0].token({ azp: "ana" })}'`)).rejects.toThrow(
    /issuer/,
  );
  await ana.end();
  await other.end();
});

test("role, settings and who asks are pinned as the resource says", async () => {
  const ana = await connected("main", await issuers[0].token());
  const { rows } = await ana.query(
    "SELECT current_user AS role, current_setting('statement_timeout') AS timeout, current_setting('weir.principal') AS who",
  );
  expect(rows[0]).toMatchObject({ role: "reader", timeout: "7s", who: expect.stringContaining("ana") });
  await expect(ana.query("SET statement_timeout = 0")).rejects.toThrow(/weir/);
  await ana.end();
});

test("what the resource takes back ends sessions that are open, and a new issuer counts at once", async () => {
  const ana = await connected("main", await issuers[0].token({ jti: "lost" }));
  const stays = await connected("main", await issuers[0].token({ jti: "kept" }));
  sidecar.put("policies/database.yaml", resource("main", issuers[0], PINNED, "tokens: [lost]"));
  const told: string[] = [];
  await eventually(async () => {
    await ana.query("SELECT 1").catch(({ message }: Error) => told.push(message));
    return told.length > 0;
  });
  expect(told[0]).toContain("revoked");
  expect((await stays.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
  sidecar.put("policies/database.yaml", resource("main", issuers[1], PINNED));
  await eventually(async () => {
    const client = await connected("main", await issuers[1].token()).catch(() => null);
    await client?.end();
    return client !== null;
  });
  await expect(connected("main", await issuers[0].token())).rejects.toThrow(/issuer/);
  await stays.end().catch(() => {});
});
