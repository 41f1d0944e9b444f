// The table of docs/design.md section 8: who can log in by SCRAM-SHA-256 through a relay that must not see the password, for what
// psql, a recent libpq, node-postgres and postgres.js say about channel binding.
import { readFileSync } from "node:fs";
import pg from "pg";
import postgres from "postgres";
import { selfSignedCertificate } from "../../pkg/localdb/certificate.ts";
import { type LocalPostgres, startPostgres } from "../../pkg/localdb/start-postgres.ts";
import { type ServingCertificate, servingCertificate } from "../../pkg/proxy/serving-certificate.ts";
import { encodePassword } from "../../pkg/wire/postgres/password-message.ts";
import { encodeStartupMessage } from "../../pkg/wire/postgres/startup-packet.ts";
import { Libpq, recentLibpqIsHere } from "./libpq.ts";
import { psql, psqlIsHere } from "./psql.ts";
import { errorOf, rawClient } from "./raw-client.ts";
import { type Relay, startRelay } from "./relay.ts";

/** How the login went. "asked": the password was asked for in clear over TLS and we logged in ourselves. */
type Went = "relayed" | "asked" | "client refuses";

interface Row {
  readonly client: "plain" | "TLS";
  readonly binding: "disable" | "prefer" | "require";
  readonly upstream: "plain" | "TLS";
  readonly certificate: "shared" | "own";
  readonly went: Went;
}

// What libpq says with each setting: disable n; prefer n in clear, y over TLS where -PLUS is not offered, p where it is.
const table: readonly Row[] = [
  { client: "plain", binding: "disable", upstream: "plain", certificate: "own", went: "relayed" },
  { client: "plain", binding: "prefer", upstream: "plain", certificate: "own", went: "relayed" },
  { client: "plain", binding: "require", upstream: "plain", certificate: "own", went: "client refuses" },
  { client: "plain", binding: "disable", upstream: "TLS", certificate: "own", went: "relayed" },
  { client: "plain", binding: "prefer", upstream: "TLS", certificate: "own", went: "relayed" },
  { client: "plain", binding: "require", upstream: "TLS", certificate: "own", went: "client refuses" },
  { client: "TLS", binding: "disable", upstream: "plain", certificate: "own", went: "relayed" },
  { client: "TLS", binding: "prefer", upstream: "plain", certificate: "own", went: "relayed" },
  { client: "TLS", binding: "require", upstream: "plain", certificate: "own", went: "client refuses" },
  { client: "TLS", binding: "disable", upstream: "TLS", certificate: "own", went: "relayed" },
  { client: "TLS", binding: "prefer", upstream: "TLS", certificate: "own", went: "asked" },
  { client: "TLS", binding: "require", upstream: "TLS", certificate: "own", went: "client refuses" },
  { client: "plain", binding: "disable", upstream: "plain", certificate: "shared", went: "relayed" },
  { client: "plain", binding: "prefer", upstream: "plain", certificate: "shared", went: "relayed" },
  { client: "plain", binding: "require", upstream: "plain", certificate: "shared", went: "client refuses" },
  { client: "plain", binding: "disable", upstream: "TLS", certificate: "shared", went: "relayed" },
  { client: "plain", binding: "prefer", upstream: "TLS", certificate: "shared", went: "relayed" },
  { client: "plain", binding: "require", upstream: "TLS", certificate: "shared", went: "client refuses" },
  { client: "TLS", binding: "disable", upstream: "plain", certificate: "shared", went: "relayed" },
  { client: "TLS", binding: "prefer", upstream: "plain", certificate: "shared", went: "relayed" },
  { client: "TLS", binding: "require", upstream: "plain", certificate: "shared", went: "client refuses" },
  { client: "TLS", binding: "disable", upstream: "TLS", certificate: "shared", went: "relayed" },
  { client: "TLS", binding: "prefer", upstream: "TLS", certificate: "shared", went: "relayed" },
  { client: "TLS", binding: "require", upstream: "TLS", certificate: "shared", went: "relayed" },
];

const own = selfSignedCertificate(["localhost", "127.0.0.1"]);
let server: LocalPostgres;
let libpq: Libpq | null = null;
const relays = new Map<string, Relay>();

beforeAll(async () => {
  const hba = ["host all postgres 127.0.0.1/32 trust", "host all all 127.0.0.1/32 scram-sha-256"];
  server = await startPostgres({ tls: true, hba });
  const admin = new pg.Client({ host: "127.0.0.1", port: server.port, user: "postgres", database: "postgres" });
  await admin.connect();
  await admin.query("CREATE ROLE ana LOGIN PASSWORD 'sesame'");
  await admin.end();
  const key = readFileSync(`${server.dataDir}/../server.key`, "utf8");
  const certificates = {
    own: servingCertificate(own.certificate, own.key),
    shared: servingCertificate(server.certificate!, key),
  };
  for (const upstream of ["plain", "TLS"] as const)
    for (const kind of ["own", "shared"] as const)
      relays.set(`${upstream} ${kind}`, await relayTo(upstream, certificates[kind]));
  if (recentLibpqIsHere) libpq = new Libpq();
});

afterAll(async () => {
  await libpq?.close();
  for (const relay of relays.values()) await relay.close();
  await server.stop();
});

function relayTo(upstream: "plain" | "TLS", certificate: ServingCertificate): Promise<Relay> {
  const mode = upstream === "plain" ? "disable" : "require";
  return startRelay({
    upstream: { name: "shop", host: "127.0.0.1", port: server.port, tls: { mode } },
    certificate: () => certificate,
  });
}

const portOf = ({ upstream, certificate }: Pick<Row, "upstream" | "certificate">) =>
  relays.get(`${upstream} ${certificate}`)!.port;
const ssl = (row: Row) => (row.upstream === "TLS" ? "t" : "f");
const isEncrypted = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
const title = "client $client, channel_binding=$binding, upstream $upstream, certificate $certificate: $went";
const settings = (row: Row) =>
  `user=ana password=sesame sslmode=${row.client === "TLS" ? "require" : "disable"} channel_binding=${row.binding}`;

(psqlIsHere ? describe : describe.skip)("psql", () => {
  test.each(table)(title, async (row) => {
    const ran = await psql(portOf(row), settings(row), isEncrypted);
    if (row.went === "client refuses") expect(ran).toMatchObject({ ok: false, err: /channel binding/ });
    else expect(ran).toEqual({ ok: true, out: ssl(row), err: "" });
  });
});

(recentLibpqIsHere ? describe : describe.skip)("a recent libpq that insists on SCRAM (require_auth)", () => {
  const conninfo = (row: Row) =>
    `host=127.0.0.1 port=${portOf(row)} dbname=postgres ${settings(row)} require_auth=scram-sha-256 gssencmode=disable`;

  test.each(table)(title, async (row) => {
    const answer = await libpq!.run(conninfo(row), isEncrypted);
    if (row.went === "relayed") expect(answer).toMatchObject({ ok: true, rows: [[row.upstream === "TLS"]] });
    else if (row.went === "asked")
      expect(answer).toMatchObject({
        ok: false,
        error: expect.stringMatching(/auth.*requirement "?scram-sha-256"? failed/),
      });
    else expect(answer).toMatchObject({ ok: false, error: expect.stringContaining("channel binding") });
  });

  const plus = table.filter((row) => row.client === "TLS" && row.upstream === "TLS" && row.binding === "prefer");
  test.each(plus)(`without require_auth, ${title}`, async (row) => {
    const answer = await libpq!.run(conninfo(row).replace("require_auth=scram-sha-256", ""), isEncrypted);
    expect(answer).toMatchObject({ ok: true, rows: [[true]] });
  });
});

describe("node-postgres", () => {
  const rows = table.filter((row) => row.binding !== "require");
  test.each(rows)(`${title} (prefer: enableChannelBinding)`, async (row) => {
    const client = new pg.Client({
      host: "127.0.0.1",
      port: portOf(row),
      user: "ana",
      password: "sesame",
      database: "postgres",
      enableChannelBinding: row.binding === "prefer",
      ssl: row.client === "TLS" && { rejectUnauthorized: false },
    } as pg.ClientConfig);
    // It says y on a plain connection too, which a TLS server takes for an attack: nothing can be done about that in clear.
    if (row.client === "plain" && row.binding === "prefer" && row.upstream === "TLS") {
      await expect(client.connect()).rejects.toMatchObject({
        code: "28000",
        hint: expect.stringMatching(/Connect to Weir with TLS.*Brokered/),
      });
      return;
    }
    await client.connect();
    expect((await client.query(isEncrypted)).rows).toEqual([{ ssl: row.upstream === "TLS" }]);
    await client.end();
  });
});

describe("postgres.js, which always says n", () => {
  test.each(table.filter((row) => row.binding === "disable"))(title, async (row) => {
    const sql = postgres({
      host: "127.0.0.1",
      port: portOf(row),
      user: "ana",
      password: "sesame",
      database: "postgres",
      ssl: row.client === "TLS" && { rejectUnauthorized: false },
      max: 1,
    });
    expect([...(await sql.unsafe(isEncrypted))]).toEqual([{ ssl: row.upstream === "TLS" }]);
    await sql.end();
  });
});

test("a wrong password is the server's own error, relayed or asked for", async () => {
  for (const [upstream, certificate] of [
    ["plain", "own"],
    ["TLS", "own"],
    ["TLS", "shared"],
  ] as const) {
    const client = new pg.Client({
      host: "127.0.0.1",
      port: portOf({ upstream, certificate }),
      user: "ana",
      password: "wrong",
      database: "postgres",
      enableChannelBinding: true,
      ssl: { rejectUnauthorized: false },
    } as pg.ClientConfig);
    await expect(client.connect()).rejects.toMatchObject({
      code: "28P01",
      message: 'password authentication failed for user "ana"',
    });
  }
});

test("y on a plain connection, upstream TLS: refused with the remedy, and no password is asked for in clear", async () => {
  const client = await rawClient(portOf({ upstream: "TLS", certificate: "own" }));
  client.send(
    encodeStartupMessage(0x30000, [
      ["user", "ana"],
      ["database", "postgres"],
    ]),
  );
  await client.until("R");
  const first = Buffer.from("y,,n=,r=abcdefghijklmnopqr");
  const length = Buffer.alloc(4);
  length.writeInt32BE(first.length);
  client.send(frameOf(Buffer.concat([Buffer.from("SCRAM-SHA-256\0"), length, first])));
  const frames = await client.until("E");
  expect(errorOf(frames)).toBe("FATAL 28000 the client asks for SCRAM channel binding on an unencrypted connection");
  expect(frames.map((frame) => frame.type)).toEqual(["E"]);
  client.close();
});

/** A 'p' frame with `body`. */
function frameOf(body: Buffer): Buffer {
  const password = encodePassword(Buffer.alloc(Math.max(0, body.length - 1), 0x78));
  body.copy(password, 5);
  return password;
}
