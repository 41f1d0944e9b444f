// Which policies reach which databases of a bundle. Two GovernedDatabases of one host and port are one server: what says something of one
// says it of both, so that whoever adds a second one adds to what holds and never takes from it.
import type { BundleResource } from "../bundle/bundle.ts";
import type { Problem } from "../resources/problem.ts";
import { endpointOf, spellings } from "../resources/service-names.ts";
import type { Content, Verdict } from "./bundle-content.ts";
import { databasesOf, resourceKey } from "./resource-key.ts";

export interface Chosen {
  /** What the bundle holds. */
  readonly chosen: readonly BundleResource[];
  /** Resources with errors of which there is no earlier version. */
  readonly neverGood: readonly BundleResource[];
  /** Of all; completed here. */
  readonly verdicts: Map<string, Verdict>;
  readonly clusterDomain: string;
}

/** Policies name only databases that the bundle has; one whose databases are all missing governs nothing here and is left out. */
export function withDatabases({ chosen, neverGood, verdicts, clusterDomain }: Chosen): Content {
  const databases = chosen.filter(({ kind }) => kind === "GovernedDatabase");
  const same = sameServers(databases, clusterDomain);
  const reaches = new Map<string, number>();
  const resources = chosen.flatMap((resource) => {
    if (resource.kind === "GovernedDatabase") return [resource];
    const { names, missing } = reachOf(resource, same);
    note(verdicts, resource, { missing, reach: names.length });
    for (const name of names) reaches.set(name, (reaches.get(name) ?? 0) + 1);
    if (databasesOf(resource) === null || sameNames(databasesOf(resource)!, names)) return [resource];
    return names.length === 0 ? [] : [{ ...resource, spec: { ...(resource.spec as object), databases: names } }];
  });
  for (const database of databases) {
    const host = String((database.spec as { host?: unknown }).host);
    const others = same.get(database.metadata.name)!.filter((name) => name !== database.metadata.name);
    const { problems } = verdicts.get(resourceKey(database))!;
    const told = [
      ...problems,
      ...(others.length > 0 ? [sharedWith(others)] : []),
      ...(spellings(host, "default", clusterDomain).length > 0 || host.startsWith("/") ? [] : [byAddress]),
    ];
    note(verdicts, database, { reach: reaches.get(database.metadata.name) ?? 0, problems: told });
  }
  return { resources, closed: closedBy(neverGood, same), verdicts };
}

function note(verdicts: Map<string, Verdict>, resource: BundleResource, more: Partial<Verdict>): void {
  const key = resourceKey(resource);
  verdicts.set(key, { ...verdicts.get(key)!, ...more });
}

/** By name, the names of all that stand for the same server, in order. */
function sameServers(
  databases: readonly BundleResource[],
  clusterDomain: string,
): ReadonlyMap<string, readonly string[]> {
  const byEndpoint = new Map<string, string[]>();
  const endpoint = ({ metadata, spec }: BundleResource) => {
    const { host, port = 5432 } = spec as { host?: unknown; port?: number };
    return endpointOf(String(host), port, metadata.namespace ?? "", clusterDomain);
  };
  for (const database of databases) {
    const names = byEndpoint.get(endpoint(database)) ?? [];
    byEndpoint.set(endpoint(database), names);
    names.push(database.metadata.name);
  }
  return new Map(databases.map((each) => [each.metadata.name, byEndpoint.get(endpoint(each))!.sort()]));
}

function reachOf(policy: BundleResource, same: ReadonlyMap<string, readonly string[]>) {
  const named = databasesOf(policy) ?? [...same.keys()];
  const names = [...new Set(named.flatMap((name) => same.get(name) ?? []))];
  return { names, missing: named.filter((name) => !same.has(name)) };
}

function sameNames(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((name) => right.includes(name));
}

function sharedWith(others: readonly string[]): Problem {
  const place = { file: "", line: 0, column: 0 };
  const message = `GovernedDatabase ${others.join(", ")} has the same host and port; the policies of all of them apply to each, and a pod reaches the first by name`;
  const remedy = "keep one, and name it in spec.databases of the policies";
  return { ...place, severity: "warning", path: "spec.host", message, remedy };
}

const byAddress: Problem = {
  ...{ file: "", line: 0, column: 0, severity: "warning", path: "spec.host" },
  message: "an address or localhost has no name that could lead pods to their sidecar: connections to it go round it",
  remedy: "write a name that applications use",
};

/** Nobody knows what such a policy would have closed, so all that it names is closed. One that only observes would change nothing. */
function closedBy(
  neverGood: readonly BundleResource[],
  same: ReadonlyMap<string, readonly string[]>,
): Readonly<Record<string, string>> {
  const closed = new Map<string, string>();
  for (const policy of neverGood) {
    const { mode } = (policy.spec ?? {}) as { mode?: unknown };
    if (policy.kind === "GovernedDatabase" || mode === "Observe") continue;
    const named = databasesOf(policy);
    const { names } = named?.length === 0 ? { names: [...same.keys()] } : reachOf(policy, same);
    const why = `${resourceKey(policy)} has errors and no earlier good version; correct or delete it`;
    for (const name of names) if (!closed.has(name)) closed.set(name, why);
  }
  return Object.fromEntries(closed);
}
