// Command line and environment to one typed value. All problems come back together, each with its place and remedy; this is the only
// place of the operator that looks at the environment.
import { type LogLevel, logLevelIn } from "../../pkg/runtime/logger.ts";
import {
  type Environment,
  filled,
  misspelt,
  type ReadFlags,
  readFlags,
  readVariables,
  type Variable,
  variableLines,
} from "../../pkg/runtime/variables.ts";
import { type Address, parseAddress } from "../../pkg/serving/address.ts";
import { type RoleName, roleNames } from "./role.ts";

export interface OperatorConfig {
  readonly roles: readonly RoleName[];
  readonly listen: Address;
  readonly adminListen: Address;
  readonly injectionSettings: string;
  /** Files; null: a certificate of the operator's own CA. */
  readonly tls: { readonly certificate: string; readonly key: string } | null;
  /** A file; null: whoever reaches the port may call the webhook. */
  readonly mutateClientCa: string | null;
  /** A folder instead of the API server; for development. */
  readonly knownFolder: string | null;
  readonly releaseNamespace: string;
  /** A Secret that is to hold the certificate of the release's collector; null: it has none. */
  readonly collectorSecret: string | null;
  /** A file; null: sidecars trust the release's CA alone. */
  readonly collectorCa: string | null;
  readonly podName: string;
  /** How long it goes on answering after it was told to stop. */
  readonly drainSeconds: number;
  readonly logLevel: LogLevel;
}

export type ConfigOutcome =
  | { readonly do: "run"; readonly config: OperatorConfig }
  | { readonly do: "print"; readonly text: string }
  | { readonly do: "refuse"; readonly problems: readonly string[] };

const variables = {
  roles: variable(
    "WEIR_ROLES",
    roleNames.join(","),
    `some of ${roleNames.join(", ")}, commas between (also --roles)`,
    rolesIn,
  ),
  listen: variable("WEIR_LISTEN", ":10250", "host:port; :port for all addresses", parseAddress),
  adminListen: variable("WEIR_ADMIN_LISTEN", ":8080", "host:port; :port for all addresses", parseAddress),
  injectionSettings: variable("WEIR_INJECTION_SETTINGS", "/etc/weir/injection/settings.json", "a file", filled),
  certificate: variable(
    "WEIR_TLS_CERTIFICATE",
    null,
    "a PEM file; not set: a certificate of its own CA, which the role controller needs",
    filled,
  ),
  key: variable("WEIR_TLS_KEY", null, "the PEM file of its key", filled),
  mutateClientCa: variable(
    "WEIR_MUTATE_CLIENT_CA",
    null,
    "a PEM file: only callers with a certificate of this CA may call /mutate",
    filled,
  ),
  knownFolder: variable(
    "WEIR_KNOWN_FOLDER",
    null,
    "a folder of YAML instead of the API server, for development",
    filled,
  ),
  releaseNamespace: variable("POD_NAMESPACE", "weir-system", "the namespace that it is installed in", filled),
  collectorSecret: variable(
    "WEIR_COLLECTOR_SECRET",
    null,
    "the Secret for the certificate of the release's collector; not set: it has none",
    filled,
  ),
  collectorCa: variable(
    "WEIR_COLLECTOR_CA",
    null,
    "a PEM file that sidecars trust beside the release's CA: that of a collector elsewhere",
    filled,
  ),
  podName: variable("POD_NAME", "weir-operator", "the name of its pod", filled),
  drainSeconds: variable("WEIR_DRAIN_SECONDS", "15", "seconds from 0 to 600", (text) =>
    /^[0-9]{1,3}$/.test(text) && Number(text) <= 600 ? Number(text) : undefined,
  ),
  logLevel: variable("WEIR_LOG_LEVEL", "info", "one of debug, info, warn, error", logLevelIn),
} as const;

const options = { roles: { type: "string" }, help: { type: "boolean" }, version: { type: "boolean" } } as const;

export function readConfig(argv: readonly string[], env: Environment, version: string): ConfigOutcome {
  const { flags, problems: wrongFlags } = readFlags(argv, options);
  if (flags.help === true) return { do: "print", text: help() };
  if (flags.version === true) return { do: "print", text: `weir-operator ${version}\n` };
  const roles = typeof flags.roles === "string" ? { roles: { place: "--roles", text: flags.roles } } : {};
  const read = readVariables(variables, env, roles);
  const problems = [...wrongFlags, ...withoutValue(flags), ...misspelt(variables, env), ...read.problems];
  const { certificate, key, ...rest } = read.values as { certificate: string | null; key: string | null };
  if ((certificate === null) !== (key === null))
    problems.push("WEIR_TLS_CERTIFICATE and WEIR_TLS_KEY belong together: name both files, or neither");
  if (problems.length > 0) return { do: "refuse", problems };
  const tls = certificate !== null && key !== null ? { certificate, key } : null;
  return { do: "run", config: { ...rest, tls } as unknown as OperatorConfig };
}

function withoutValue({ roles }: ReadFlags["flags"]): readonly string[] {
  return roles === true ? ["--roles: name the roles"] : [];
}

function variable<T>(
  name: string,
  fallback: string | null,
  form: string,
  parse: (text: string) => T | undefined,
): Variable<T> {
  return { name, form, fallback, parse };
}

function rolesIn(text: string): readonly RoleName[] | undefined {
  const names = text.split(",").map((name) => name.trim());
  const roles = roleNames.filter((role) => names.includes(role));
  return roles.length > 0 && roles.length === new Set(names).size ? roles : undefined;
}

function help(): string {
  return `weir-operator: puts sidecars into pods, keeps policies and hands out bundles.

usage: weir-operator [--roles=webhook,controller,bundles]

environment:
${variableLines(variables, 24)}

exit codes: 0 stopped in good order, 64 bad configuration, 69 something it needs is not there, 70 an error of its own
`;
}
