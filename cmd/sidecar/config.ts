// Command line, environment and file to one typed value. All problems come back together, each with its place and remedy;
// this is the only place of the sidecar that looks at the environment.
import { parseArgs } from "node:util";
import { hint } from "../../pkg/runtime/closest.ts";
import { type Placed, readConfigFile } from "./config-file.ts";
import { Invalid, placeOf } from "./parse-value.ts";
import { type Setting, type SettingName, settings, type Values } from "./settings.ts";

export type ConfigOutcome =
  | { readonly do: "run" | "check"; readonly config: Values }
  /** Until the sidecar at this port of the same pod is ready. */
  | { readonly do: "wait"; readonly port: number; readonly timeoutMs: number }
  | { readonly do: "print"; readonly text: string }
  /** `policies`: the policy folder, where that is known, so that its problems are told at the same time. */
  | { readonly do: "refuse"; readonly problems: readonly string[]; readonly policies: string | null };

/** What the reader needs of the outside world. `readFile` throws as `fs.readFileSync` does. */
export interface Outside {
  readonly env: Readonly<Record<string, string | undefined>>;
  readFile(path: string): Buffer;
  readonly version: string;
}

const names = Object.keys(settings) as SettingName[];
const options = {
  config: { type: "string" },
  check: { type: "boolean" },
  timeout: { type: "string" },
  help: { type: "boolean" },
  version: { type: "boolean" },
} as const;

interface Flags {
  readonly config?: string;
  readonly check?: boolean;
  readonly timeout?: string;
  readonly help?: boolean;
  readonly version?: boolean;
}

export function readConfig(argv: readonly string[], outside: Outside): ConfigOutcome {
  const waits = argv[0] === "wait";
  const { values: flags, problems } = readFlags(waits ? argv.slice(1) : argv);
  if (flags.help) return { do: "print", text: help() };
  if (flags.version) return { do: "print", text: `weir-sidecar ${outside.version}\n` };

  const written = new Map<string, Placed>();
  const path = flags.config ?? outside.env.WEIR_CONFIG;
  if (path !== undefined) problems.push(...readFileInto(written, path, outside));
  problems.push(...readEnvironmentInto(written, outside.env));

  if (waits) return waiting(flags, written, problems);
  if (flags.timeout !== undefined) problems.push("--timeout is for weir-sidecar wait");

  const config: Record<string, unknown> = {};
  for (const name of names) {
    const outcome = resolve(name, settings[name], written.get(name));
    if ("problem" in outcome) problems.push(outcome.problem);
    else config[name] = outcome.value;
  }
  problems.push(...contradictions({ ...withoutWrong, ...config } as Values, outside));
  if (problems.length === 0) return { do: flags.check ? "check" : "run", config: config as Values };
  return { do: "refuse", problems, policies: (config as Partial<Values>).policies ?? null };
}

/** Stands for settings whose own problem is told already, so that what hangs together can still be looked at. */
const withoutWrong: Partial<Values> = {
  listeners: [],
  relays: [],
  upstreamLogins: {},
  identities: {},
  "tls.certificate": null,
  "tls.key": null,
  "tls.clientCa": null,
  "tls.clientCertificate": "Optional",
  "tls.required": false,
  "keys.mask": null,
  "keys.digest": null,
};

const WAIT_SECONDS = 120;

/** Only the setting that says where the sidecar is asked must be good. */
function waiting(flags: Flags, written: ReadonlyMap<string, Placed>, problems: string[]): ConfigOutcome {
  const name = "admin.listen";
  const outcome = resolve(name, settings[name], written.get(name));
  if ("problem" in outcome) problems.push(outcome.problem);
  const seconds = Number(/^(\d{1,5})s?$/.exec(flags.timeout ?? String(WAIT_SECONDS))?.[1] ?? Number.NaN);
  if (Number.isNaN(seconds)) problems.push("--timeout: write seconds, such as 60 or 60s");
  if (problems.length > 0 || "problem" in outcome) return { do: "refuse", problems, policies: null };
  return { do: "wait", port: (outcome.value as Values[typeof name]).port, timeoutMs: seconds * 1000 };
}

function readFlags(argv: readonly string[]): { values: Flags; problems: string[] } {
  const { values, tokens, positionals } = parseArgs({
    args: [...argv],
    options,
    strict: false,
    tokens: true,
    allowPositionals: true,
  });
  const problems = positionals.map((word) => `"${word}" is not an option; options begin with --`);
  for (const token of tokens) {
    if (token.kind !== "option") continue;
    if (!(token.name in options))
      problems.push(
        `there is no option ${token.rawName}${hint(
          `--${token.name}`,
          Object.keys(options).map((name) => `--${name}`),
        )}`,
      );
    else if (token.name === "config" && !token.value) problems.push("--config: name a file");
  }
  return { values: values as Flags, problems };
}

function readFileInto(written: Map<string, Placed>, path: string, outside: Outside): readonly string[] {
  try {
    const file = readConfigFile(path, outside.readFile(path).toString("utf8"), names);
    for (const [name, placed] of file.values) written.set(name, placed);
    return file.problems;
  } catch (error) {
    return [`${path}: cannot be read (${(error as NodeJS.ErrnoException).code ?? "error"})`];
  }
}

/** Kubernetes puts WEIR_*_SERVICE_HOST and the like into pods by itself, so only a near miss is a problem. */
function readEnvironmentInto(written: Map<string, Placed>, env: Outside["env"]): readonly string[] {
  const byVariable = new Map<string, string>(names.map((name) => [settings[name].env, name]));
  const problems: string[] = [];
  for (const [variable, value] of Object.entries(env)) {
    if (!variable.startsWith("WEIR_") || variable === "WEIR_CONFIG" || value === undefined) continue;
    const name = byVariable.get(variable);
    if (name !== undefined) written.set(name, { raw: fromJson(value), place: variable });
    else if (hint(variable, byVariable.keys()) !== "" && !/_(SERVICE|PORT)(_|$)/.test(variable))
      problems.push(`${variable}: there is no such setting${hint(variable, byVariable.keys())}`);
  }
  return problems;
}

/** Maps and lists are written as JSON in an environment variable; everything else is text. */
function fromJson(value: string): unknown {
  if (!/^\s*(\{|\[\s*\{)/.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

function resolve(
  name: string,
  setting: Setting<unknown>,
  written: Placed | undefined,
): { value: unknown } | { problem: string } {
  const raw = written?.raw ?? setting.fallback;
  if (raw === undefined)
    return {
      problem: `${name} is not set: write it into the configuration file or set ${setting.env} (${setting.form})`,
    };
  if (raw === null) return { value: null };
  try {
    return { value: setting.parse(raw) };
  } catch (error) {
    if (!(error instanceof Invalid)) throw error;
    const separator = /^[.[]/.test(error.message) ? "" : ": ";
    return { problem: `${written?.place ?? "default"}: ${name}${separator}${error.message}` };
  }
}

/** What single settings cannot tell: halves of a pair, doubled addresses, files that are not there, keys too short. */
function contradictions(config: Values, outside: Outside): readonly string[] {
  const problems = [...sourceProblems(config)];
  const [certificate, key] = [config["tls.certificate"], config["tls.key"]];
  if (certificate !== null && key === null)
    problems.push("tls.key is not set although tls.certificate is; name the key's file or leave both out");
  if (certificate === null && key !== null)
    problems.push("tls.certificate is not set although tls.key is; name the certificate's file or leave both out");
  if (certificate === null && config["tls.clientCa"] !== null)
    problems.push("tls.clientCa is set although tls.certificate is not; clients show theirs over TLS only");
  if (certificate === null && config["tls.required"])
    problems.push("tls.required is set although tls.certificate is not; nobody could log in");
  if (config["tls.clientCa"] === null && config["tls.clientCertificate"] !== "Optional")
    problems.push(
      `tls.clientCertificate is ${config["tls.clientCertificate"]} although tls.clientCa is not set; name the CA's file`,
    );
  const seen = new Set<string>();
  for (const listener of config.listeners) {
    const place = placeOf(listener);
    if (("path" in listener || listener.port !== 0) && seen.has(place))
      problems.push(`listeners: ${place} is named twice; give each database its own address`);
    seen.add(place);
  }
  for (const relay of config.relays) {
    const place = placeOf(relay);
    if (relay.port !== 0 && seen.has(place))
      problems.push(`relays: ${place} is taken by a listener or another relay; give each its own address`);
    seen.add(place);
  }
  const files: [string, string | null, number][] = [
    ["tls.certificate", certificate, 1],
    ["tls.key", key, 1],
    ["tls.clientCa", config["tls.clientCa"], 1],
    ["keys.mask", config["keys.mask"], 32],
    ["keys.digest", config["keys.digest"], 32],
    ...Object.entries(config.upstreamLogins).map(([name, login]): [string, string, number] => [
      `upstreamLogins.${name}.passwordFile`,
      login.passwordFile,
      1,
    ]),
    ...Object.entries(config.identities).flatMap(([login, { proof }]): [string, string, number][] =>
      proof?.kind === "passwordFile" ? [[`identities.${login}.passwordFile`, proof.file, 1]] : [],
    ),
  ];
  for (const [name, path, bytesLeast] of files) {
    const problem = path === null ? null : fileProblem(path, bytesLeast, outside);
    if (problem !== null) problems.push(`${name}: ${path} ${problem}`);
  }
  return problems;
}

const bundleParts = ["bundle.token", "bundle.ca", "bundle.keys", "bundle.folder"] as const;

/** Where policies come from: a folder or a bundle, and all that a bundle needs. */
function sourceProblems(config: Values): readonly string[] {
  const [folder, url] = [config.policies, config["bundle.url"]];
  if (folder === undefined || url === undefined) return []; // its own problem is told already
  if (folder === null && url === null)
    return ["neither policies nor bundle.url is set; name the folder of policies, or where the operator serves them"];
  if (folder !== null && url !== null) return ["policies and bundle.url are both set; policies come from one of them"];
  const given = [...bundleParts, "bundle.fallback" as const].filter((name) => config[name] !== null);
  if (url === null)
    return given.map((name) => `${name} is set although bundle.url is not; set that too, or leave both out`);
  const missing = bundleParts.filter((name) => config[name] === null);
  return missing.map((name) => `${name} is not set although bundle.url is; set it (${settings[name].form})`);
}

function fileProblem(path: string, bytesLeast: number, outside: Outside): string | null {
  try {
    return outside.readFile(path).length < bytesLeast ? `holds fewer than ${bytesLeast} bytes` : null;
  } catch (error) {
    return `cannot be read (${(error as NodeJS.ErrnoException).code ?? "error"})`;
  }
}

function help(): string {
  const lines = names.map((name) => `  ${name.padEnd(20)} ${settings[name].env.padEnd(26)} ${settings[name].form}`);
  return `weir-sidecar: governs the statements between clients and their PostgreSQL.

usage: weir-sidecar [--config FILE] [--check]
       weir-sidecar wait [--timeout SECONDS]

  --config FILE   settings as YAML (or WEIR_CONFIG); the environment wins over the file
  --check         says whether settings, keys, certificates and policies are good, and starts nothing
  wait            until the sidecar of this pod is ready; 69 when it is not within the time (${WAIT_SECONDS} s)
  --help          this text
  --version       the version

settings: name, environment variable, form
${lines.join("\n")}

exit codes: 0 stopped in good order, 64 bad configuration, 69 something it needs is not there, 70 an error of its own
`;
}
