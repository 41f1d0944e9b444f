// The index of records as it is configured.
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { CollectorError } from "../../pkg/collector/collector-error.ts";
import type { Logger } from "../../pkg/runtime/logger.ts";
import { openClickhouse } from "../../pkg/store/clickhouse-store.ts";
import { openDuckdb } from "../../pkg/store/duckdb-store.ts";
import { type Store, StoreError } from "../../pkg/store/store.ts";
import type { CollectorConfig } from "./config.ts";

/** null: there is to be none. @throws CollectorError when it cannot be opened */
export async function openStore(
  { store: config, data, origin }: Pick<CollectorConfig, "store" | "data" | "origin">,
  logger: Logger,
): Promise<Store | null> {
  if (config.engine === "none") return null;
  try {
    const store = await (config.engine === "duckdb" ? inFile() : atServer(config));
    logger.log("info", "index_opened", { engine: store.engine, entries: store.indexedUpTo });
    return store;
  } catch (cause) {
    if (!(cause instanceof StoreError)) throw cause;
    throw new CollectorError(cause.code === "locked" ? "locked" : "io", cause.message, cause);
  }

  function inFile(): Promise<Store> {
    const folder = join(data, "state");
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const memoryMiB = config.engine === "duckdb" ? config.memoryMiB : 0;
    return openDuckdb({ file: join(folder, "records.duckdb"), origin, memoryMiB });
  }

  function atServer({
    url,
    user,
    password,
  }: Extract<CollectorConfig["store"], { engine: "clickhouse" }>): Promise<Store> {
    let secret = "";
    try {
      if (password !== null) secret = readFileSync(password, "utf8").trim();
    } catch (cause) {
      throw new StoreError("io", `WEIR_COLLECTOR_STORE_PASSWORD_FILE: ${password} cannot be read`, cause);
    }
    return openClickhouse({ url, user, password: secret, origin });
  }
}
