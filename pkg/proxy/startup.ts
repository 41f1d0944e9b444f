// What a client asks for when it logs in, in the words of the start-up packet.
import { type StartupOptions, splitStartupOptions } from "../wire/postgres/startup-options.ts";
import type { StartupMessage } from "../wire/postgres/startup-packet.ts";

export interface Startup {
  /** Requested protocol version. */
  readonly version: number;
  /** As sent, in order, latin1. */
  readonly parameters: readonly (readonly [string, string])[];
  /** The database login; "" when the client gave none. */
  readonly user: string;
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

/** PostgreSQL's own word for a client of a unix socket. */
export const LOCAL_ADDRESS = "[local]";

export function readStartup(message: StartupMessage, encrypted: boolean, address: string): Startup {
  const last = (name: string) => message.parameters.findLast(([key]) => key === name)?.[1];
  const user = last("user") ?? "";
  return {
    version: message.version,
    parameters: message.parameters,
    user,
    database: last("database") || user,
    replication: last("replication") ?? null,
    options: splitStartupOptions(last("options") ?? ""),
    encrypted,
    address,
  };
}

/** A latin1 string of the wire as text, for messages of ours. */
export function readable(latin1: string): string {
  return Buffer.from(latin1, "latin1").toString("utf8");
}
