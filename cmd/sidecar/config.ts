// Command line, environment and file to one typed value. All problems come back together, each with its place and remedy;
// this is the only place of the sidecar that looks at the environment.
import { parseArgs } from "node:util";
import { hint } from "../../pkg/runtime/closest.ts";
import { type Placed, readConfigFile } from "./config-file.ts";
import { contradictions } from "./contradictions.ts";
import { Invalid } from "./parse-value.ts";
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
  help: { type: "boolean", short: "h" },
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
  const path = flags.config === "" ? undefined : (flags.config ?? outside.env.WEIR_CONFIG);
  const fileProblems = path === undefined ? [] : readFileInto(written, path, outside);
  const isUnread = flags.config === "" || (fileProblems.length > 0 && written.size === 0);
  problems.push(...fileProblems);
  problems.push(...readEnvironmentInto(written, outside.env));

  if (waits) return waiting(flags, written, problems);
  if (flags.timeout !== undefined) problems.push("--timeout is for weir-sidecar wait");

  const config: Record<string, unknown> = {};
  for (const name of names) {
    const outcome = resolve(name, settings[name], written.get(name));
    // What a file holds that could not be read is not missing.
    if ("missing" in outcome) problems.push(...(isUnread ? [] : [outcome.missing]));
    else if ("problem" in outcome) problems.push(outcome.problem);
    else config[name] = outcome.value;
  }
  if (isUnread && config.policies === null) delete config.policies;
  if (isUnread && (config as Partial<Values>).listeners?.length === 0) delete config.listeners;
  problems.push(...contradictions(config as Partial<Values>, outside.readFile));
  if (problems.length === 0) return { do: flags.check ? "check" : "run", config: config as Values };
  return { do: "refuse", problems, policies: (config as Partial<Values>).policies ?? null };
}

const WAIT_SECONDS = 120;

/** Only the setting that says where the sidecar is asked must be good. */
function waiting(flags: Flags, written: ReadonlyMap<string, Placed>, problems: string[]): ConfigOutcome {
  const name = "admin.listen";
  const outcome = resolve(name, settings[name], written.get(name));
  if ("problem" in outcome) problems.push(outcome.problem);
  const seconds = Number(/^(\d{1,5})s?$/.exec(flags.timeout ?? String(WAIT_SECONDS))?.[1] ?? Number.NaN);
  if (Number.isNaN(seconds)) problems.push("--timeout: write seconds, such as 60 or 60s");
  if (problems.length > 0 || !("value" in outcome)) return { do: "refuse", problems, policies: null };
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
  const problems = positionals.map(
    (word) => `"${word}" is not an option; name the configuration file with --config FILE`,
  );
  for (const token of tokens) {
    if (token.kind !== "option") continue;
    if (!(token.name in options))
      problems.push(
        `there is no option ${token.rawName}${hint(
          `--${token.name}`,
          Object.keys(options).map((name) => `--${name}`),
        )}`,
      );
    else if (token.name === "config" && !token.value) problems.push("--config: name the configuration file behind it");
  }
  // Without `strict` an option that lacks its text is true.
  if (values.config !== undefined && typeof values.config !== "string") values.config = "";
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
    const name = byVariable.get(variable);
    // OpenTelemetry has more variables than there are here, and one that is empty counts as not set.
    if (variable.startsWith("OTEL_") ? name === undefined || value === "" : !variable.startsWith("WEIR_")) continue;
    if (variable === "WEIR_CONFIG" || value === undefined) continue;
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
): { value: unknown } | { problem: string } | { missing: string } {
  const raw = written?.raw ?? setting.fallback;
  if (raw === undefined)
    return {
      missing: `${name} is not set: write it into the configuration file or set ${setting.env} (${setting.form})`,
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

function help(): string {
  const widest = (texts: readonly string[]) => Math.max(...texts.map((text) => text.length));
  const [first, second] = [widest(names), widest(names.map((name) => settings[name].env))];
  const lines = names.map(
    (name) => `  ${name.padEnd(first)}  ${settings[name].env.padEnd(second)}  ${settings[name].form}`,
  );
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

what each does, and what is taken when not given: docs/configuration.md; every error text: docs/errors.md
exit codes: 0 stopped in good order, 64 bad configuration, 69 something it needs is not there, 70 an error of its own
`;
}
