// What a gateway's configuration says of the databases that it serves, and of its replicas.
import { type Address, address, fields, Invalid, list, map, type Parse, text, whole, within } from "./parse-value.ts";

export interface GatewayDatabase {
  /** As the server calls it; absent: as the GovernedDatabase is called. */
  readonly database?: string;
  /** At one time; absent: as `limits.databaseSessions` says. */
  readonly sessions?: number;
  /** Whose tokens count there; absent: every issuer's that is configured. */
  readonly issuers?: readonly string[];
}

/** A map from GovernedDatabase to `{database, sessions, issuers}`. */
export const gatewayDatabases: Parse<Readonly<Record<string, GatewayDatabase>>> = (raw) =>
  map(raw, (value, name) => {
    const { database, sessions, issuers } = fields(value, ["database", "sessions", "issuers"], `.${name}`);
    return {
      ...(database !== undefined && { database: within(`.${name}.database`, () => serverName(database)) }),
      ...(sessions !== undefined && { sessions: within(`.${name}.sessions`, () => whole(1, 100_000)(sessions)) }),
      ...(issuers !== undefined && { issuers: within(`.${name}.issuers`, () => list(issuers, "issuers").map(text)) }),
    };
  });

/** A comma list, or a list. */
export const textList: Parse<readonly string[]> = (raw) => items(raw).map(text);

/** A comma list, or a list, of `host:port`. */
export const addresses: Parse<readonly Address[]> = (raw) => items(raw).map(address);

const items = (raw: unknown): readonly unknown[] => (typeof raw === "string" ? raw.split(",") : list(raw, "texts"));

function serverName(raw: unknown): string {
  const name = text(raw);
  if (Buffer.byteLength(name) > 63) throw new Invalid("a database's name has at most 63 bytes");
  return name;
}
