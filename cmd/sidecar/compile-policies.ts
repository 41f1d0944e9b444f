// The policy folder's files, or a bundle's objects, to what the sidecar runs with: the rules, and each listener's database ready to
// be connected to.
import type { LookupFunction } from "node:net";
import type { Pinned } from "../../pkg/gate/pinned-settings.ts";
import type { DatabaseIdentity, GovernedDatabase, PolicySet } from "../../pkg/policy/rules.ts";
import type { Upstream } from "../../pkg/proxy/upstream.ts";
import { type CompileOptions, loadObjects, loadPolicySet, policySetOf } from "../../pkg/resources/compile.ts";
import type { ResourceFile } from "../../pkg/resources/parse-resources.ts";
import { formatProblem, type Problem } from "../../pkg/resources/problem.ts";
import { readFolder } from "../../pkg/resources/read-folder.ts";
import { hint } from "../../pkg/runtime/closest.ts";
import { upstreamLoginOf } from "./credentials-of.ts";
import { databaseOf, ofDatabase } from "./database-of.ts";
import type { Compiled } from "./live-policies.ts";
import { type Listener, placeOf, type Relay } from "./parse-value.ts";
import type { Values } from "./settings.ts";
import { upstreamTls } from "./upstream-tls.ts";
import type { Watching } from "./watched-files.ts";

export interface Policies {
  readonly set: PolicySet;
  /** By listener, in order. */
  readonly upstreams: readonly (GovernedUpstream | Closed)[];
  /** By `namespace/name`, all databases of the set, for a gateway; empty without one. */
  readonly byName: ReadonlyMap<string, GovernedUpstream | Closed>;
}

/** No listener is closed. */
export interface OpenPolicies extends Policies {
  readonly upstreams: readonly GovernedUpstream[];
}

export interface GovernedUpstream {
  /** `namespace/name`. */
  readonly database: string;
  readonly credentials: GovernedDatabase["credentials"];
  readonly upstream: Upstream;
  /** Whose tokens count, as its resource says; null: as the sidecar is configured. */
  readonly identity: DatabaseIdentity | null;
}

/** Nobody can log in through this listener, and why. */
export interface Closed {
  readonly closed: string;
}

export interface Surroundings extends Watching {
  /** How a host's name becomes an address; absent: as the system does it. */
  readonly lookup?: LookupFunction | undefined;
}

export interface BundleContent {
  /** As the API server has them. */
  readonly resources: readonly unknown[];
  /** By namespace. */
  readonly namespaceLabels: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** By name of a database of the sidecar's namespace. */
  readonly closed?: Readonly<Record<string, string>>;
}

/** A folder counts as a whole: a listener without its database is a problem of all of it. */
export function compilePolicies(
  files: readonly ResourceFile[],
  config: Values,
  surroundings: Surroundings,
): Compiled<OpenPolicies> {
  const compiled = withUpstreams(loadPolicySet(files, optionsOf(config, config.namespaceLabels)), config, surroundings);
  if (!compiled.good) return compiled;
  const { set, upstreams, byName } = compiled.policies;
  const closed = upstreams.flatMap((each) => ("closed" in each ? [each.closed] : []));
  if (closed.length > 0) return { good: false, problems: [...new Set(closed)] };
  return { good: true, policies: { set, byName, upstreams: upstreams.filter((each) => "upstream" in each) } };
}

/**
 * A bundle is made for a namespace and not for this pod, so a database that is not in it, any more, closes its own listener at most.
 * `before`: what has counted so far; a database that has left the bundle stays where it was, under the policies that it had and those that
 * are left: who deletes or renames a GovernedDatabase does not unmask what runs.
 */
export function compileBundle(
  { resources, namespaceLabels, closed = {} }: BundleContent,
  config: Values,
  surroundings: Surroundings,
  before: Policies | null,
): Compiled<Policies> {
  const loaded = loadObjects(resources, optionsOf(config, namespaceLabels));
  const compiled = closing(withUpstreams(loaded, config, surroundings), closed, config);
  if (!compiled.good || before === null) return compiled;
  const known = new Set(compiled.policies.set.databases.map(nameOf));
  const upstreams = compiled.policies.upstreams.map((each, index) => {
    const earlier = before.upstreams[index]!;
    return "closed" in earlier || known.has(earlier.database) ? each : earlier;
  });
  const lost = upstreams.flatMap((each) => ("closed" in each || known.has(each.database) ? [] : [each.database]));
  if (lost.length === 0) return { good: true, policies: { ...compiled.policies, upstreams } };
  const set = keeping(compiled.policies.set, before.set, new Set(lost));
  return { good: true, policies: { ...compiled.policies, set, upstreams } };
}

/** Logins to these are refused; what is logged in goes on by the policies that there are. */
function closing(
  compiled: Compiled<Policies>,
  closed: Readonly<Record<string, string>>,
  config: Values,
): Compiled<Policies> {
  if (!compiled.good || Object.keys(closed).length === 0) return compiled;
  const unlessClosed = (each: GovernedUpstream | Closed, database: string): GovernedUpstream | Closed => {
    const [namespace, name] = database.split("/") as [string, string];
    if (namespace !== config.namespace || !Object.hasOwn(closed, name)) return each;
    return { closed: `database ${database} is closed, because ${closed[name]}` };
  };
  const upstreams = compiled.policies.upstreams.map((each, index) =>
    unlessClosed(each, databaseOf(config.listeners[index]!, config)),
  );
  const byName = new Map([...compiled.policies.byName].map(([name, each]) => [name, unlessClosed(each, name)]));
  return { good: true, policies: { ...compiled.policies, upstreams, byName } };
}

/** `set`, with the databases of `before` that it lost and, for these alone, the policies that reached them by name. */
function keeping(set: PolicySet, before: PolicySet, lost: ReadonlySet<string>): PolicySet {
  const databases = before.databases.filter((each) => lost.has(nameOf(each)));
  const names = databases.map(({ name }) => name);
  const policies = before.policies.flatMap((policy) => {
    const named = policy.databases?.filter((name) => names.includes(name)) ?? [];
    return named.length === 0 ? [] : [{ ...policy, databases: named }];
  });
  return policySetOf([...set.databases, ...databases], [...set.policies, ...policies]);
}

/** What is wrong in the files of a folder by themselves, for a start that is refused anyway. */
export function folderProblems(folder: string): readonly string[] {
  try {
    return loadPolicySet(readFolder(folder), { maskKey: true, namespace: "default" }).problems.map(formatProblem);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return [`${folder}: cannot be read (${code ?? message})`];
  }
}

function optionsOf(
  config: Values,
  namespaceLabels: BundleContent["namespaceLabels"],
): CompileOptions & { namespace: string } {
  return { maskKey: config["keys.mask"] !== null, namespace: config.namespace, namespaceLabels };
}

interface Loaded {
  readonly set: PolicySet | null;
  readonly problems: readonly Problem[];
}

function withUpstreams({ set, problems }: Loaded, config: Values, surroundings: Surroundings): Compiled<Policies> {
  if (set === null) return { good: false, problems: problems.map(formatProblem) };
  const round = roundTheGovernor(config.relays, set);
  if (round.length > 0) return { good: false, problems: round };
  const listening = (listener: Listener): Wanted => ({
    database: databaseOf(listener, config),
    where: `listeners: ${placeOf(listener)}`,
  });
  const upstreams = config.listeners.map((listener) => upstreamOf(listening(listener), set, config, surroundings));
  const names = config["gateway.listen"] === null ? [] : set.databases.map(nameOf);
  const byName = new Map(
    names.map((database) => [database, upstreamOf({ database, where: "gateway" }, set, config, surroundings)]),
  );
  return { good: true, policies: { set, upstreams, byName } };
}

interface Wanted {
  readonly database: string;
  /** Place in the configuration, for people. */
  readonly where: string;
}

function upstreamOf(
  { database: wanted, where }: Wanted,
  set: PolicySet,
  config: Values,
  { lookup, ...watching }: Surroundings,
): GovernedUpstream | Closed {
  const database = set.databases.find((each) => nameOf(each) === wanted);
  if (database === undefined) {
    const names = set.databases.map(nameOf);
    const near = hint(wanted, names) || `; there is ${names.join(", ") || "none at all"}`;
    return { closed: `${where}: there is no GovernedDatabase ${wanted} in ${config.policies ?? "the bundle"}${near}` };
  }
  if (database.credentials === "Brokered" && upstreamLoginOf(wanted, config) === undefined) {
    return {
      closed: `${where}: credentials of ${wanted} are Brokered, but the sidecar has no login for it; set upstreamLogins.${wanted}`,
    };
  }
  try {
    const { host, port } = database;
    const tls = upstreamTls(database.tls, watching);
    const configured = ofDatabase(wanted, config.upstreamSessions, config);
    const pinned = pinnedOf(database, configured?.pinned ?? null);
    const upstream: Upstream = {
      name: wanted,
      host,
      port,
      tls,
      ...(lookup && { lookup }),
      ...(pinned && { pinned }),
      ...(configured?.pooler === "Session" && { pooler: "Session" as const }),
    };
    return { database: wanted, credentials: database.credentials, identity: database.identity, upstream };
  } catch (error) {
    return { closed: `${where}: tls of ${wanted}: ${(error as Error).message}` };
  }
}

/** What the resource says, and what the sidecar is configured to beside it, which wins. */
function pinnedOf({ role, settings, pinIdentity }: GovernedDatabase, configured: Pinned | null): Pinned | null {
  const pinned = {
    role: configured?.role ?? role,
    settings: { ...settings, ...configured?.settings },
    identity: pinIdentity || configured?.identity === true,
  };
  return pinned.role !== null || pinned.identity || Object.keys(pinned.settings).length > 0 ? pinned : null;
}

/** A relay to a governed port would let statements pass unseen. */
function roundTheGovernor(relays: readonly Relay[], { databases }: PolicySet): readonly string[] {
  return relays.flatMap((relay) => {
    const { host, port } = relay.target;
    const governed = databases.find((each) => each.port === port && hostKey(each.host) === hostKey(host));
    return governed === undefined
      ? []
      : [
          `relays: ${placeOf(relay)}: ${host}:${port} is GovernedDatabase ${nameOf(governed)}; give it a listener instead`,
        ];
  });
}

const hostKey = (host: string) => host.toLowerCase().replace(/\.$/, "");
const nameOf = ({ namespace, name }: { namespace: string; name: string }) => `${namespace}/${name}`;
