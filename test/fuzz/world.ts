// Where a run takes place: a real PostgreSQL, a hostile one, and a sidecar process in front of both, with masks and guards.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { type LocalPostgres, startPostgres } from "../../pkg/localdb/start-postgres.ts";
import { type SidecarProcess, startSidecar } from "../support/sidecar-process.ts";
import { STRICT_POLICY } from "../support/worlds.ts";
import { type HostileServer, startHostileServer } from "./hostile-server.ts";

export interface World {
  readonly server: LocalPostgres;
  readonly hostile: HostileServer;
  readonly sidecar: SidecarProcess;
  readonly ports: { readonly real: number; readonly hostile: number };
  /** Removes what hostile clients have written, so that the server's work stays the same. */
  sweep(): Promise<void>;
  stop(): Promise<void>;
}

const GUARDS = `apiVersion: weir.dev/v1alpha1
kind: ClusterDataPolicy
metadata: {name: guards}
spec:
  guard:
    - {name: no-delete, effects: [Delete], action: Deny}
    - {name: few-rows, effects: [Read], rowsOver: 1000, action: Deny}
    - {name: told, effects: [Insert], action: Warn}
`;
const hostileDatabase = (port: number) => `apiVersion: weir.dev/v1alpha1
kind: GovernedDatabase
metadata: {name: hostile, namespace: shop}
spec: {engine: PostgreSQL, host: localhost, port: ${port}, tls: {mode: Disable}}
`;
/** What a hostile statement may take of the server; that it takes no more is PostgreSQL's affair. */
const ROLE_SETTINGS = ["statement_timeout = '5s'", "lock_timeout = '2s'", "temp_file_limit = '64MB'"];
const HBA = ["local all all trust", "host all locked 127.0.0.1/32 scram-sha-256", "host all all 127.0.0.1/32 trust"];
const QUIET_LOG = {
  log_min_messages: "panic",
  log_min_error_statement: "panic",
  max_connections: 200,
  client_connection_check_interval: "1s",
};

export async function makeWorld(seed: number): Promise<World> {
  const server = await startPostgres({ hba: HBA, extraSettings: QUIET_LOG });
  const admin = async (database: string, ...texts: readonly string[]) => {
    const client = new pg.Client({ host: "127.0.0.1", port: server.port, user: server.superuser, database });
    await client.connect();
    try {
      for (const text of texts) await client.query(text);
    } finally {
      await client.end();
    }
  };
  const roles = ["app", "analyst"].flatMap((role) => [
    `CREATE ROLE ${role} LOGIN`,
    ...ROLE_SETTINGS.slice(0, 2).map((each) => `ALTER ROLE ${role} SET ${each}`),
  ]);
  await admin(
    "postgres",
    ...roles,
    "CREATE ROLE locked LOGIN PASSWORD 'sesame'",
    "CREATE DATABASE play",
    "CREATE DATABASE shop",
  );
  const text = (name: string) => readFileSync(join(import.meta.dirname, "../support", name), "utf8");
  await admin("play", text("play.sql"));
  await admin("shop", text("shop.sql"));
  await admin("shop", text("shop-values.sql").replaceAll(":'w'", "'a'").replaceAll(":k", "5"));
  await admin("postgres", "CREATE DATABASE control TEMPLATE shop");
  const hostile = await startHostileServer(seed);
  const sidecar = await startSidecar(server.port, {
    policies: { "hostile.yaml": hostileDatabase(hostile.port), "strict.yaml": STRICT_POLICY, "guards.yaml": GUARDS },
    settings: () => ({
      WEIR_LISTENERS: "127.0.0.1:0=shop/main,127.0.0.1:0=shop/hostile",
      WEIR_LIMITS_LOGIN_SECONDS: "20",
      WEIR_SPOOL_BYTES_MAX: "32GiB",
      WEIR_LOG_LEVEL: "info",
    }),
    node: ["--inspect=127.0.0.1:0"],
  });
  const ports = { real: await portOf(sidecar, "shop/main"), hostile: await portOf(sidecar, "shop/hostile") };
  return {
    server,
    hostile,
    sidecar,
    ports,
    sweep: async () => {
      await admin("play", "TRUNCATE pairs");
      await admin("shop", "TRUNCATE scratch");
    },
    stop: async () => {
      await sidecar.stop();
      await hostile.close();
      await server.stop("immediate");
    },
  };
}

async function portOf(sidecar: SidecarProcess, database: string): Promise<number> {
  for (;;) {
    const lines = sidecar
      .log()
      .split("\n")
      .filter((line) => line.includes('"event":"listening"'));
    const found = lines.map((line) => JSON.parse(line)).find((event) => event.database === database);
    if (found !== undefined) return found.port;
    if (sidecar.child.exitCode !== null) throw new Error(sidecar.log());
    await delay(20);
  }
}
