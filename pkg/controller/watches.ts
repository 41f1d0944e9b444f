// Everything that the controller looks at, in memory.

import type { KubeApi } from "../kube/api.ts";
import { type KubeObject, keyOf } from "../kube/object.ts";
import { type Reflector, startReflector } from "../kube/reflector.ts";
import type { Pause } from "../runtime/backoff.ts";
import { type AppliedCounts, parseCounts } from "./applied-counts.ts";
import { type NamespaceSeen, namespaceSeen, type PodSeen, podSeen } from "./governed.ts";
import {
  BUNDLE_CONFIG_MAP,
  CLUSTER_POLICIES,
  CONFIG_MAPS,
  DATABASES,
  NAMESPACES,
  namespacePath,
  PODS,
  POLICIES,
} from "./paths.ts";

/** Which of the lists changed, and the key of the object in it. */
export type Changed =
  | { readonly list: "namespaces" | "pods" | "bundles" | "applied"; readonly key: string }
  | { readonly list: "databases" | "policies" | "clusterPolicies"; readonly key: string };

export interface Watches {
  readonly namespaces: Reflector<NamespaceSeen>;
  readonly pods: Reflector<PodSeen>;
  readonly databases: Reflector<KubeObject>;
  readonly policies: Reflector<KubeObject>;
  readonly clusterPolicies: Reflector<KubeObject>;
  /** The ConfigMaps that hold bundles. */
  readonly bundles: Reflector<KubeObject>;
  /** What bundle servers say their sidecars have applied. */
  readonly applied: Reflector<AppliedSeen>;
  /** What has not been listed yet. */
  waitsFor(): readonly string[];
  synced(): Promise<void>;
  stop(): Promise<void>;
}

export interface AppliedSeen {
  readonly name: string;
  readonly counts: AppliedCounts;
  readonly seenAtMs: number;
}

export const APPLIED_LABEL = "weir.dev/applied";

export interface WatchesOptions {
  readonly api: KubeApi;
  readonly releaseNamespace: string;
  readonly monotonicMs: () => number;
  onChange(changed: Changed): void;
  onError(what: string): void;
  readonly pause?: Pause;
}

export function startWatches(options: WatchesOptions): Watches {
  const { api, releaseNamespace, monotonicMs, onChange, onError } = options;
  function reflect<T>(
    list: Changed["list"],
    path: string,
    keep: (object: KubeObject) => T,
    query: Readonly<Record<string, string>> = {},
  ) {
    const pause = options.pause === undefined ? {} : { pause: options.pause };
    return startReflector<T>({ api, path, query, keep, onError, onChange: (key) => onChange({ list, key }), ...pause });
  }
  const own = (kind: string) => (object: KubeObject) => resourceSeen(kind, object);
  const lists = {
    namespaces: reflect("namespaces", NAMESPACES, namespaceSeen),
    pods: reflect("pods", PODS, podSeen),
    databases: reflect("databases", DATABASES, own("GovernedDatabase")),
    policies: reflect("policies", POLICIES, own("DataPolicy")),
    clusterPolicies: reflect("clusterPolicies", CLUSTER_POLICIES, own("ClusterDataPolicy")),
    bundles: reflect("bundles", CONFIG_MAPS, configMapSeen, { fieldSelector: `metadata.name=${BUNDLE_CONFIG_MAP}` }),
    applied: reflect(
      "applied",
      `${namespacePath(releaseNamespace)}/configmaps`,
      (object) => ({ name: keyOf(object), counts: parseCounts(object.data?.["counts.json"]), seenAtMs: monotonicMs() }),
      { labelSelector: `${APPLIED_LABEL}=true` },
    ),
  };
  const all: readonly Reflector<unknown>[] = Object.values(lists);
  return {
    ...lists,
    waitsFor: () =>
      Object.entries(lists)
        .filter(([, list]) => !list.hasSynced())
        .map(([name]) => name),
    synced: async () => void (await Promise.all(all.map((list) => list.synced()))),
    stop: async () => void (await Promise.all(all.map((list) => list.stop()))),
  };
}

/** Lists of built-in kinds leave `kind` out of their items, so it is put in for all. */
function resourceSeen(kind: string, { apiVersion, metadata, spec, status }: KubeObject): KubeObject {
  const { name, namespace, uid, generation, creationTimestamp } = metadata;
  const kept = { name, uid, generation, creationTimestamp, ...(namespace === undefined ? {} : { namespace }) };
  return { apiVersion, kind, metadata: kept, spec, status } as KubeObject;
}

function configMapSeen({ metadata, data }: KubeObject): KubeObject {
  const { name, namespace, labels } = metadata;
  return { metadata: { name, namespace, labels } as KubeObject["metadata"], data };
}

export function resourcesOf({ databases, policies, clusterPolicies }: Watches): readonly KubeObject[] {
  return [...databases.list(), ...policies.list(), ...clusterPolicies.list()];
}

/** By `Kind namespace/name`. */
export function objectOf(watches: Watches, key: string): KubeObject | undefined {
  const at = key.indexOf(" ");
  const lists = { GovernedDatabase: watches.databases, DataPolicy: watches.policies };
  const list = lists[key.slice(0, at) as keyof typeof lists] ?? watches.clusterPolicies;
  return list.get(key.slice(at + 1));
}
