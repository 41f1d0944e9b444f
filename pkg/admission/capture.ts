// How the databases of a namespace are caught inside a pod: a loopback address for each, on its original port, and every
// spelling of its host name leading there.
import { compare } from "../resources/problem.ts";
import type { DatabaseResource } from "../resources/resource.ts";
import { spellings } from "../resources/service-names.ts";

export type GovernedDatabase = DatabaseResource["database"];

/** More would make the pod's host aliases and environment unwieldy. */
export const DATABASES_MAX = 250;

export interface Captured {
  readonly database: GovernedDatabase;
  readonly address: string;
  /** Names that lead to `address`, in a fixed order; empty where a name cannot do it. */
  readonly hostnames: readonly string[];
}

export interface NotCaptured {
  readonly database: GovernedDatabase;
  readonly why: "UnixSocket" | "SameEndpoint";
}

export interface Capture {
  readonly captured: readonly Captured[];
  readonly left: readonly NotCaptured[];
}

/**
 * `127.83.<i / 250>.<1 + i % 250>` of the namespace's i-th database by name; those of one host's name share the first one's. What has no
 * name leads nobody anywhere and gets a listener of its own, which the admission policy asks for.
 */
export function capture(namespace: string, databases: readonly GovernedDatabase[], clusterDomain: string): Capture {
  const captured: Captured[] = [];
  const left: NotCaptured[] = [];
  const addresses = new Map<string, string>();
  const endpoints = new Set<string>();
  for (const [i, database] of inOrder(databases).entries()) {
    const hostnames = spellings(database.host, namespace, clusterDomain);
    const host = hostnames.at(-1) ?? database.host;
    const endpoint = `${host} ${database.port}`;
    if (database.host.startsWith("/")) left.push({ database, why: "UnixSocket" });
    else if (hostnames.length > 0 && endpoints.has(endpoint)) left.push({ database, why: "SameEndpoint" });
    else {
      endpoints.add(endpoint);
      const shared = hostnames.length > 0 ? addresses.get(host) : undefined;
      const address = shared ?? `127.83.${Math.floor(i / 250)}.${1 + (i % 250)}`;
      captured.push({ database, address, hostnames: shared === undefined ? hostnames : [] });
      addresses.set(host, address);
    }
  }
  return { captured, left };
}

export function inOrder(databases: readonly GovernedDatabase[]): readonly GovernedDatabase[] {
  return [...databases].sort((left, right) => compare(left.name, right.name));
}
