// The bundle of a namespace as its ConfigMap: what is there already, and how it is written. Whoever may write ConfigMaps in the namespace
// may change it, so it counts only while its signature is ours.
import { BUNDLE_FORMAT, type Bundle, type BundleResource, versionOf } from "../bundle/bundle.ts";
import type { PublicKey } from "../bundle/keys.ts";
import { type Unwrapped, unwrap, WRAPPED_BYTES_MAX, wrap } from "../bundle/wrap.ts";
import { type KubeApi, KubeError } from "../kube/api.ts";
import { type Applied, applyObject } from "../kube/apply.ts";
import type { KubeObject } from "../kube/object.ts";
import { BUNDLE_CONFIG_MAP, configMapPath } from "./paths.ts";
import type { Signer } from "./signing-key.ts";

export const MANAGED_BY = "app.kubernetes.io/managed-by";

export type Published = Extract<Unwrapped, { good: true }>;

/** null when there is none, or none of ours. */
export function publishedIn(
  configMap: KubeObject | undefined,
  namespace: string,
  keys: readonly PublicKey[],
): Published | null {
  const text = configMap?.data?.["bundle.json"];
  if (typeof text !== "string") return null;
  const outcome = unwrap(text, { keys, namespace, generationMin: 0 });
  return outcome.good ? outcome : null;
}

export interface BundleParts {
  readonly cluster: string;
  readonly namespace: string;
  readonly resources: readonly BundleResource[];
  readonly labels: Readonly<Record<string, string>>;
  readonly closed: Readonly<Record<string, string>>;
}

/**
 * The bundle of these parts: the one before when it says the same, and nobody has put an older one in its place. A new one's generation
 * is above `generationMin`, the highest so far.
 */
export function nextBundle(parts: BundleParts, before: Bundle | null, generationMin: number, nowMs: number): Bundle {
  const { cluster, namespace, resources, labels, closed } = parts;
  const generation = Math.max(nowMs, generationMin + 1, (before?.generation ?? 0) + 1);
  const namespaceLabels = { [namespace]: labels };
  const content = { format: BUNDLE_FORMAT, cluster, namespace, generation, resources, namespaceLabels } as const;
  const next: Bundle = Object.keys(closed).length === 0 ? content : { ...content, closed };
  const same = before !== null && versionOf(before) === versionOf(next) && before.generation >= generationMin;
  return same ? before : next;
}

/** Writes it unless it is there as it should be; a text says why it cannot be published. @throws KubeError */
export async function publish(
  api: KubeApi,
  { bundle, signer, trust, now }: { bundle: Bundle; signer: Signer; trust: string; now: KubeObject | undefined },
): Promise<string | null> {
  const { namespace } = bundle;
  const text = wrap(bundle, signer.key, signer.links);
  if (text.length + trust.length > WRAPPED_BYTES_MAX - 10_000)
    return `The bundle of namespace ${namespace} is longer than a ConfigMap takes; the one before stays in force. Use fewer or shorter policies.`;
  if (now?.data?.["bundle.json"] === text && now.data["ca.crt"] === trust) return null;
  await applyOrReplace(api, {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: BUNDLE_CONFIG_MAP, namespace, labels: { [MANAGED_BY]: "weir" } },
    data: { "bundle.json": text, "ca.crt": trust },
  });
  return null;
}

const INVALID = 422;

/** One that somebody has made immutable takes no change: it is made anew. @throws KubeError */
async function applyOrReplace(api: KubeApi, configMap: Applied): Promise<void> {
  const path = configMapPath(configMap.metadata.namespace!, BUNDLE_CONFIG_MAP);
  try {
    await applyObject(api, path, configMap);
  } catch (error) {
    if (!(error instanceof KubeError) || error.status !== INVALID) throw error;
    const { status, body } = await api.call({ path });
    if (status === 200 && body.immutable !== true) throw error;
    await api.call({ method: "DELETE", path });
    await applyObject(api, path, configMap);
  }
}
