// One namespace brought to what it should be: its label, its bundle. What became of each resource is kept for the statuses.
import { versionOf } from "../bundle/bundle.ts";
import type { KubeApi } from "../kube/api.ts";
import { mergePatch } from "../kube/apply.ts";
import { bundleContent, bundleResource, type Content, problemsTogether, type Verdict } from "./bundle-content.ts";
import { GOVERNANCE, isOptedIn, labelChange, type NamespaceSeen } from "./governed.ts";
import type { LastGoodResources } from "./last-good-resources.ts";
import { BUNDLE_CONFIG_MAP, configMapPath, namespacePath } from "./paths.ts";
import type { PodCounts } from "./pod-counts.ts";
import { MANAGED_BY, nextBundle, publish, publishedIn } from "./published.ts";
import { resourceKey } from "./resource-key.ts";
import type { Signer } from "./signing-key.ts";
import type { Watches } from "./watches.ts";

export interface Outcome {
  readonly verdicts: ReadonlyMap<string, Verdict>;
  readonly governed: boolean;
  /** Of the bundle in force; null when there is none. */
  readonly version: string | null;
  /** Why the bundle could not be renewed; null when it could. */
  readonly blocked: string | null;
}

export interface ReconcilerOptions {
  readonly api: KubeApi;
  readonly cluster: string;
  readonly clusterDomain: string;
  readonly signer: Signer;
  /** PEM for the sidecars. */
  readonly trust: () => string;
  readonly watches: Watches;
  readonly pods: PodCounts;
  readonly memory: LastGoodResources;
  readonly nowMs: () => number;
}

export interface NamespaceReconciler {
  /** null when the namespace is gone. @throws KubeError */
  reconcile(name: string): Promise<Outcome | null>;
}

export function namespaceReconciler(options: ReconcilerOptions): NamespaceReconciler {
  const { api, cluster, signer, watches, memory } = options;
  /** Above every generation that was ever published by this process, whatever becomes of the ConfigMap. */
  const generations = new Map<string, number>();

  async function reconcile(name: string): Promise<Outcome | null> {
    const namespace = watches.namespaces.get(name);
    if (namespace === undefined || namespace.ending) return null;
    await mirror(api, namespace);
    const governed = isOptedIn(namespace) || options.pods.desired(name) > 0;
    const labels = labelsAfter(namespace);
    const objects = [...inNamespace(watches, name), ...watches.clusterPolicies.list()];
    const { clusterDomain } = options;
    const lastGood = (each: string) => memory.get(name, each);
    const content = bundleContent({ namespace: name, labels, objects, clusterDomain, lastGood });
    for (const object of objects)
      if (content.verdicts.get(resourceKey(object))?.accepted) memory.remember(bundleResource(object));
    const { verdicts } = content;
    if (!governed) {
      await withdraw(name);
      return { verdicts, governed, version: null, blocked: null };
    }
    return { verdicts, governed, ...(await renew(name, content, labels)) };
  }

  async function renew(name: string, { resources, closed }: Content, labels: Readonly<Record<string, string>>) {
    const now = watches.bundles.get(`${name}/${BUNDLE_CONFIG_MAP}`);
    const before = publishedIn(now, name, signer.ours);
    const problems = problemsTogether(resources, name, labels);
    const parts = { cluster, namespace: name, resources, labels, closed };
    const floor = generations.get(name) ?? 0;
    const wanted =
      problems.length > 0
        ? (before?.bundle ?? null)
        : nextBundle(parts, before?.bundle ?? null, floor, options.nowMs());
    const told = problems.length > 0 ? `The last good bundle stays in force: ${problems.join("; ")}` : null;
    if (wanted === null) return { version: null, blocked: told };
    const refused = await publish(api, { bundle: wanted, signer, trust: options.trust(), now });
    if (refused !== null) return { version: before?.version ?? null, blocked: refused };
    generations.set(name, Math.max(floor, wanted.generation));
    return { version: versionOf(wanted), blocked: told };
  }

  /** Nothing runs by it any more. Only what we made is taken away. */
  async function withdraw(name: string): Promise<void> {
    const now = watches.bundles.get(`${name}/${BUNDLE_CONFIG_MAP}`);
    if (now?.metadata.labels?.[MANAGED_BY] !== "weir") return;
    const { status } = await api.call({ method: "DELETE", path: configMapPath(name, BUNDLE_CONFIG_MAP) });
    if (status >= 300 && status !== 404) throw new Error(`ConfigMap ${name}/${BUNDLE_CONFIG_MAP}: ${status}`);
  }

  return { reconcile };
}

async function mirror(api: KubeApi, namespace: NamespaceSeen): Promise<void> {
  const label = labelChange(namespace);
  if (label === undefined) return;
  await mergePatch(api, namespacePath(namespace.name), { metadata: { labels: { [GOVERNANCE]: label } } });
}

/** As they are once the mirror is right, so that a bundle does not change twice. */
function labelsAfter(namespace: NamespaceSeen): Readonly<Record<string, string>> {
  const { [GOVERNANCE]: _, ...others } = namespace.labels;
  return isOptedIn(namespace) ? { ...others, [GOVERNANCE]: "enabled" } : others;
}

function inNamespace({ databases, policies }: Watches, name: string) {
  return [...databases.list(), ...policies.list()].filter(({ metadata }) => metadata.namespace === name);
}
