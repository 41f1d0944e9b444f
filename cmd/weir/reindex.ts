// `weir reindex DATA`: the index of a collector that does not run, made again from its segments, for either engine.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { systemCollectorFiles } from "../../pkg/collector/collector-files.ts";
import { lockData } from "../../pkg/collector/data-lock.ts";
import { Indexer } from "../../pkg/collector/indexer.ts";
import { KeptLedger } from "../../pkg/collector/kept-ledger.ts";
import { type StoreConfig, storeAddress, storeConfig } from "../../pkg/collector/store-config.ts";
import { ThreadedIndex } from "../../pkg/collector/threaded-index.ts";
import { VKEY_FILE } from "../../pkg/ledger/log-state.ts";
import { parseVkey } from "../../pkg/ledger/note.ts";
import { silentLogger } from "../../pkg/runtime/logger.ts";
import { type Command, exits, readArguments, UsageError } from "./command.ts";
import type { Terminal } from "./terminal.ts";

const TELL_MS = 2000;

export const reindex: Command = {
  summary: "make a stopped collector's index again, from its segments",
  help: `usage: weir reindex DATA [--store STORE] [--store-mib MIB] [--store-user USER] [--store-password-file FILE]

Empties the index of records and fills it again from the ledger in DATA, the folder that WEIR_COLLECTOR_DATA names. The
collector must be stopped; the ledger stays as it is, and what the index then answers is what it answered before.

  --store STORE        where the index is: duckdb (a file in DATA), or https://host:8443/database of a ClickHouse;
                       as WEIR_COLLECTOR_STORE, duckdb when it is not given
  --store-mib MIB      memory for duckdb, 512
  --store-user USER, --store-password-file FILE
                       for ClickHouse; the user is "default", without a password, when not given

exit codes: 0 made, 64 wrong arguments, 69 the collector runs, or the ledger or the index cannot be used`,
  async run(args, terminal) {
    const options = {
      store: { type: "string", default: "duckdb" },
      "store-mib": { type: "string", default: "512" },
      "store-user": { type: "string", default: "default" },
      "store-password-file": { type: "string" },
    } as const;
    const { values, positionals } = readArguments(args, options, 1);
    const [data] = positionals;
    if (data === undefined) throw new UsageError("name the collector's data folder");
    const config = configOf(values);
    if (!existsSync(keyFile(data)))
      return refused(`${data} is no collector's data folder: there is no ${keyFile(data)}`);
    try {
      const lock = lockData(data);
      try {
        await remake(config, data, terminal);
      } finally {
        lock.release();
      }
    } catch (cause) {
      if (!("code" in (cause as Error))) throw cause;
      return refused((cause as Error).message);
    }
    return exits.good;

    function refused(why: string): number {
      process.stderr.write(`weir reindex: ${why}\n`);
      return exits.unavailable;
    }
  },
};

interface Values {
  readonly store: string;
  readonly "store-mib": string;
  readonly "store-user": string;
  readonly "store-password-file"?: string | undefined;
}

function configOf(values: Values): Exclude<StoreConfig, { engine: "none" }> {
  const address = storeAddress(values.store);
  const memoryMiB = Number(values["store-mib"]);
  if (!Number.isInteger(memoryMiB) || memoryMiB < 128 || memoryMiB > 65_536)
    throw new UsageError("--store-mib: write MiB from 128 to 65536");
  const [user, password] = [values["store-user"], values["store-password-file"] ?? null];
  const config = address === undefined ? null : storeConfig({ address, memoryMiB, user, password });
  if (config === null || config.engine === "none")
    throw new UsageError("--store: write duckdb, or https://host:8443/database of a ClickHouse");
  return config;
}

async function remake(
  config: Exclude<StoreConfig, { engine: "none" }>,
  data: string,
  terminal: Terminal,
): Promise<void> {
  const origin = parseVkey(readFileSync(keyFile(data), "utf8").trim()).name;
  const kept = await KeptLedger.open({ folder: data, origin, files: systemCollectorFiles, logger: silentLogger });
  const index = new ThreadedIndex({ config, data, origin }, silentLogger);
  const indexer = new Indexer({ ledger: kept, store: index, logger: silentLogger });
  const entries = kept.current()?.log.size ?? 0;
  const tell = () => terminal.print(`${indexer.counters().indexed} of ${entries} entries of ${origin}`);
  const telling = setInterval(tell, TELL_MS);
  try {
    await index.clear();
    await indexer.catchUp();
    tell();
    const { missing } = indexer.counters();
    if (missing > 0)
      process.stderr.write(
        `weir reindex: ${missing} segments are not there or not whole; weir verify ${data} names them\n`,
      );
  } finally {
    clearInterval(telling);
    await index.close();
    await kept.close();
  }
}

/** With the log's name. */
function keyFile(data: string): string {
  return join(data, "log", VKEY_FILE);
}
