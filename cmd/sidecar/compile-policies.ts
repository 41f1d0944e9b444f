// The policy folder's files to what the sidecar runs with: the rules, and each listener's database ready to be connected to.
import { readFileSync } from "node:fs";
import { getCACertificates } from "node:tls";
import type { GovernedDatabase, PolicySet } from "../../pkg/policy/rules.ts";
import type { Upstream, UpstreamTls } from "../../pkg/proxy/upstream.ts";
import { loadPolicySet } from "../../pkg/resources/compile.ts";
import type { ResourceFile } from "../../pkg/resources/parse-resources.ts";
import { formatProblem } from "../../pkg/resources/problem.ts";
import { hint } from "../../pkg/runtime/closest.ts";
import type { Compiled } from "./live-policies.ts";
import type { Listener } from "./parse-value.ts";

import type { Values } from "./settings.ts";

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

export function compilePolicies(files: readonly ResourceFile[], config: Values): Compiled<Policies> {
  const { set, problems } = loadPolicySet(files, {
    maskKey: config["keys.mask"] !== null,
    namespace: config.namespace,
  });
  if (set === null) return { good: false, problems: problems.map(formatProblem) };
  const found = config.listeners.map((listener) => upstreamOf(listener, set, config));
  const wrong = found.filter((each) => typeof each === "string");
  if (wrong.length > 0) return { good: false, problems: [...new Set(wrong)] };
  return { good: true, policies: { set, upstreams: found as GovernedUpstream[] } };
}

/** A text is the problem. */
function upstreamOf(listener: Listener, set: PolicySet, config: Values): GovernedUpstream | string {
  const wanted = listener.database.includes("/") ? listener.database : `${config.namespace}/${listener.database}`;
  const database = set.databases.find((each) => nameOf(each) === wanted);
  const where = `listeners: ${listener.host}:${listener.port}`;
  if (database === undefined) {
    const names = set.databases.map(nameOf);
    return `${where}: there is no GovernedDatabase ${wanted} in ${config.policies}${hint(wanted, names) || `; there is ${names.join(", ") || "none at all"}`}`;
  }
  if (database.credentials === "Brokered" && !Object.hasOwn(config.upstreamLogins, wanted)) {
    return `${where}: credentials of ${wanted} are Brokered, but the sidecar has no login for it; set upstreamLogins.${wanted}`;
  }
  try {
    const upstream: Upstream = { name: wanted, host: database.host, port: database.port, tls: tlsOf(database.tls) };
    return { database: wanted, credentials: database.credentials, upstream };
  } catch (error) {
    return `${where}: tls.caFile of ${wanted} cannot be read (${(error as NodeJS.ErrnoException).code})`;
  }
}

const nameOf = ({ namespace, name }: GovernedDatabase) => `${namespace}/${name}`;

function tlsOf({ mode, caFile }: GovernedDatabase["tls"]): UpstreamTls {
  switch (mode) {
    case "Disable":
      return { mode: "disable" };
    case "Require":
      return { mode: "require" };
    default:
      return {
        mode: mode === "VerifyCA" ? "verify-ca" : "verify-full",
        ca: caFile === null ? getCACertificates("default").join("\n") : readFileSync(caFile, "utf8"),
      };
  }
}
