// Our own session on the server: rows as text, errors that leave it usable, and bounds that end it.
import pg from "pg";
import { type LocalPostgres, startPostgres } from "../../pkg/localdb/start-postgres.ts";
import { CatalogConnection, CatalogError, type CatalogLogin } from "../../pkg/proxy/catalog-connection.ts";
import { systemRandom } from "../../pkg/runtime/random.ts";

let server: LocalPostgres;
beforeAll(async () => {
  server = await startPostgres({ auth: "scram-sha-256", tls: true });
});
afterAll(() => server.stop());

const login = (some: Partial<CatalogLogin> = {}): CatalogLogin => ({
  upstream: {
    name: "shop",
    host: "127.0.0.1",
    port: server.port,
    tls: { mode: "verify-full", ca: server.certificate! },
  },
  user: server.superuser,
  password: async () => Buffer.from(server.password),
  database: "postgres",
  random: systemRandom,
  ...some,
});

test("rows come as text and NULL as null, queries in their order", async () => {
  const connection = await CatalogConnection.open(login());
  const asked = [
    connection.query("SELECT n, NULL, 'ä' || n FROM generate_series(1, 2) n"),
    connection.query("SELECT $1::int + 1, $2::text", ["41", null]),
  ];
  expect(await Promise.all(asked)).toEqual([
    [
      ["1", null, "ä1"],
      ["2", null, "ä2"],
    ],
    [["42", null]],
  ]);
  connection.close();
});

test("a refused query says why and leaves the connection usable", async () => {
  const connection = await CatalogConnection.open(login());
  const error = await connection.query("SELECT * FROM nowhere").catch((refused) => refused);
  expect(error).toBeInstanceOf(CatalogError);
  expect(error).toMatchObject({ sqlstate: "42P01", message: 'relation "nowhere" does not exist' });
  expect(await connection.query("SELECT 1")).toEqual([["1"]]);
  connection.close();
});

test("a wrong password is the server's own error", async () => {
  const open = CatalogConnection.open(login({ password: async () => Buffer.from("wrong") }));
  await expect(open).rejects.toMatchObject({ sqlstate: "28P01" });
});

test("too much and too slow end the connection", async () => {
  const small = await CatalogConnection.open(login({ resultBytesMax: 1000 }));
  await expect(small.query("SELECT repeat('x', 100) FROM generate_series(1, 100)")).rejects.toThrow("limit of bytes");
  await expect(small.query("SELECT 1")).rejects.toThrow();
  const hasty = await CatalogConnection.open(login({ timeLimitMs: 500 }));
  await expect(hasty.query("SELECT pg_sleep(60)")).rejects.toThrow("closed its connection");
});

test("it ends its session on the server", async () => {
  const connection = await CatalogConnection.open(login());
  const [[pid]] = (await connection.query("SELECT pg_backend_pid()")) as [[string]];
  connection.close();
  const { superuser: user, password, port } = server;
  const watcher = new pg.Client({ host: "127.0.0.1", port, user, password, database: "postgres" });
  await watcher.connect();
  while ((await watcher.query("SELECT 1 FROM pg_stat_activity WHERE pid = $1", [pid])).rows.length > 0);
  await watcher.end();
});
