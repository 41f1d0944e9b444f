// Which GovernedDatabase a name in the configuration means.
import type { Listener } from "./parse-value.ts";
import type { Values } from "./settings.ts";

/** `namespace/name` of the GovernedDatabase behind a listener. */
export function databaseOf({ database }: Listener, { namespace }: Pick<Values, "namespace">): string {
  return database.includes("/") ? database : `${namespace}/${database}`;
}

/** By `namespace/name`; in the sidecar's own namespace the name is enough. */
export function ofDatabase<T>(
  database: string,
  map: Readonly<Record<string, T>>,
  { namespace }: Pick<Values, "namespace">,
): T | undefined {
  const own = `${namespace}/`;
  const names = [database, ...(database.startsWith(own) ? [database.slice(own.length)] : [])];
  const found = names.find((name) => Object.hasOwn(map, name));
  return found === undefined ? undefined : map[found];
}
