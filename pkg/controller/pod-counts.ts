// Governed pods by namespace, kept as pods come and go.
import type { PodSeen } from "./governed.ts";

export interface PodCounts {
  /** What became of the pod with this key; undefined when it is gone. The namespace whose count changed, or null. */
  note(key: string, pod: PodSeen | undefined): string | null;
  desired(namespace: string): number;
}

export function podCounts(): PodCounts {
  const governed = new Map<string, Set<string>>();
  return {
    note(key, pod) {
      const namespace = key.slice(0, key.indexOf("/"));
      const pods = governed.get(namespace) ?? new Set();
      const was = pods.has(key);
      const is = pod?.governed ?? false;
      if (was === is) return null;
      if (is) governed.set(namespace, pods.add(key));
      else if (pods.delete(key) && pods.size === 0) governed.delete(namespace);
      return namespace;
    },
    desired: (namespace) => governed.get(namespace)?.size ?? 0,
  };
}
