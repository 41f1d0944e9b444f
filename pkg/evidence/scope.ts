// What a pack is about: a period and the places that are meant.

export interface Scope {
  /** Milliseconds since the epoch; `fromMs` is in it, `toMs` is not. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Places that are meant; absent or empty: all. */
  readonly clusters: readonly string[];
  readonly environments: readonly string[];
  readonly namespaces: readonly string[];
}

interface Place {
  readonly cluster: string;
  readonly environment: string;
  readonly namespace: string;
}

export function isInScope({ cluster, environment, namespace }: Place, scope: Scope): boolean {
  const isAmong = (name: string, names: readonly string[]) => names.length === 0 || names.includes(name);
  return (
    isAmong(cluster, scope.clusters) && isAmong(environment, scope.environments) && isAmong(namespace, scope.namespaces)
  );
}
