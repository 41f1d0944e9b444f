// Where `weir explain` takes the schema from: a server that runs, or a dump that a PostgreSQL of our own is filled with.
import { readFileSync } from "node:fs";
import pg from "pg";
import { buildSnapshot, nextVersion } from "../../../pkg/catalog/load.ts";
import { probeOf } from "../../../pkg/catalog/probe-query.ts";
import { catalogQueries, probeQuery } from "../../../pkg/catalog/queries.ts";
import { resolutionOf, resolutionQuery } from "../../../pkg/catalog/resolution.ts";
import type { Resolution, Snapshot } from "../../../pkg/catalog/snapshot.ts";
import { startPostgres } from "../../../pkg/localdb/start-postgres.ts";
import { CatalogConnection } from "../../../pkg/proxy/catalog-connection.ts";
import { systemRandom } from "../../../pkg/runtime/random.ts";
import { UsageError } from "../command.ts";

export interface Schema {
  readonly snapshot: Snapshot;
  readonly resolution: Resolution;
  readonly serverMajor: number;
}

const modes = ["disable", "allow", "prefer", "require"] as const;

/** `url`: postgres://user:password@host:port/database?sslmode=...; the password may be in PGPASSWORD. Names resolve along `searchPath`. */
export async function schemaOf(url: string, searchPath: string): Promise<Schema> {
  const at = addressOf(url);
  const connection = await CatalogConnection.open({ ...at, random: systemRandom });
  try {
    await connection.query("SELECT pg_catalog.set_config('search_path', $1, false)", [searchPath]);
    const [version] = await connection.query("SELECT pg_catalog.current_setting('server_version_num')");
    const serverMajor = Math.floor(Number(version![0]) / 10_000);
    const ask = (sql: string) => connection.query(sql);
    const [row] = await ask(resolutionQuery(serverMajor).sql);
    const probe = probeOf(await ask(probeQuery(serverMajor).sql));
    const results = [];
    for (const { sql } of catalogQueries(serverMajor)) results.push(await ask(sql));
    const snapshot = buildSnapshot(results, serverMajor, at.database, nextVersion(), probe);
    return { snapshot, resolution: resolutionOf(row!), serverMajor };
  } finally {
    connection.close();
  }
}

function addressOf(text: string) {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^postgres(ql)?:$/.test(url.protocol))
    throw new UsageError(`--upstream: "${text.replace(/:[^:@/]*@/, ":***@")}" is no postgres:// address`);
  const asked = url.searchParams.get("sslmode") ?? "prefer";
  const mode = modes.find((each) => each === asked);
  if (mode === undefined) throw new UsageError(`--upstream: sslmode ${asked}; there is ${modes.join(", ")}`);
  const user = decodeURIComponent(url.username) || (process.env.PGUSER ?? "postgres");
  const password = url.password === "" ? (process.env.PGPASSWORD ?? "") : decodeURIComponent(url.password);
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1") || "127.0.0.1";
  const database = decodeURIComponent(url.pathname.slice(1)) || user;
  return {
    upstream: { name: database, host, port: Number(url.port || 5432), tls: { mode } },
    user,
    password: async () => Buffer.from(password),
    database,
  };
}

/** The schema of a plain `pg_dump --schema-only`; roles that it grants to are made up. Takes the seconds that a server needs to start. */
export async function schemaOfDump(file: string, searchPath: string): Promise<Schema> {
  const text = statementsOf(contentOf(file));
  const server = await startPostgres();
  const url = `postgres://${server.superuser}:${server.password}@127.0.0.1:${server.port}/postgres?sslmode=disable`;
  const client = new pg.Client({ connectionString: url });
  try {
    await client.connect();
    await withRoles(client, text);
    return await schemaOf(url, searchPath);
  } finally {
    await client.end().catch(() => {});
    await server.stop();
  }
}

function contentOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new UsageError(`--schema: ${file} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

/** Without psql's own commands and without rows. */
function statementsOf(dump: string): string {
  return dump
    .replace(/^COPY .* FROM stdin;\n[\s\S]*?^\\\.$/gm, "")
    .replace(/^\\.*$/gm, "")
    .replace(/^SET transaction_timeout.*$/gm, "");
}

const ROLES_MAX = 1_000;

async function withRoles(client: pg.Client, text: string): Promise<void> {
  for (let made = 0; ; made++) {
    try {
      await client.query(text);
      return;
    } catch (error) {
      const { code, message } = error as { code?: string; message: string };
      const role = code === "42704" ? /^role "(.*)" does not exist$/.exec(message)?.[1] : undefined;
      if (role === undefined || made >= ROLES_MAX)
        throw new UsageError(`--schema: PostgreSQL 18 does not take it: ${message}`);
      await client.query(`CREATE ROLE ${client.escapeIdentifier(role)}`);
    }
  }
}
