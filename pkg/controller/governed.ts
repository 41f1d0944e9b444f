// Which namespaces are governed and which pods count. The annotation is what people write; the label is its mirror for selectors.
import type { KubeObject } from "../kube/object.ts";

export const GOVERNANCE = "weir.dev/governance";
export const SIDECAR = "weir-sidecar";

export interface NamespaceSeen {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly ending: boolean;
}

export interface PodSeen {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** It carries our sidecar and has not ended. */
  readonly governed: boolean;
}

export function namespaceSeen({ metadata }: KubeObject): NamespaceSeen {
  return {
    name: metadata.name,
    labels: metadata.labels ?? {},
    annotations: { [GOVERNANCE]: metadata.annotations?.[GOVERNANCE] ?? "" },
    ending: metadata.deletionTimestamp !== undefined,
  };
}

export function isOptedIn({ annotations }: Pick<NamespaceSeen, "annotations">): boolean {
  return annotations[GOVERNANCE] === "enabled";
}

/** What the label must become: null to remove it, undefined when it is right. */
export function labelChange(namespace: NamespaceSeen): string | null | undefined {
  const label = namespace.labels[GOVERNANCE];
  if (isOptedIn(namespace)) return label === "enabled" ? undefined : "enabled";
  return label === undefined ? undefined : null;
}

export function podSeen(pod: KubeObject): PodSeen {
  const { name, namespace = "", uid = "" } = pod.metadata;
  return { namespace, name, uid, governed: hasSidecar(pod) && isAlive(pod) };
}

export function hasSidecar({ spec }: KubeObject): boolean {
  const containers = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])];
  return containers.some((container: { name?: unknown }) => container?.name === SIDECAR);
}

export function isAlive({ metadata, status }: KubeObject): boolean {
  return metadata.deletionTimestamp === undefined && status?.phase !== "Succeeded" && status?.phase !== "Failed";
}
