// The one writer: looks at namespaces, pods and our resources; writes labels, bundles and statuses. Everything may be done again at any
// time; nothing is kept that cannot be had anew from the API server.
import type { KubeApi } from "../kube/api.ts";
import type { KubeObject } from "../kube/object.ts";
import { workQueue } from "../kube/work-queue.ts";
import type { Pause } from "../runtime/backoff.ts";
import { forgetServers } from "./applied-counts.ts";
import { specVersion } from "./bundle-content.ts";
import { lastGoodResources } from "./last-good-resources.ts";
import { namespaceReconciler, type Outcome } from "./namespace-reconciler.ts";
import { podCounts } from "./pod-counts.ts";
import { publishedIn } from "./published.ts";
import { resourceKey } from "./resource-key.ts";
import type { Signer } from "./signing-key.ts";
import { situations } from "./situations.ts";
import { statusWriter } from "./status-writer.ts";
import { type Changed, objectOf, resourcesOf, startWatches, type Watches } from "./watches.ts";

export interface ControllerOptions {
  readonly api: KubeApi;
  readonly releaseNamespace: string;
  readonly cluster: string;
  readonly clusterDomain: string;
  readonly signer: Signer;
  /** PEM of what sidecars are to trust. */
  readonly trust: () => string;
  readonly nowMs: () => number;
  readonly monotonicMs: () => number;
  onError(what: string): void;
  readonly pause?: Pause;
}

export interface Controller {
  /** What it still waits for before its first look. */
  waitsFor(): readonly string[];
  /** Looks at every namespace again, such as after a change of `trust`. */
  lookAgain(): void;
  /** Once a minute: counts that nobody renews any more go. */
  tidy(): Promise<void>;
  stop(): Promise<void>;
}

/** Several files applied together make one bundle. */
const SETTLE_MS = 200;

export function startController(options: ControllerOptions): Controller {
  const { monotonicMs, onError } = options;
  const pause = options.pause === undefined ? {} : { pause: options.pause };
  const memory = lastGoodResources();
  const pods = podCounts();
  const outcomes = new Map<string, Outcome>();
  const watches: Watches = startWatches({ ...options, onChange: (changed) => void changes(changed) });
  const reconciler = namespaceReconciler({ ...options, watches, pods, memory });
  const namespaces = workQueue({
    work: reconcileOne,
    onError: (name, error) => onError(`namespace ${name}: ${error.message}`),
    ...pause,
  });
  const situation = situations({ watches, pods, outcomes, monotonicMs });
  const statuses = statusWriter({ ...options, object: (key) => objectOf(watches, key), situation });
  /** Uid and generation of each resource as it was looked at last. */
  const specs = new Map<string, string>();
  let ready = false;

  const starting = watches.synced().then(() => {
    // Stopped before everything was listed: what has not been seen must not be taken for missing.
    if (watches.waitsFor().length > 0) return;
    for (const { metadata, ...configMap } of watches.bundles.list()) {
      const published = publishedIn({ metadata, ...configMap }, metadata.namespace!, options.signer.ours);
      if (published !== null) memory.seed(metadata.namespace!, published.bundle.resources);
    }
    for (const pod of watches.pods.list()) pods.note(`${pod.namespace}/${pod.name}`, pod);
    ready = true;
    lookAgain();
  });

  function lookAgain(): void {
    for (const { name } of watches.namespaces.list()) namespaces.add(name);
    tellAll();
  }

  function tellAll(): void {
    for (const object of resourcesOf(watches)) statuses.add(resourceKey(object));
  }

  async function reconcileOne(name: string): Promise<void> {
    const outcome = await reconciler.reconcile(name);
    if (outcome === null) outcomes.delete(name);
    else outcomes.set(name, outcome);
    tellOf(name);
  }

  /** Its own resources and those of the cluster. */
  function tellOf(namespace: string): void {
    for (const object of resourcesOf(watches))
      if (object.metadata.namespace === undefined || object.metadata.namespace === namespace)
        statuses.addAfter(resourceKey(object), SETTLE_MS);
  }

  /** Everything before `ready` is looked at then. */
  function changes({ list, key }: Changed): void {
    if (!ready) return;
    switch (list) {
      case "pods": {
        const namespace = pods.note(key, watches.pods.get(key));
        return namespace === null ? undefined : namespaces.add(namespace);
      }
      case "applied":
        return tellAll();
      case "namespaces":
        return namespaces.add(key);
      case "bundles":
        return namespaces.add(namespaceIn(key));
      case "databases":
        return changedResource(`GovernedDatabase ${key}`, watches.databases.get(key));
      case "policies":
        return changedResource(`DataPolicy ${key}`, watches.policies.get(key));
      case "clusterPolicies":
        return changedResource(`ClusterDataPolicy ${key}`, watches.clusterPolicies.get(key));
    }
    return list satisfies never;
  }

  function changedResource(key: string, object: KubeObject | undefined): void {
    if (object === undefined) {
      memory.forget(key);
      specs.delete(key);
    } else {
      if (specs.get(key) === specVersion(object)) return statuses.addAfter(key, SETTLE_MS); // a status was written
      specs.set(key, specVersion(object));
    }
    const name = key.slice(key.indexOf(" ") + 1);
    if (name.includes("/")) namespaces.addAfter(namespaceIn(name), SETTLE_MS);
    else for (const { name: each } of watches.namespaces.list()) namespaces.addAfter(each, SETTLE_MS);
  }

  return {
    waitsFor: watches.waitsFor,
    lookAgain: () => void (ready && lookAgain()),
    async tidy() {
      if (ready) tellAll();
      await forgetServers(options.api, watches.applied.list(), monotonicMs());
    },
    async stop() {
      await watches.stop();
      await Promise.all([starting, namespaces.stop(), statuses.stop()]);
    },
  };
}

function namespaceIn(key: string): string {
  return key.slice(0, key.indexOf("/"));
}
