// Clients that prove themselves by a TLS certificate: its names, its validity, and where one is demanded beside a password.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { makeCertificate, type ServerCertificate, selfSignedCertificate } from "../../pkg/localdb/certificate.ts";
import { type LocalPostgres, startPostgres } from "../../pkg/localdb/start-postgres.ts";
import type { Brokered, ClientSecret } from "../../pkg/proxy/credentials.ts";
import { servingCertificate } from "../../pkg/proxy/serving-certificate.ts";
import { Libpq, recentLibpqIsHere } from "./libpq.ts";
import { psql, psqlIsHere } from "./psql.ts";
import type { RelayOptions } from "./relay.ts";
import { type Relay, startRelay } from "./relay.ts";

const authority = makeCertificate("the clients' authority", []);
const own = selfSignedCertificate(["localhost", "127.0.0.1"]);
const certificate = servingCertificate(own.certificate, own.key, authority.certificate);
const issue = (name: string, names: readonly string[] = [], options = {}) =>
  makeCertificate(name, names, { issuer: authority, usage: "clientAuth", ...options });

const proofs = new Map<string, ClientSecret>([
  ["ana", { kind: "certificate", name: null }],
  ["zoë", { kind: "certificate", name: null }],
  ["bob", { kind: "certificate", name: "robert" }],
  ["job", { kind: "certificate", name: "URI:spiffe://cluster/ns/shop/sa/job" }],
  ["mail", { kind: "certificate", name: "EMAIL:mail@shop.example" }],
  ["host", { kind: "certificate", name: "DNS:host.shop.example" }],
  ["pat", { kind: "password", password: Buffer.from("pats") }],
]);
const credentials: Brokered = {
  mode: "Brokered",
  user: "service",
  password: async () => Buffer.from("held by us"),
  clients: (login) => proofs.get(login),
  saltKey: Buffer.alloc(32, 1),
};

let server: LocalPostgres;
const relays: Relay[] = [];
let port: number;

beforeAll(async () => {
  const hba = ["host all postgres 127.0.0.1/32 trust", "host all all 127.0.0.1/32 scram-sha-256"];
  server = await startPostgres({ tls: true, hba });
  const admin = new pg.Client({ host: "127.0.0.1", port: server.port, user: "postgres", database: "postgres" });
  await admin.connect();
  await admin.query("CREATE ROLE service LOGIN PASSWORD 'held by us'; CREATE ROLE pat LOGIN PASSWORD 'pats'");
  await admin.end();
  port = (await relay({})).port;
});

afterAll(async () => {
  for (const one of relays) await one.close();
  await server.stop();
});

async function relay(some: Partial<RelayOptions>): Promise<Relay> {
  const upstream = { name: "shop", host: "127.0.0.1", port: server.port, tls: { mode: "require" } } as const;
  const started = await startRelay({ upstream, credentials, certificate: () => certificate, ...some });
  relays.push(started);
  return started;
}

interface Client {
  readonly user: string;
  readonly shows?: ServerCertificate;
  readonly password?: string;
  readonly plain?: boolean;
}

/** The login on the server, or SQLSTATE and message of the refusal. */
async function login(at: number, { user, shows, password, plain }: Client): Promise<string> {
  const pair = shows && { cert: shows.certificate, key: shows.key };
  const ssl = plain ? false : { rejectUnauthorized: false, ...pair };
  const client = new pg.Client({
    host: "127.0.0.1",
    port: at,
    user,
    database: "postgres",
    ssl,
    ...(password && { password }),
  });
  try {
    await client.connect();
    const { rows } = await client.query("SELECT current_user AS who");
    await client.end();
    return rows[0].who;
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return `${code} ${message}`;
  }
}

test.each([
  ["its common name is the login", "ana", issue("ana")],
  ["its common name is not ASCII", "zoë", issue("zoë")],
  ["its common name is the one of the configuration", "bob", issue("robert")],
  ["a URI of it is", "job", issue("anything", ["spiffe://cluster/ns/shop/sa/job"])],
  ["an e-mail address of it is", "mail", issue("anything", ["other@shop.example", "mail@shop.example"])],
  ["a DNS name of it is", "host", issue("anything", ["host.shop.example"])],
  ["it says nothing about its use", "ana", makeCertificate("ana", [], { issuer: authority })],
])("%s: let in as %s", async (_name, user, shows) => {
  expect(await login(port, { user, shows })).toBe("service");
});

test.each([
  ["another's certificate", "ana", issue("eve")],
  ["the login in a name of another kind", "ana", issue("eve", ["ana"])],
  ["a name in the common name that is to be a URI", "job", issue("spiffe://cluster/ns/shop/sa/job")],
  ["a name that only begins so", "host", issue("x", ["host.shop.example.evil.example"])],
  ["a name with a comma that looks like two", "host", issue("x", ["evil, DNS:host.shop.example"])],
  ["a NUL in the common name", "ana", issue("ana\0.evil.example")],
])("%s is refused for %s", async (_name, user, shows) => {
  expect(await login(port, { user, shows })).toBe(`28000 certificate authentication failed for user "${user}"`);
});

test("without a certificate, in clear or over TLS, such a login is refused", async () => {
  const refusal = "28000 connection requires a valid client certificate";
  expect([await login(port, { user: "ana" }), await login(port, { user: "ana", plain: true })]).toEqual([
    refusal,
    refusal,
  ]);
});

const invalid = {
  "run out": issue("ana", [], { days: -1 }),
  "of another authority of the same name": makeCertificate("ana", [], {
    issuer: makeCertificate("the clients' authority", []),
  }),
  "self-signed": makeCertificate("ana", []),
  "for servers": issue("ana", [], { usage: "serverAuth" }),
};
test.each(Object.entries(invalid))(
  "a certificate that is %s ends the login, whoever it is for",
  async (_name, shows) => {
    const invalidCertificate = /^28000 the client's certificate is not valid here: [A-Z_]+$/;
    expect(await login(port, { user: "ana", shows })).toMatch(invalidCertificate);
    expect(await login(port, { user: "pat", password: "pats", shows })).toMatch(invalidCertificate);
  },
);

test("a login by password needs no certificate, and may show one", async () => {
  expect(await login(port, { user: "pat", password: "pats" })).toBe("service");
  expect(await login(port, { user: "pat", password: "pats", shows: issue("anybody") })).toBe("service");
  expect(await login(port, { user: "pat", password: "wrong", shows: issue("pat") })).toMatch(/^28P01 /);
});

describe.each(["PassThrough", "Brokered"] as const)("where every client must show one (%s)", (mode) => {
  const by = mode === "Brokered" ? credentials : ({ mode } as const);
  const who = mode === "Brokered" ? "service" : "pat";
  const refusal = "28000 connection requires a valid client certificate";

  test("VerifyCA: any of our authority, beside the password", async () => {
    const { port: at } = await relay({ clientCertificate: "VerifyCA", credentials: by });
    expect(await login(at, { user: "pat", password: "pats", shows: issue("anybody") })).toBe(who);
    expect(await login(at, { user: "pat", password: "wrong", shows: issue("anybody") })).toMatch(/^28P01 /);
    expect(await login(at, { user: "pat", password: "pats" })).toBe(refusal);
    expect(await login(at, { user: "pat", password: "pats", plain: true })).toBe(refusal);
  });

  test("VerifyFull: one whose common name is the login", async () => {
    const { port: at } = await relay({ clientCertificate: "VerifyFull", credentials: by });
    expect(await login(at, { user: "pat", password: "pats", shows: issue("pat") })).toBe(who);
    expect(await login(at, { user: "pat", password: "pats", shows: issue("anybody", ["pat"]) })).toBe(
      '28000 certificate authentication failed for user "pat"',
    );
  });
});

describe("libpq", () => {
  let folder: string;
  let libpq: Libpq | null = null;
  let connection: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "weir-client-"));
    const files = {
      "root.crt": own.certificate,
      "ana.crt": issue("ana").certificate,
      "eve.crt": invalid["self-signed"].certificate,
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    const pair = issue("ana");
    writeFileSync(join(folder, "ana.crt"), pair.certificate);
    writeFileSync(join(folder, "ana.key"), pair.key, { mode: 0o600 });
    writeFileSync(join(folder, "eve.key"), invalid["self-signed"].key, { mode: 0o600 });
    connection = `user=ana sslmode=verify-full sslrootcert=${folder}/root.crt host=localhost hostaddr=127.0.0.1`;
    if (recentLibpqIsHere) libpq = new Libpq();
  });
  afterAll(async () => {
    await libpq?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const pair = (name: string) => `sslcert=${folder}/${name}.crt sslkey=${folder}/${name}.key`;

  (psqlIsHere ? test : test.skip)("psql with sslmode=verify-full and sslcert; a bad one is told why", async () => {
    expect(await psql(port, `${connection} ${pair("ana")}`, "SELECT current_user")).toMatchObject({ out: "service" });
    expect((await psql(port, `${connection} ${pair("eve")}`, "SELECT 1")).err).toContain(
      "FATAL:  the client's certificate is not valid here: DEPTH_ZERO_SELF_SIGNED_CERT",
    );
  });

  (recentLibpqIsHere ? test : test.skip)(
    "a recent libpq, asking for TLS or starting with it, and require_auth=none",
    async () => {
      for (const negotiation of ["postgres", "direct"]) {
        const conninfo = `${connection} port=${port} dbname=postgres ${pair("ana")} sslcertmode=require require_auth=none sslnegotiation=${negotiation}`;
        expect(await libpq!.run(conninfo, "SELECT current_user")).toMatchObject({ ok: true, rows: [["service"]] });
      }
    },
  );
});
