import { existsSync } from "node:fs";
import pg from "pg";
import { startPostgres, startSystemPostgres } from "../../pkg/localdb/start-postgres.ts";

const system15 = "/usr/lib/postgresql/15/bin";

async function ask(config: pg.ClientConfig, text: string): Promise<unknown[]> {
  const client = new pg.Client(config);
  await client.connect();
  try {
    return (await client.query({ text, rowMode: "array" })).rows;
  } finally {
    await client.end();
  }
}

test("a server comes up on loopback with UTF8 and the C.UTF-8 locale, and leaves nothing behind", async () => {
  const server = await startPostgres();
  const config = { host: server.host, port: server.port, user: server.superuser, database: "postgres" };
  expect(
    await ask(
      config,
      "SELECT current_setting('server_version_num')::int / 10000, current_setting('server_encoding'), upper('ä')",
    ),
  ).toEqual([[18, "UTF8", "Ä"]]);
  await server.stop();
  expect(existsSync(server.dataDir)).toBe(false);
  await expect(ask(config, "SELECT 1")).rejects.toThrow(/ECONNREFUSED/);
});

test("password logins and TLS work when asked for", async () => {
  const server = await startPostgres({ auth: "scram-sha-256", tls: true, extraSettings: { log_statement: "all" } });
  const config = {
    host: "localhost",
    port: server.port,
    user: server.superuser,
    database: "postgres",
    ssl: { ca: server.certificate! },
  };
  await expect(ask({ ...config, password: "wrong" }, "SELECT 1")).rejects.toThrow(/password authentication failed/);
  const rows = await ask(
    { ...config, password: server.password },
    "SELECT ssl, 'seen by the log' FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
  );
  expect(rows).toEqual([[true, "seen by the log"]]);
  expect(server.log()).toContain("seen by the log");
  await server.stop();
});

(existsSync(system15) ? test : test.skip)("a server of the machine runs by the same code", async () => {
  const server = await startSystemPostgres(system15);
  const rows = await ask(
    { host: server.host, port: server.port, user: "postgres", database: "postgres" },
    "SHOW server_version_num",
  );
  expect(Number(rows.flat()[0])).toBeGreaterThanOrEqual(150_000);
  await server.stop();
});
