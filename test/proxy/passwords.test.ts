// Unusual passwords: the server and we derive the same keys, so that whoever may log in directly may log in through us.
import { randomBytes } from "node:crypto";
import pg from "pg";
import { type LocalPostgres, startPostgres } from "../../pkg/localdb/start-postgres.ts";
import { startRelay } from "./relay.ts";

const passwords = [
  " leading and trailing ",
  "'quoted\\\"",
  "zażółć gęślą jaźń",
  "ﬁ ligature",
  "no\u00A0break",
  "soft\u00ADhyphen",
  "\u00AA\u2168",
  "\u0627\u0628\u062A",
  "\u0627a mixed directions",
  "control\u0001",
  "😀 emoji",
  "e\u0301 combining",
  "x".repeat(1000),
];

let server: LocalPostgres;
beforeAll(async () => {
  server = await startPostgres({
    hba: ["host all postgres 127.0.0.1/32 trust", "host all all 127.0.0.1/32 scram-sha-256"],
  });
  const admin = new pg.Client({ host: "127.0.0.1", port: server.port, user: "postgres", database: "postgres" });
  await admin.connect();
  for (const [index, password] of passwords.entries()) {
    await admin.query(`CREATE ROLE user${index} LOGIN PASSWORD ${pg.escapeLiteral(password)}`);
  }
  await admin.end();
});
afterAll(() => server.stop());

test.each(passwords.map((password, index) => [password.slice(0, 30), index] as const))("%j", async (_shown, index) => {
  const upstream = { name: "shop", host: "127.0.0.1", port: server.port, tls: { mode: "disable" } } as const;
  const relay = await startRelay({
    upstream,
    credentials: {
      mode: "Brokered",
      user: `user${index}`,
      password: async () => Buffer.from(passwords[index]!),
      clients: () => ({ kind: "trustLoopback" }),
      saltKey: randomBytes(32),
    },
  });
  const client = new pg.Client({ host: "127.0.0.1", port: relay.port, user: "ana", database: "postgres" });
  await client.connect();
  await client.end();
  await relay.close();
});
