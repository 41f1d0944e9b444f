// The last good version of each resource, for the time when its newest is not. In memory as it was written; after a restart as far as
// the published bundles hold it.
import type { BundleResource } from "../bundle/bundle.ts";
import { resourceKey } from "./resource-key.ts";

export interface LastGoodResources {
  /** Before anything else: what the bundle of `namespace` holds. */
  seed(namespace: string, resources: readonly BundleResource[]): void;
  remember(resource: BundleResource): void;
  /** It has been deleted, which is its owner's own act. */
  forget(key: string): void;
  get(namespace: string, key: string): BundleResource | undefined;
}

export function lastGoodResources(): LastGoodResources {
  const whole = new Map<string, BundleResource>();
  /** By key, then namespace: a bundle's copy may name fewer databases than its source. */
  const copies = new Map<string, Map<string, BundleResource>>();
  return {
    seed(namespace, resources) {
      for (const resource of resources) {
        const key = resourceKey(resource);
        if (!copies.has(key)) copies.set(key, new Map());
        copies.get(key)!.set(namespace, resource);
      }
    },
    remember: (resource) => void whole.set(resourceKey(resource), resource),
    forget(key) {
      whole.delete(key);
      copies.delete(key);
    },
    get(namespace, key) {
      const found = copies.get(key);
      return whole.get(key) ?? found?.get(namespace) ?? found?.values().next().value;
    },
  };
}
