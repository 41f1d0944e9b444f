// Contexts: issuer, client and gateway under a name, in one small file of the user's; each field may be given by an option, too.
import { dirname, resolve } from "node:path";
import { parse } from "yaml";
import { isFetchable } from "../../pkg/identity/fetch-text.ts";
import { hint } from "../../pkg/runtime/closest.ts";
import { UsageError } from "./command.ts";
import type { UserConfig } from "./config.ts";
import { readOwn } from "./login/own-file.ts";

/** Field of a context to its option. */
const fields = {
  issuer: "issuer",
  issuerCa: "issuer-ca",
  clientId: "client-id",
  clientSecretFile: "client-secret-file",
  clientKeyFile: "client-key-file",
  clientAssertionFile: "client-assertion-file",
  scope: "scope",
  resource: "resource",
  token: "token",
  gateway: "gateway",
  ca: "ca",
  serverName: "server-name",
  login: "login",
  loginClaim: "login-claim",
} as const;
export type Field = keyof typeof fields;

/** All of them are texts; what is missing is undefined. */
export type Context = Readonly<Partial<Record<Field, string>>>;

export const contextOptions = {
  context: { type: "string" },
  issuer: { type: "string" },
  "issuer-ca": { type: "string" },
  "client-id": { type: "string" },
  "client-secret-file": { type: "string" },
  "client-key-file": { type: "string" },
  "client-assertion-file": { type: "string" },
  scope: { type: "string" },
  resource: { type: "string" },
  token: { type: "string" },
  gateway: { type: "string" },
  ca: { type: "string" },
  "server-name": { type: "string" },
  login: { type: "string" },
  "login-claim": { type: "string" },
} as const;

export const issuerHelp = `  --context NAME       of ~/.config/weir/config.json (or WEIR_CONFIG); its fields are the options here in camel case
  --issuer URL         exactly as its tokens spell it
  --issuer-ca FILE     CA of the issuer, as PEM; not given: the system's
  --client-id ID       what the issuer calls this client
  --scope TEXT         what to ask for
  --resource URI       whom the token is for (RFC 8707), where the issuer needs to be told`;

const FILES: readonly Field[] = ["issuerCa", "clientSecretFile", "clientKeyFile", "clientAssertionFile", "ca"];

/** Options win over the file. Throws UsageError with every problem of the file, LoginProblem when others could have written it. */
export function contextOf(values: Readonly<Record<string, unknown>>, config: UserConfig): Context {
  const context: Record<string, string> = { ...fromFile(values.context as string | undefined, config) };
  for (const [field, option] of Object.entries(fields))
    if (typeof values[option] === "string") context[field] = values[option];
  const problems = problemsOf(context);
  if (problems.length > 0) throw new UsageError(problems.join("\n"));
  return context;
}

function fromFile(name: string | undefined, config: UserConfig): Context {
  const text = readOwn(config.file, { secret: false });
  if (text === null) {
    if (name === undefined && !config.isNamed) return {};
    throw new UsageError(`${config.file} is not there; write contexts into it, or name everything by options`);
  }
  const { contexts, current } = shapeOf(config.file, text);
  const wanted = name ?? current;
  if (wanted === undefined) return {};
  const found = Object.hasOwn(contexts, wanted) ? contexts[wanted] : undefined;
  if (found === undefined)
    throw new UsageError(`${config.file} has no context "${wanted}"${hint(wanted, Object.keys(contexts))}`);
  const problems = Object.entries(found).flatMap(([field, value]) => {
    if (!Object.hasOwn(fields, field)) return [`there is no field "${field}"${hint(field, Object.keys(fields))}`];
    return typeof value === "string" && value !== "" ? [] : [`${field}: write a text`];
  });
  if (problems.length > 0)
    throw new UsageError(problems.map((each) => `${config.file}: ${wanted}: ${each}`).join("\n"));
  const folder = dirname(config.file);
  return Object.fromEntries(
    Object.entries(found).map(([field, value]) => [
      field,
      FILES.includes(field as Field) ? resolve(folder, value as string) : (value as string),
    ]),
  );
}

function shapeOf(file: string, text: string) {
  let read: unknown;
  try {
    read = parse(text, { maxAliasCount: 0 });
  } catch (cause) {
    throw new UsageError(`${file} is neither JSON nor YAML`, { cause });
  }
  const { contexts = {}, current, ...others } = isMap(read) ? read : { other: read };
  const isWhole = isMap(contexts) && Object.values(contexts).every(isMap) && Object.keys(others).length === 0;
  if (!isWhole || (current !== undefined && typeof current !== "string"))
    throw new UsageError(`${file}: write {"current": NAME, "contexts": {NAME: {"issuer": URL, ...}}}`);
  return { contexts: contexts as Readonly<Record<string, Readonly<Record<string, unknown>>>>, current };
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function problemsOf({ issuer, gateway, token, login, loginClaim }: Context): readonly string[] {
  return [
    ...(issuer === undefined || isFetchable(issuer)
      ? []
      : [
          "issuer: write an address that begins with https:// (http:// of a loopback address only) and holds no password",
        ]),
    ...(gateway === undefined || addressOf(gateway) !== null ? [] : ["gateway: write HOST or HOST:PORT"]),
    ...(token === undefined || token === "access" || token === "id" ? [] : ["token: write access or id"]),
    ...(login !== undefined && loginClaim !== undefined ? ["login and loginClaim: give one of them"] : []),
  ];
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** `host`, `host:port`, `[v6]:port`; null for anything else. */
export function addressOf(text: string): Address | null {
  const [, v6, name, port = "5432"] = /^(?:\[([0-9a-f:.]+)\]|([\w.-]+))(?::(\d{1,5}))?$/i.exec(text) ?? [];
  const host = v6 ?? name;
  const number = Number(port);
  return host === undefined || number < 1 || number > 65_535 ? null : { host, port: number };
}

/** The named fields, all of them there. @throws UsageError that names every one that is missing */
export function needed<F extends Field>(context: Context, names: readonly F[]): Readonly<Record<F, string>> {
  const missing = names.filter((name) => context[name] === undefined);
  if (missing.length > 0)
    throw new UsageError(missing.map((name) => `name it with --${fields[name]}, or ${name} of a context`).join("\n"));
  return context as Readonly<Record<F, string>>;
}
