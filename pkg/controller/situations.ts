// What can be said of a resource: its verdicts in the namespaces that it concerns, and how many pods have it in force.
import type { KubeObject } from "../kube/object.ts";
import { appliedCount } from "./applied-counts.ts";
import { bundleResource, judgeAlone, specVersion, type Verdict } from "./bundle-content.ts";
import type { Outcome } from "./namespace-reconciler.ts";
import type { PodCounts } from "./pod-counts.ts";
import { resourceKey } from "./resource-key.ts";
import { joinVerdicts, type Pods, type Situation } from "./status.ts";
import type { Watches } from "./watches.ts";

export interface SituationsOptions {
  readonly watches: Watches;
  readonly pods: PodCounts;
  /** By namespace. */
  readonly outcomes: ReadonlyMap<string, Outcome>;
  readonly monotonicMs: () => number;
}

const noPods: Pods = { desired: 0, applied: 0 };

/** undefined while its newest version has not been looked at everywhere. */
export function situations({ watches, pods, outcomes, monotonicMs }: SituationsOptions) {
  function podsOf(namespace: string, version: string | null): Pods {
    const desired = pods.desired(namespace);
    const now = { desired, monotonicMs: monotonicMs() };
    return { desired, applied: appliedCount(watches.applied.list(), namespace, version, now) };
  }

  return (object: KubeObject): Situation | undefined => {
    const key = resourceKey(object);
    const concerned = [...outcomes].filter(([, { verdicts }]) => verdicts.has(key));
    if (concerned.length === 0 && object.metadata.namespace !== undefined) return undefined;
    if (concerned.length === 0) return { verdict: aloneVerdict(object), pods: noPods, governed: false, blocked: null };
    if (concerned.some(([, { verdicts }]) => verdicts.get(key)?.of !== specVersion(object))) return undefined;
    const governed = concerned.filter(([, outcome]) => outcome.governed);
    const among = governed.length > 0 ? governed : concerned;
    return {
      verdict: joinVerdicts(among.map(([, { verdicts }]) => verdicts.get(key)!)),
      pods: governed.map(([name, { version }]) => podsOf(name, version)).reduce(addPods, noPods),
      governed: governed.length > 0,
      blocked: governed.find(([, { blocked }]) => blocked !== null)?.[1].blocked ?? null,
    };
  };
}

function aloneVerdict(object: KubeObject): Verdict {
  const { errors, problems } = judgeAlone(bundleResource(object));
  return {
    of: specVersion(object),
    accepted: !errors,
    problems,
    missing: [],
    reach: 0,
    inForce: errors ? "none" : "this",
  };
}

function addPods(left: Pods, right: Pods): Pods {
  return { desired: left.desired + right.desired, applied: left.applied + right.applied };
}
