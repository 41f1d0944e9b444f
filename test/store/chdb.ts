// The real engine of ClickHouse in this process (chdb), where `make clickhouse` has put it; null where it is not.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { join } from "node:path";
import { type ClickHouseClient, createClient } from "@clickhouse/client";

const folder = process.env.WEIR_CLICKHOUSE ?? join(homedir(), ".cache/weir-clickhouse");

export const hasChdb = existsSync(join(folder, "node_modules/chdb/package.json"));

/** `path`: its data folder. */
export function chdbClient(path: string): ClickHouseClient {
  const { createChdbConnection } = createRequire(join(folder, "index.js"))("chdb/connection");
  return createClient({ connection: createChdbConnection({ path }) } as never);
}
