// One setting's raw value (a YAML value, or the text of an environment variable) to its typed value. Each parser throws
// `Invalid` with a text that says how to write it; none of them reads anything.
import { type PublicKey, publicKeys } from "../../pkg/bundle/keys.ts";
import type { PrincipalKind } from "../../pkg/principal/principal.ts";
import { PATH_BYTES_MAX, type UnixAddress } from "../../pkg/proxy/unix-socket.ts";

export class Invalid extends Error {}

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Where clients connect, and the GovernedDatabase (`namespace/name`, or `name` when only one is called so) behind it. */
export type Listener = (Address | UnixAddress) & { readonly database: string };

/** A listener's address as it is written. */
export const placeOf = (at: Address | UnixAddress): string => ("path" in at ? at.path : `${at.host}:${at.port}`);

export interface StaticIdentity {
  readonly kind: PrincipalKind;
  readonly name: string;
  readonly groups: readonly string[];
  /** What proves the login to us where credentials are Brokered; null: it cannot log in there. */
  readonly proof: LoginProof | null;
}

export type LoginProof =
  | { readonly kind: "passwordFile"; readonly file: string }
  /** As pg_authid holds it. */
  | { readonly kind: "scramVerifier"; readonly text: string }
  /** A TLS certificate of the client's: its common name, or `DNS:`, `URI:`, `EMAIL:` and another name; null: the login. */
  | { readonly kind: "certificate"; readonly name: string | null }
  /** None, for connections from loopback addresses only. */
  | { readonly kind: "trustLoopback" }
  | ({ readonly kind: "token" } & TokenUse);

/** Whose tokens prove a login: of those named, or in one of the groups; where none are given, of the one whom the login names. */
export interface TokenUse {
  /** How the client is asked for it; null: as `identity.ask` says. */
  readonly ask: "Password" | "OAuthBearer" | null;
  readonly names: readonly string[];
  readonly groups: readonly string[];
}

/** A login that the sidecar itself holds at an upstream: for `Brokered` sessions and for the catalogue. */
/** The user as a text, or in a file, as the key `username` of a mounted Secret is. */
export type UpstreamLogin = { readonly passwordFile: string } & (
  | { readonly user: string }
  | { readonly userFile: string }
);

export type Parse<T> = (raw: unknown) => T;

export const text: Parse<string> = (raw) => {
  if (typeof raw === "string" && raw.trim() !== "") return raw.trim();
  throw new Invalid("write a text that is not empty");
};

export function whole(least: number, most: number): Parse<number> {
  return (raw) => {
    const value = typeof raw === "string" && /^\d+$/.test(raw.trim()) ? Number(raw) : raw;
    if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value;
    throw new Invalid(`write a whole number from ${least} to ${most}`);
  };
}

const units: Readonly<Record<string, number>> = { "": 1, KIB: 2 ** 10, MIB: 2 ** 20, GIB: 2 ** 30 };

/** Bytes: a number, or a text such as `64MiB`. */
export function bytes(least: number, most: number): Parse<number> {
  return (raw) => {
    const match = /^(\d{1,15})\s*([KMG]iB)?$/i.exec(String(raw).trim());
    const value = match ? Number(match[1]) * units[(match[2] ?? "").toUpperCase()]! : Number.NaN;
    if (value >= least && value <= most) return value;
    throw new Invalid(`write bytes from ${least} to ${most}, such as 64MiB`);
  };
}

export function oneOf<const T extends string>(...choices: readonly T[]): Parse<T> {
  return (raw) => {
    const found = choices.find((choice) => choice === raw);
    if (found !== undefined) return found;
    throw new Invalid(`write one of ${choices.join(", ")}`);
  };
}

/** `host:port`, `[::1]:port`. Names are left to the system to resolve. */
export const address: Parse<Address> = (raw) => {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^\s:[\]]+)):(\d{1,5})$/i.exec(String(raw).trim());
  const port = Number(match?.[3]);
  if (match && port <= 65_535) return { host: (match[1] ?? match[2])!, port };
  throw new Invalid('write host:port, such as "127.0.0.1:5432" or "[::1]:5432"');
};

/** The same, or `:port` for every address of the machine, which is told as an empty host. */
export const addressOrAll: Parse<Address> = (raw) => {
  const port = /^:(\d{1,5})$/.exec(String(raw).trim())?.[1];
  if (port === undefined || Number(port) > 65_535) return address(raw);
  return { host: "", port: Number(port) };
};

export const httpsUrl: Parse<URL> = (raw) => {
  const url = URL.parse(String(raw).trim());
  if (url?.protocol === "https:" && url.username === "" && url.password === "") return url;
  throw new Invalid("write an address that begins with https:// and holds no password");
};

/** A comma list, or a list. */
export const bundleKeys: Parse<readonly PublicKey[]> = (raw) => {
  const keys = publicKeys(Array.isArray(raw) ? raw.join(",") : text(raw));
  if (typeof keys === "string") throw new Invalid(keys);
  return keys;
};

/** True or false. */
export const flag: Parse<boolean> = (raw) => {
  if (raw === true || raw === "true") return true;
  if (raw === false || raw === "false") return false;
  throw new Invalid("write true or false");
};

/** An absolute path of a unix socket, and who may connect to it. */
function unixAddress(raw: unknown, mode: unknown): UnixAddress {
  const path = text(raw);
  if (Buffer.byteLength(path) > PATH_BYTES_MAX)
    throw new Invalid(`a unix socket's path has at most ${PATH_BYTES_MAX} bytes; use a shorter folder`);
  const octal = mode === undefined ? "0660" : String(mode);
  if (!/^0?[0-7]{3}$/.test(octal)) throw new Invalid('mode: write it in octal and in quotes, such as "0660"');
  return { path, mode: Number.parseInt(octal, 8) };
}

const listenAddress = (raw: unknown, mode: unknown): Address | UnixAddress => {
  if (typeof raw === "string" && raw.trim().startsWith("/")) return unixAddress(raw, mode);
  if (mode !== undefined) throw new Invalid("mode is for unix sockets; remove it");
  return address(raw);
};

/** A list of `{listen, database}`, or in one text `host:port=database,host:port=database`. */
export const listeners: Parse<readonly Listener[]> = (raw) => {
  const entries =
    typeof raw === "string" ? raw.split(",").map(listenerText) : list(raw, "listeners of the form {listen, database}");
  return entries.map((entry, index) => {
    const { listen, mode, database } = fields(entry, ["listen", "mode", "database"], `[${index}]`);
    return within(`[${index}].listen`, () => ({
      ...listenAddress(listen, mode),
      database: within("", () => text(database)),
    }));
  });
};

function listenerText(entry: string): unknown {
  const [listen, database] = entry.split("=").map((part) => part.trim());
  return { listen, database };
}

/** Where other ports of a governed host are taken, and where they lead. */
export interface Relay extends Address {
  readonly target: Address;
}

/** A list of `{listen, target}`, or in one text `host:port=host:port,...`. */
export const relays: Parse<readonly Relay[]> = (raw) => {
  const entries =
    typeof raw === "string"
      ? raw.split(",").map((entry) => {
          const [listen, target] = entry.split("=").map((part) => part.trim());
          return { listen, target };
        })
      : list(raw, "relays of the form {listen, target}");
  return entries.map((entry, index) => {
    const { listen, target } = fields(entry, ["listen", "target"], `[${index}]`);
    return {
      ...within(`[${index}].listen`, () => address(listen)),
      target: within(`[${index}].target`, () => address(target)),
    };
  });
};

/** A map from namespace to its labels. */
export const namespaceLabels: Parse<Readonly<Record<string, Readonly<Record<string, string>>>>> = (raw) =>
  map(raw, (labels, namespace) => {
    if (!isObject(labels)) throw new Invalid(`.${namespace}: write a map of labels`);
    for (const [label, value] of Object.entries(labels))
      if (typeof value !== "string")
        throw new Invalid(`.${namespace}.${label}: write a text, in quotes where it looks like a number`);
    return labels as Record<string, string>;
  });

/** A map from login to `{kind, name, groups}`, with how it proves itself to us where that is our task. */
export const identities: Parse<Readonly<Record<string, StaticIdentity>>> = (raw) =>
  map(raw, (value, login) => {
    const known = [
      "kind",
      "name",
      "groups",
      "passwordFile",
      "scramVerifier",
      "certificate",
      "trustLoopback",
      "token",
    ] as const;
    const { kind, name, groups, ...proofs } = fields(value, known, `.${login}`);
    return {
      kind: within(`.${login}.kind`, () => oneOf("Human", "Agent", "Service")(kind)),
      name: name === undefined ? login : within(`.${login}.name`, () => text(name)),
      groups: within(`.${login}.groups`, () => list(groups ?? [], "group names").map(text)),
      proof: within(`.${login}`, () => loginProof(proofs)),
    };
  });

function loginProof(proofs: Readonly<Record<string, unknown>>): LoginProof | null {
  const given = Object.entries(proofs).filter(([, value]) => value !== undefined && value !== false);
  if (given.length > 1)
    throw new Invalid("give one of passwordFile, scramVerifier, certificate, token and trustLoopback");
  const [name, value] = given[0] ?? [];
  switch (name) {
    case undefined:
      return null;
    case "passwordFile":
      return { kind: "passwordFile", file: text(value) };
    case "scramVerifier":
      if (/^SCRAM-SHA-256\$\d{1,8}:[\w+/=]+\$[\w+/=]+:[\w+/=]+$/.test(String(value)))
        return { kind: "scramVerifier", text: String(value) };
      throw new Invalid(
        "scramVerifier: write it as pg_authid holds it, SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>",
      );
    case "certificate":
      return { kind: "certificate", name: value === true ? null : within("certificate", () => text(value)) };
    case "token":
      return { kind: "token", ...within("token", () => tokenUse(value)) };
    default:
      if (value === true) return { kind: "trustLoopback" };
      throw new Invalid("trustLoopback: write true or leave it out");
  }
}

function tokenUse(value: unknown): TokenUse {
  const { ask, names, groups } = fields(value === true ? {} : value, ["ask", "names", "groups"], "");
  return {
    ask: ask === undefined ? null : within("ask", () => oneOf("Password", "OAuthBearer")(ask)),
    names: within("names", () => list(names ?? [], "names").map(text)),
    groups: within("groups", () => list(groups ?? [], "groups").map(text)),
  };
}

/** A map from GovernedDatabase to `{user, passwordFile}` or `{userFile, passwordFile}`. */
export const upstreamLogins: Parse<Readonly<Record<string, UpstreamLogin>>> = (raw) =>
  map(raw, (value, database) => {
    const { user, userFile, passwordFile } = fields(value, ["user", "userFile", "passwordFile"], `.${database}`);
    if (user !== undefined && userFile !== undefined) throw new Invalid(`.${database}: give one of user and userFile`);
    return {
      ...(userFile === undefined
        ? { user: within(`.${database}.user`, () => text(user)) }
        : { userFile: within(`.${database}.userFile`, () => text(userFile)) }),
      passwordFile: within(`.${database}.passwordFile`, () => text(passwordFile)),
    };
  });

export function within<T>(place: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw error instanceof Invalid ? new Invalid(place === "" ? error.message : `${place}: ${error.message}`) : error;
  }
}

export function list(raw: unknown, what: string): readonly unknown[] {
  if (Array.isArray(raw)) return raw;
  throw new Invalid(`write a list of ${what}`);
}

function isObject(raw: unknown): raw is Record<string, unknown> {
  return typeof raw === "object" && raw !== null && !Array.isArray(raw);
}

export function map<T>(raw: unknown, parse: (value: unknown, key: string) => T): Readonly<Record<string, T>> {
  if (!isObject(raw)) throw new Invalid("write a map");
  return Object.fromEntries(Object.entries(raw).map(([key, value]) => [key, parse(value, key)]));
}

export function fields<const K extends string>(
  raw: unknown,
  names: readonly K[],
  place: string,
): Readonly<Record<K, unknown>> {
  if (!isObject(raw)) throw new Invalid(`${place}: write the fields ${names.join(", ")}`);
  const unknown = Object.keys(raw).find((key) => !names.some((name) => name === key));
  if (unknown !== undefined)
    throw new Invalid(`${place}.${unknown}: there is no such field; the fields are ${names.join(", ")}`);
  return raw as Record<K, unknown>;
}
