// The policy folder's files to what the sidecar runs with: the rules, and each listener's database ready to be connected to.
import type { GovernedDatabase, PolicySet } from "../../pkg/policy/rules.ts";
import type { Upstream } from "../../pkg/proxy/upstream.ts";
import { loadPolicySet } from "../../pkg/resources/compile.ts";
import type { ResourceFile } from "../../pkg/resources/parse-resources.ts";
import { formatProblem } from "../../pkg/resources/problem.ts";
import { readFolder } from "../../pkg/resources/read-folder.ts";
import { hint } from "../../pkg/runtime/closest.ts";
import type { Compiled } from "./live-policies.ts";
import { type Listener, placeOf, type Relay } from "./parse-value.ts";
import type { Values } from "./settings.ts";
import { upstreamTls } from "./upstream-tls.ts";
import type { Watching } from "./watched-files.ts";

export interface Policies {
  readonly set: PolicySet;
  /** By listener, in order. */
  readonly upstreams: readonly GovernedUpstream[];
}

export interface GovernedUpstream {
  /** `namespace/name`. */
  readonly database: string;
  readonly credentials: GovernedDatabase["credentials"];
  readonly upstream: Upstream;
}

export function compilePolicies(
  files: readonly ResourceFile[],
  config: Values,
  watching: Watching,
): Compiled<Policies> {
  const { set, problems } = loadPolicySet(files, {
    maskKey: config["keys.mask"] !== null,
    namespace: config.namespace,
    namespaceLabels: config.namespaceLabels,
  });
  if (set === null) return { good: false, problems: problems.map(formatProblem) };
  const found = config.listeners.map((listener) => upstreamOf(listener, set, config, watching));
  const wrong = [...found.filter((each) => typeof each === "string"), ...roundTheGovernor(config.relays, set)];
  if (wrong.length > 0) return { good: false, problems: [...new Set(wrong)] };
  return { good: true, policies: { set, upstreams: found as GovernedUpstream[] } };
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

/** A text is the problem. */
function upstreamOf(listener: Listener, set: PolicySet, config: Values, watching: Watching): GovernedUpstream | string {
  const wanted = listener.database.includes("/") ? listener.database : `${config.namespace}/${listener.database}`;
  const database = set.databases.find((each) => nameOf(each) === wanted);
  const where = `listeners: ${placeOf(listener)}`;
  if (database === undefined) {
    const names = set.databases.map(nameOf);
    return `${where}: there is no GovernedDatabase ${wanted} in ${config.policies}${hint(wanted, names) || `; there is ${names.join(", ") || "none at all"}`}`;
  }
  if (database.credentials === "Brokered" && !Object.hasOwn(config.upstreamLogins, wanted)) {
    return `${where}: credentials of ${wanted} are Brokered, but the sidecar has no login for it; set upstreamLogins.${wanted}`;
  }
  try {
    const { host, port } = database;
    const upstream: Upstream = { name: wanted, host, port, tls: upstreamTls(database.tls, watching) };
    return { database: wanted, credentials: database.credentials, upstream };
  } catch (error) {
    return `${where}: tls of ${wanted}: ${(error as Error).message}`;
  }
}

/** A relay to a governed port would let statements pass unseen. */
function roundTheGovernor(relays: readonly Relay[], { databases }: PolicySet): readonly string[] {
  return relays.flatMap((relay) => {
    const { host, port } = relay.target;
    const governed = databases.find((each) => each.port === port && sameHost(each.host, host));
    return governed === undefined
      ? []
      : [`relays: ${placeOf(relay)}: ${host}:${port} is GovernedDatabase ${nameOf(governed)}; give it a listener instead`];
  });
}

const sameHost = (left: string, right: string) => hostKey(left) === hostKey(right);
const hostKey = (host: string) => host.toLowerCase().replace(/\.$/, "");

const nameOf = ({ namespace, name }: GovernedDatabase) => `${namespace}/${name}`;
