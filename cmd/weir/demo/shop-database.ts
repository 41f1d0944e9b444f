// A real PostgreSQL that holds the shop, with the logins of the demo's people.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { type LocalPostgres, startPostgres } from "../../../pkg/localdb/start-postgres.ts";
import { shopData } from "./shop-data.ts";

export const databaseName = "shop";

/** Passwords are the demo's own and good on loopback only; PostgreSQL checks them by SCRAM, relayed by the sidecar. */
export const logins = ["dana", "ana", "robo", "weir", "app"] as const;
export type Login = (typeof logins)[number];
export const passwordOf = (login: Login) => `${login}-demo`;

export async function startShop(): Promise<LocalPostgres> {
  const server = await startPostgres({ auth: "scram-sha-256" });
  const admin = { host: server.host, port: server.port, user: server.superuser, password: server.password };
  await withClient({ ...admin, database: "postgres" }, (client) => client.query(`CREATE DATABASE ${databaseName}`));
  await withClient({ ...admin, database: databaseName }, fill);
  return server;
}

async function fill(client: pg.Client): Promise<void> {
  await client.query("CREATE ROLE shop_owner NOLOGIN; GRANT ALL ON SCHEMA public TO shop_owner; SET ROLE shop_owner");
  await client.query(readFileSync(join(import.meta.dirname, "shop.sql"), "utf8"));
  for (const [table, rows] of Object.entries(shopData)) {
    await client.query(`INSERT INTO ${table} SELECT * FROM jsonb_populate_recordset(NULL::${table}, $1)`, [
      JSON.stringify(rows),
    ]);
  }
  await client.query("RESET ROLE");
  for (const login of logins) await client.query(`CREATE ROLE ${login} LOGIN PASSWORD '${passwordOf(login)}'`);
  await client.query("GRANT shop_owner TO dana, ana, robo, app; GRANT SELECT ON ALL TABLES IN SCHEMA public TO weir");
  await client.query("VACUUM ANALYZE");
}

async function withClient<T>(config: pg.ClientConfig, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client(config);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
