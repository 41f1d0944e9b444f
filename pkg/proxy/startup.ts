// What a client asks for when it logs in, in the words of the start-up packet.
import { isUtf8 } from "node:buffer";
import { type StartupOptions, splitStartupOptions } from "../wire/postgres/startup-options.ts";
import type { StartupMessage } from "../wire/postgres/startup-packet.ts";

export interface Startup {
  /** Requested protocol version. */
  readonly version: number;
  /** As sent, in order, latin1. */
  readonly parameters: readonly (readonly [string, string])[];
  /** The database login in the client's bytes, as far as the server reads it; "" when the client gave none. */
  readonly user: string;
  /** The same as text, as policies and the configuration write it. */
  readonly login: string;
  /** The server's default is the login's name. */
  readonly database: string;
  /** The value of `replication` as sent, such as `database` or `true`; null when not given. */
  readonly replication: string | null;
  /** Settings and switches of the parameter `options`. */
  readonly options: StartupOptions;
  readonly encrypted: boolean;
  /** The client's address; LOCAL_ADDRESS over a unix socket, "" when it has gone already. */
  readonly address: string;
}

/** What the server leaves of a longer name (NAMEDATALEN - 1, cut in ProcessStartupPacket): it is the cut one that logs in. */
const NAME_BYTES_MAX = 63;

/** PostgreSQL's own word for a client of a unix socket. */
export const LOCAL_ADDRESS = "[local]";

export function readStartup(message: StartupMessage, encrypted: boolean, address: string): Startup {
  const last = (name: string) => lastParameter(message, name) ?? undefined;
  const user = (last("user") ?? "").slice(0, NAME_BYTES_MAX);
  return {
    version: message.version,
    parameters: message.parameters,
    user,
    login: readable(user),
    database: (last("database") || user).slice(0, NAME_BYTES_MAX),
    replication: last("replication") ?? null,
    options: splitStartupOptions(last("options") ?? ""),
    encrypted,
    address,
  };
}

/** The value that counts of a parameter that may be given more than once, whole; null when there is none. */
export function lastParameter({ parameters }: Pick<StartupMessage, "parameters">, name: string): string | null {
  return parameters.findLast(([key]) => key === name)?.[1] ?? null;
}

/** The same wish for a database of another name. */
export function renamed(startup: Startup, database: string): Startup {
  const others = startup.parameters.filter(([name]) => name !== "database");
  return { ...startup, database, parameters: [...others, ["database", database]] };
}

/** A latin1 string of the wire as text: UTF-8, or Latin 1 where it is none. */
export function readable(latin1: string): string {
  const bytes = Buffer.from(latin1, "latin1");
  return isUtf8(bytes) ? bytes.toString("utf8") : latin1;
}
