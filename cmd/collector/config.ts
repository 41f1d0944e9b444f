// Command line and environment to one typed value. All problems come back together, each with its place and remedy; this is the only
// place of the collector that looks at the environment.
import { type StoreConfig, storeAddress, storeConfig } from "../../pkg/collector/store-config.ts";
import { isKeyName } from "../../pkg/ledger/note.ts";
import { type LogLevel, logLevelIn } from "../../pkg/runtime/logger.ts";
import {
  type Environment,
  filled,
  misspelt,
  readFlags,
  readVariables,
  type ValuesOf,
  type Variable,
  variableLines,
} from "../../pkg/runtime/variables.ts";
import { type Address, parseAddress } from "../../pkg/serving/address.ts";

export interface CollectorConfig {
  readonly listen: Address;
  readonly adminListen: Address;
  readonly data: string;
  /** The log's name, for ever. */
  readonly origin: string;
  /** Files. */
  readonly tls: { readonly certificate: string; readonly key: string };
  /** Sources, readers and witnesses; null: none but the cluster that it runs in. */
  readonly sources: string | null;
  /** The cluster that it runs in, as a source; null: it is none. */
  readonly ownCluster: { readonly cluster: string; readonly environment: string; readonly audience: string } | null;
  readonly logKey: string | null;
  /** null: for ever. */
  readonly keepDays: number | null;
  readonly exportFolder: string | null;
  readonly requestBytes: number;
  readonly traceBytes: number;
  /** Where the index of records is. */
  readonly store: StoreConfig;
  readonly checkpointMs: number;
  readonly unclosedAfterMs: number;
  readonly drainMs: number;
  readonly logLevel: LogLevel;
}

export type ConfigOutcome =
  | { readonly do: "run"; readonly config: CollectorConfig }
  | { readonly do: "print"; readonly text: string }
  | { readonly do: "refuse"; readonly problems: readonly string[] };

const MIB = 1024 * 1024;

const variables = {
  listen: optional("LISTEN", ":4318", "host:port; :port for all addresses", parseAddress),
  adminListen: optional("ADMIN_LISTEN", ":8080", "host:port; :port for all addresses", parseAddress),
  data: optional("DATA", "/var/lib/weir/collector", "a folder on a volume that survives the pod", filled),
  origin: required("ORIGIN", "the log's name for ever, such as ledger.example.com/weir; no spaces, no +", keyName),
  certificate: required("TLS_CERTIFICATE", "a PEM file, the leaf first", filled),
  key: required("TLS_KEY", "the PEM file of its key", filled),
  sources: optional("SOURCES", null, "a YAML file of sources, readers and witnesses", filled),
  cluster: optional("CLUSTER", null, "the name of the cluster that it runs in, which is then a source", filled),
  environment: optional("ENVIRONMENT", "production", "the environment of that cluster", filled),
  audience: optional("AUDIENCE", "weir.dev/weir-system", "the audience of that cluster's tokens", filled),
  logKey: optional(
    "LOG_KEY",
    null,
    "the file of the log's key; not set: DATA/log.key, made at the first start",
    filled,
  ),
  keepDays: optional("KEEP_DAYS", null, "days from 1 to 36500; not set: for ever", whole(1, 36_500)),
  exportFolder: optional("EXPORT", null, "a folder for objects to copy away, at best on the volume of DATA", filled),
  requestBytes: optional(
    "REQUEST_MIB",
    "256",
    "MiB of requests in memory at a time, from 32 to 65536",
    whole(32, 65_536, MIB),
  ),
  traceBytes: optional("TRACES_MIB", "64", "MiB of traces that are kept, from 1 to 65536", whole(1, 65_536, MIB)),
  storeUrl: optional(
    "STORE",
    "duckdb",
    "the index of records: duckdb, https://host:8443/database of a ClickHouse, or none",
    storeAddress,
  ),
  storeMemory: optional("STORE_MIB", "512", "MiB that duckdb may use, from 128 to 65536", whole(128, 65_536)),
  storeUser: optional("STORE_USER", "default", "the user at ClickHouse", filled),
  storePassword: optional("STORE_PASSWORD_FILE", null, "a file with that user's password", filled),
  checkpointMs: optional(
    "CHECKPOINT_SECONDS",
    "10",
    "seconds from 1 to 10 between signed checkpoints",
    whole(1, 10, 1000),
  ),
  unclosedAfterMs: optional(
    "UNCLOSED_MINUTES",
    "60",
    "minutes of silence from 5 to 100000 until a chain counts as unclosed",
    whole(5, 100_000, 60_000),
  ),
  drainMs: optional(
    "DRAIN_SECONDS",
    "5",
    "seconds from 0 to 600 that it goes on answering when told to stop",
    whole(0, 600, 1000),
  ),
  logLevel: optional("LOG_LEVEL", "info", "one of debug, info, warn, error", logLevelIn),
} as const;

type Values = ValuesOf<typeof variables>;

const options = { help: { type: "boolean" }, version: { type: "boolean" } } as const;

export function readConfig(argv: readonly string[], env: Environment, version: string): ConfigOutcome {
  const { flags, problems: wrongFlags } = readFlags(argv, options);
  if (flags.help === true) return { do: "print", text: help() };
  if (flags.version === true) return { do: "print", text: `weir-collector ${version}\n` };
  const read = readVariables(variables, env);
  const values = read.values as Values;
  const problems = [...wrongFlags, ...misspelt(variables, env, isOfService), ...read.problems];
  if (values.sources === null && values.cluster === null)
    problems.push("WEIR_COLLECTOR_SOURCES and WEIR_COLLECTOR_CLUSTER: neither is set, so nobody could send; set one");
  if (problems.length > 0) return { do: "refuse", problems };
  return { do: "run", config: configOf(values) };
}

/** Kubernetes tells every pod of the Services around it, and one of them is ours. */
function isOfService(name: string): boolean {
  return /_(SERVICE_HOST|SERVICE_PORT|PORT)(_|$)/.test(name);
}

function configOf(values: Values): CollectorConfig {
  const { certificate, key, cluster, environment, audience, ...others } = values;
  const { storeUrl: address, storeMemory: memoryMiB, storeUser: user, storePassword: password, ...rest } = others;
  return {
    ...(rest as Omit<CollectorConfig, "tls" | "ownCluster" | "store">),
    store: storeConfig({ address: address!, memoryMiB: memoryMiB!, user: user!, password: password ?? null }),
    tls: { certificate: certificate!, key: key! },
    ownCluster: cluster === null ? null : { cluster: cluster!, environment: environment!, audience: audience! },
  };
}

function optional<T>(name: string, fallback: string | null, form: string, parse: Variable<T>["parse"]): Variable<T> {
  return { name: `WEIR_COLLECTOR_${name}`, form, fallback, required: false, parse };
}

function required<T>(name: string, form: string, parse: Variable<T>["parse"]): Variable<T> {
  return { name: `WEIR_COLLECTOR_${name}`, form, fallback: null, required: true, parse };
}

function keyName(text: string): string | undefined {
  return isKeyName(text) && text.length <= 200 ? text : undefined;
}

function whole(least: number, most: number, unit = 1): (text: string) => number | undefined {
  return (text) => {
    const value = /^[0-9]{1,9}$/.test(text) ? Number(text) : Number.NaN;
    return value >= least && value <= most ? value * unit : undefined;
  };
}

function help(): string {
  return `weir-collector: takes the records of sidecars, keeps them in a ledger that proves itself, and shows them.

usage: weir-collector [--help] [--version]

environment:
${variableLines(variables, 34)}

exit codes: 0 stopped in good order, 64 bad configuration, 69 something it needs is not there, 70 an error of its own
`;
}
