// How the databases of a namespace are caught inside a pod: a loopback address for each, on its original port, and every
// spelling of its host name leading there.
import { isIP } from "node:net";
import { compare } from "../resources/problem.ts";
import type { DatabaseResource } from "../resources/resource.ts";

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

/**
 * The names by which a pod of `namespace` may call `host`: of a Service `db`, `db.ns`, `db.ns.svc` and `db.ns.svc.<domain>`, the
 * first only from its own namespace; of anything else the name itself. Two labels may be either, so they get a Service's names,
 * which hurt nobody. Empty for an address, and for what Kubernetes would not take as a host alias.
 */
export function spellings(host: string, namespace: string, clusterDomain: string): readonly string[] {
  const name = host.toLowerCase().replace(/\.$/, "");
  if (isIP(name) !== 0 || name.length > 253 || !name.split(".").every((part) => label.test(part))) return [];
  const service = serviceOf(name, namespace, clusterDomain);
  if (service === null) return [name];
  const own = service.endsWith(`.${namespace}`) ? [service.slice(0, -namespace.length - 1)] : [];
  const all = [...own, service, `${service}.svc`, `${service}.svc.${clusterDomain}`];
  return all.filter((each) => each.length <= 253);
}

const label = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** `db.ns` of a Service's name in any spelling; null for a name that is none. */
function serviceOf(name: string, namespace: string, clusterDomain: string): string | null {
  for (const suffix of [`.svc.${clusterDomain}`, ".svc"])
    if (name.endsWith(suffix) && name.slice(0, -suffix.length).includes(".")) return name.slice(0, -suffix.length);
  const labels = name.split(".").length;
  if (labels === 1) return `${name}.${namespace}`;
  return labels === 2 ? name : null;
}
