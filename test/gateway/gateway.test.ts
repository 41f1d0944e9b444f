// One listener in front of two servers and three databases: each with its own policies, issuers and limits, named by the client.
import { rmSync, writeFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { type Json, recordsOf } from "../audit/spool-lines.ts";
import { eventually } from "../load/eventually.ts";
import { psql, psqlIsHere } from "../proxy/psql.ts";
import { startIssuer, type TestIssuer } from "../support/issuer.ts";
import { PASSWORD, startTestServer, type TestServer } from "../support/server.ts";
import type { SidecarProcess } from "../support/sidecar-process.ts";
import { connected, database, own, refusal, startGateway } from "./start-gateway.ts";

const masks = (namespace: string, name: string, databaseName: string, table: string, method: string) => `
apiVersion: weir.dev/v1alpha1
kind: DataPolicy
metadata: {name: ${name}, namespace: ${namespace}}
spec:
  databases: [${databaseName}]
  subjects: [{groups: [outside]}]
  classify: [{columns: ["public.${table}.email"], class: PII.EMAIL}]
  mask: [{classes: ["PII.*"], method: "${method}"}]
---`;

let one: TestServer;
let two: TestServer;
let staff: TestIssuer;
let partners: TestIssuer;
let gateway: SidecarProcess;

beforeAll(async () => {
  [one, two, staff, partners] = await Promise.all([
    startTestServer(["app"]),
    startTestServer(["app"]),
    startIssuer(),
    startIssuer(),
  ]);
  for (const [server, name, table] of [
    [one, "orders_2026", "customers"],
    [one, "ledger", "entries"],
    [two, "people", "people"],
  ] as const) {
    await server.admin(`CREATE DATABASE ${name}`);
    await server.admin(`CREATE TABLE ${table} (id int PRIMARY KEY, email text)`, name);
    await server.admin(
      `INSERT INTO ${table} SELECT i, 'x' || i || '@${name}.example' FROM generate_series(1, 50) i`,
      name,
    );
    await server.admin(`GRANT ALL ON ${table} TO app`, name);
  }
  gateway = await startGateway({
    issuers: [staff, partners],
    policies: {
      "database.yaml": database("shop", "orders", one.port) + database("hr", "people", two.port),
      "ledger.yaml": database("shop", "ledger", one.port) + masks("shop", "ledger", "ledger", "entries", "Null"),
      "orders.yaml": masks("shop", "orders", "orders", "customers", "Redact"),
      "people.yaml": masks("hr", "people", "people", "people", "Partial"),
      "relayed.yaml": database("shop", "relayed", one.port, "PassThrough"),
      "nobody.yaml": database("shop", "unready", one.port),
    },
    settings: {
      WEIR_GATEWAY_DATABASES: JSON.stringify({
        orders: { database: "orders_2026" },
        "shop/ledger": { sessions: 3 },
        "hr/people": { issuers: [staff.url] },
      }),
    },
  });
});

afterAll(async () => {
  await gateway?.stop();
  await Promise.all([one?.stop(), two?.stop(), staff?.stop(), partners?.stop()]);
});

const records = (): readonly Json[] => recordsOf(join(gateway.folder, "spool"));
async function ask(name: string, table: string, user = "ana", claims: Record<string, unknown> = {}): Promise<Json> {
  const client = await connected(gateway.port, {
    user,
    database: name,
    password: await staff.token({ sub: user, ...claims }),
  });
  try {
    const { rows } = await client.query(`SELECT current_database() AS db, email FROM ${table} WHERE id = 7`);
    return rows[0];
  } finally {
    await client.end();
  }
}

test.each([
  ["orders", "customers", "orders_2026"],
  ["shop.orders", "customers", "orders_2026"],
  ["shop/orders", "customers", "orders_2026"],
  ["orders~orders_2026", "customers", "orders_2026"],
  ["shop.orders~ledger", "entries", "ledger"],
  ["ledger", "entries", "ledger"],
  ["hr.people", "people", "people"],
])("%s leads to its server's database", async (name, table, db) => {
  expect(await ask(name, table)).toEqual({ db, email: `x7@${db}.example` });
});

test("each database has its own policies, and records name it", async () => {
  const outside = { groups: ["outside"] };
  expect((await ask("orders", "customers", "eve", outside)).email).toBe("[redacted]");
  expect((await ask("ledger", "entries", "eve", outside)).email).toBe(null);
  expect((await ask("hr.people", "people", "eve", outside)).email).not.toContain("x7@");
});

const unknown = { code: "3D000", message: "weir: there is no database of this name here, or none for you" };

test.each([
  ["another namespace's without its name", "people"],
  ["the server's own name", "orders_2026"],
  ["one that is nowhere", "shop.nothing"],
  ["a namespace of parts", "a.b.c.orders"],
  ["escapes", "shop%2Eorders"],
  ["quotes", '"orders"'],
  ["blanks around it", " orders "],
  ["capitals", "Orders"],
  ["no server's database behind the tilde", "orders~"],
  ["a server's name of more bytes than the server reads", `orders~${"x".repeat(64)}`],
  ["a name that is cut to a known one", `ledger${"x".repeat(400)}`],
  ["a connection string", "dbname=ledger user=postgres"],
  ["prototypes", "__proto__"],
  ["dots of a path", "shop/../hr/people"],
])("%s is no database", async (_what, name) => {
  const password = await staff.token();
  expect(await refusal(connected(gateway.port, { user: "ana", password, database: name }))).toEqual(unknown);
});

test("who proves nothing does not learn which databases there are", async () => {
  const wrong = async (name: string) =>
    refusal(connected(gateway.port, { user: "ana", password: "guess", database: name }));
  const [there, absent, unready] = [await wrong("orders"), await wrong("nothing"), await wrong("unready")];
  expect(there.code).toBe("28P01");
  expect([absent, unready]).toEqual([there, there]);
});

test("a database without a login of Weir's is closed by itself", async () => {
  const password = await staff.token();
  const outcome = await refusal(connected(gateway.port, { user: "ana", password, database: "unready" }));
  expect(outcome).toEqual({ code: "57P03", message: expect.stringContaining("no login for it") });
  expect((await ask("orders", "customers")).db).toBe("orders_2026");
});

test("an issuer of one database counts for nothing at another", async () => {
  const password = await partners.token();
  expect((await refusal(connected(gateway.port, { user: "ana", password, database: "orders" }))).code).toBe("none");
  const elsewhere = await refusal(connected(gateway.port, { user: "ana", password, database: "hr.people" }));
  expect(elsewhere).toEqual({
    code: "28P01",
    message: expect.stringContaining("its issuer is not one of those that count here"),
  });
  const client = await connected(gateway.port, { user: "ana", password: await staff.token(), database: "hr.people" });
  const given = client.query(`SET weir.identity = '${await partners.token({ azp: "ana" })}'`);
  await expect(given).rejects.toMatchObject({ message: expect.stringContaining("issuer") });
  await client.end();
});

test("a token is not asked for in clear", async () => {
  const password = await staff.token();
  const outcome = await refusal(connected(gateway.port, { user: "ana", password, database: "orders", ssl: false }));
  expect(outcome).toEqual({
    code: "28000",
    message: "this login is proved by a token, which Weir takes over TLS only",
  });
});

const outside = Object.values(networkInterfaces())
  .flat()
  .find((each) => each?.family === "IPv4" && !each.internal)?.address;

(outside === undefined ? test.skip : test)(
  "who comes from elsewhere must encrypt, whatever the database asks",
  async () => {
    const relayed = { user: "app", password: PASSWORD, database: "relayed~ledger" };
    expect((await refusal(connected(gateway.port, { ...relayed, ssl: false }))).code).toBe("none");
    const elsewhere = { ...relayed, host: outside };
    expect(await refusal(connected(gateway.port, { ...elsewhere, ssl: false }))).toEqual({
      code: "28000",
      message: "Weir takes encrypted connections only here",
    });
    expect((await refusal(connected(gateway.port, { ...elsewhere, ssl: { rejectUnauthorized: false } }))).code).toBe(
      "none",
    );
  },
);

test("start-up parameters name no other database", async () => {
  const password = await staff.token({ groups: ["outside"] });
  const client = { user: "ana", password, database: "ledger" };
  const options = await refusal(connected(gateway.port, { ...client, options: "-c search_path=public -d people" }));
  expect(options.code).not.toBe("none");
  const replication = await refusal(connected(gateway.port, { ...client, replication: "database" }));
  expect(replication.code).toBe("42501");
});

test("a database takes as many sessions as it may, and others are not held up", async () => {
  const password = await staff.token();
  const wish = { user: "ana", password, database: "ledger" };
  const held = await Promise.all([1, 2, 3].map(() => connected(gateway.port, wish)));
  expect(await refusal(connected(gateway.port, wish))).toEqual({
    code: "53300",
    message: "sorry, too many clients already",
  });
  expect((await ask("orders", "customers")).db).toBe("orders_2026");
  await Promise.all(held.map((client) => client.end()));
  await eventually(async () => (await refusal(connected(gateway.port, wish))).code === "none");
});

test("under load every row and every record belongs to its principal and its database", async () => {
  const places = [
    { name: "orders", database: "shop/orders", table: "customers" },
    { name: "hr.people", database: "hr/people", table: "people" },
  ] as const;
  const people = Array.from({ length: 24 }, (_, index) => ({ name: `p${index}`, isOutside: index % 3 === 0 }));
  await Promise.all(
    people.map(async ({ name, isOutside }, index) => {
      const { name: databaseName, table } = places[index % 2]!;
      const password = await staff.token({ sub: name, groups: isOutside ? ["outside"] : [] });
      const client = await connected(gateway.port, { user: name, password, database: databaseName });
      for (let id = 1; id <= 15; id++) {
        const { rows } = await client.query(`SELECT id, email FROM ${table} WHERE id = $1`, [id]);
        expect(rows[0].id).toBe(id);
        expect(String(rows[0].email).startsWith(`x${id}@`)).toBe(!isOutside);
      }
      await client.end();
    }),
  );
  const own = records().filter((record) => /"name":"p\d+"/.test(JSON.stringify(record)));
  const bySession = new Map<string, Set<string>>();
  for (const record of own) {
    const text = JSON.stringify(record);
    const index = Number(/"name":"p(\d+)"/.exec(text)![1]);
    const { database: expected, table } = places[index % 2]!;
    expect(text).toContain(`"${expected}"`);
    for (const other of places) if (other.database !== expected) expect(text).not.toContain(`"${other.database}"`);
    for (const other of places) if (other.table !== table) expect(text).not.toContain(`FROM ${other.table}`);
    const { session } = record.unmapped.weir;
    bySession.set(session, (bySession.get(session) ?? new Set()).add(`p${index}`));
  }
  expect(bySession.size).toBe(24);
  for (const names of bySession.values()) expect(names.size).toBe(1);
});

test("databases come and go while it runs, and sessions of one that goes are ended", async () => {
  const file = join(gateway.folder, "policies", "late.yaml");
  const wish = async () => ({ user: "ana", password: await staff.token(), database: "late~orders_2026" });
  expect((await refusal(connected(gateway.port, await wish()))).code).toBe("3D000");
  writeFileSync(file, database("shop", "late", one.port));
  await eventually(async () => (await refusal(connected(gateway.port, await wish()))).code === "none");
  const [stays, goes] = [
    await connected(gateway.port, { ...(await wish()), database: "orders" }),
    await connected(gateway.port, await wish()),
  ];
  const ended = new Promise<{ code?: string; message: string }>((resolve) => goes.once("error", resolve));
  rmSync(file);
  expect(await ended).toMatchObject({
    code: "57P01",
    message: "weir: this database is not served here any more, so this session ends",
  });
  expect((await stays.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
  await stays.end();
  expect((await refusal(connected(gateway.port, await wish()))).code).toBe("3D000");
});

(psqlIsHere ? test : test.skip)("psql and its addresses write the same names", async () => {
  const password = await staff.token();
  const settings = `user=ana password=${password} sslmode=require dbname=hr.people`;
  expect(await psql(gateway.port, settings, "SELECT current_database()")).toMatchObject({ out: "people", ok: true });
  const address = `postgresql://ana:${password}@127.0.0.1:${gateway.port}/orders~ledger`;
  const client = new pg.Client({ connectionString: address, ssl: { ca: own.certificate } });
  await client.connect();
  expect((await client.query("SELECT current_database() AS db")).rows[0].db).toBe("ledger");
  await client.end();
});

test("the record of a refused login names what was asked, and no database that was not reached", async () => {
  await refusal(connected(gateway.port, { user: "ana", password: await staff.token(), database: "shop.nothing" }));
  const refused = () => records().filter((record) => JSON.stringify(record).includes("shop.nothing"));
  await eventually(() => refused().length > 0);
  const text = JSON.stringify(refused().at(-1));
  expect(text).toContain("refusedByUs 3D000");
  expect(text).toContain('"database":{"name":"unknown"');
});
