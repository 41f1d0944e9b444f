// A real PostgreSQL for the tests of one file, with an administrator's connection beside it and a template to copy from.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { startPostgres } from "../../pkg/localdb/start-postgres.ts";

export const PASSWORD = "sesame";

export interface TestServer {
  readonly port: number;
  /** 18, but for `make majors`. */
  readonly major: number;
  readonly superuser: string;
  readonly superuserPassword: string;
  /** Everything the server has logged so far. */
  log(): string;
  /** The first value of the first row as text, asked in a database as superuser. */
  admin(sql: string, database?: string): Promise<string | null>;
  /** Drops `name` with whoever is in it, and makes it again as a copy of `template`, owned by `app`. */
  freshDatabase(name: string, template: string): Promise<void>;
  stop(): Promise<void>;
}

const settings = {
  max_prepared_transactions: 8,
  track_functions: "all",
  wal_level: "minimal",
  max_wal_senders: 0,
  autovacuum: false, // its work would take OIDs and appear in statistics
};

/** `make majors` sets it: where an npm package of another major of PostgreSQL lies. */
const packageFolder = process.env.WEIR_TEST_POSTGRES;

/** `roles`: logins to make, with PASSWORD. */
export async function startTestServer(
  roles: readonly string[],
  extraSettings: Record<string, string | number | boolean> = {},
): Promise<TestServer> {
  const server = await startPostgres({
    auth: "scram-sha-256",
    extraSettings: { ...settings, ...extraSettings },
    ...(packageFolder !== undefined && { packageFolder }),
  });
  const pools = new Map<string, pg.Pool>();
  const poolOf = (database: string) => {
    const known = pools.get(database);
    if (known) return known;
    const { port, superuser: user, password } = server;
    const pool = new pg.Pool({ host: "127.0.0.1", port, user, password, database, max: 2, idleTimeoutMillis: 500 });
    pool.on("error", () => {}); // idle connections of a database that is dropped
    pools.set(database, pool);
    return pool;
  };
  const admin = async (sql: string, database = "postgres"): Promise<string | null> => {
    const answer = await poolOf(database).query({
      text: sql,
      rowMode: "array",
      types: { getTypeParser: () => String },
    });
    const last = Array.isArray(answer) ? answer.at(-1) : answer;
    return last?.rows?.[0]?.[0] ?? null;
  };
  for (const role of roles) await admin(`CREATE ROLE ${role} LOGIN PASSWORD '${PASSWORD}'`);
  return {
    port: server.port,
    major: Math.floor(Number(await admin("SHOW server_version_num")) / 10_000),
    superuser: server.superuser,
    superuserPassword: server.password,
    log: server.log,
    admin,
    freshDatabase: async (name, template) => {
      await admin(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      await admin(`CREATE DATABASE ${name} TEMPLATE ${template} OWNER app`);
    },
    stop: async () => {
      for (const pool of pools.values()) await pool.end();
      await server.stop();
    },
  };
}

/** Makes a database out of a file of SQL and closes it, so that it can serve as a template. */
export async function makeTemplate(server: TestServer, name: string, sqlFile: string): Promise<void> {
  await server.admin(`CREATE DATABASE ${name}`);
  const { port, superuser: user, superuserPassword: password } = server;
  const client = new pg.Client({ host: "127.0.0.1", port, user, password, database: name });
  await client.connect();
  await client.query(readFileSync(join(import.meta.dirname, sqlFile), "utf8"));
  await client.end();
}
