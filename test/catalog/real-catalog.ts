// A real server for the catalogue tests: PostgreSQL 18 out of npm, or the one that WEIR_TEST_POSTGRES names
// (postgres://user@host:port/database, a superuser), to run the same tests against another major.
import pg from "pg";
import { buildSnapshot, nextVersion } from "../../pkg/catalog/load.ts";
import { overlay } from "../../pkg/catalog/overlay.ts";
import { probeOf } from "../../pkg/catalog/probe-query.ts";
import { type CatalogQuery, catalogQueries, probeQuery, temporaryQuery } from "../../pkg/catalog/queries.ts";
import { resolutionOf, resolutionQuery } from "../../pkg/catalog/resolution.ts";
import type { Resolution, Snapshot } from "../../pkg/catalog/snapshot.ts";
import { startPostgres } from "../../pkg/localdb/start-postgres.ts";

export interface RealServer {
  connect(database?: string, user?: string): Promise<pg.Client>;
  stop(): Promise<void>;
}

export async function realServer(): Promise<RealServer> {
  const url = process.env.WEIR_TEST_POSTGRES;
  const local = url === undefined ? await startPostgres() : null;
  const open: pg.Client[] = [];
  const place = (database: string, user: string) =>
    local === null
      ? Object.assign(new URL(url!), { pathname: `/${database}`, username: user }).toString()
      : `postgres://${user}:${local.password}@${local.host}:${local.port}/${database}`;
  return {
    async connect(database = "postgres", user = "postgres") {
      const client = new pg.Client({ connectionString: place(database, user) });
      await client.connect();
      open.push(client);
      return client;
    },
    async stop() {
      await Promise.all(open.map((client) => client.end()));
      await local?.stop();
    },
  };
}

/** A database of its own, with the given schema in it. */
export async function freshDatabase(server: RealServer, name: string, ddl: string): Promise<pg.Client> {
  const admin = await server.connect();
  await admin.query(`DROP DATABASE IF EXISTS ${name}`);
  await admin.query(`CREATE DATABASE ${name}`);
  const client = await server.connect(name);
  await client.query(ddl);
  return client;
}

/** Rows of texts, by the extended protocol, as the gate reads them. */
export async function ask(client: pg.Client, query: CatalogQuery): Promise<(string | null)[][]> {
  const raw = { getTypeParser: () => (text: string) => text };
  const result = await client.query({
    text: query.sql,
    values: [],
    rowMode: "array",
    types: raw as never,
    queryMode: "extended",
  } as never);
  return (result as unknown as { rows: (string | null)[][] }).rows;
}

export async function majorOf(client: pg.Client): Promise<number> {
  const { rows } = await client.query(
    "SELECT pg_catalog.current_setting('server_version_num')::pg_catalog.int4 AS number",
  );
  return Math.floor(rows[0].number / 10000);
}

export async function probe(client: pg.Client): Promise<string> {
  return probeOf(await ask(client, probeQuery(await majorOf(client))));
}

export async function load(client: pg.Client, known: Snapshot | null = null): Promise<Snapshot> {
  const major = await majorOf(client);
  const probed = await probe(client);
  const results = [];
  for (const query of catalogQueries(major, known)) results.push(await ask(client, query));
  return buildSnapshot(results, major, "test", nextVersion(), probed, known);
}

export async function withTemporary(client: pg.Client, base: Snapshot): Promise<Snapshot> {
  return overlay(base, await ask(client, temporaryQuery(base.serverMajor)));
}

export async function resolution(client: pg.Client): Promise<Resolution> {
  const [row] = await ask(client, resolutionQuery(18));
  return resolutionOf(row!);
}
