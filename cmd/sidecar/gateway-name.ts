// The name that a client of a gateway gives as its database: `[NAMESPACE.]NAME[~DATABASE]`. Only characters that need no escape in an
// address, so that every client can write it the same way.

/** PostgreSQL's own bound of a name. */
const SERVER_NAME_BYTES_MAX = 63;
/** A namespace, a resource's name, the server's name, and what stands between them. */
const NAME_BYTES_MAX = 63 + 1 + 253 + 1 + SERVER_NAME_BYTES_MAX;

export interface GatewayName {
  /** `namespace/name` of the GovernedDatabase, which need not be there. */
  readonly database: string;
  /** As the server calls it; latin1. null: the client leaves it to us. */
  readonly serverDatabase: string | null;
}

/** `text`: latin1 as on the wire. null: no database can be called so. A namespace has no dot, so the first one, or a slash, ends it. */
export function parseGatewayName(text: string, ownNamespace: string): GatewayName | null {
  if (text.length > NAME_BYTES_MAX) return null;
  const at = text.indexOf("~");
  const serverDatabase = at < 0 ? null : text.slice(at + 1);
  const match = /^(?:([a-z0-9-]{1,63})[./])?([a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?)$/.exec(
    at < 0 ? text : text.slice(0, at),
  );
  if (match === null || (match[1] === undefined && match[2]!.includes("."))) return null;
  if (serverDatabase === "" || (serverDatabase?.length ?? 0) > SERVER_NAME_BYTES_MAX) return null;
  return { database: `${match[1] ?? ownNamespace}/${match[2]}`, serverDatabase };
}
