// What keeps a pod from being given the sidecar: the reason and what it is about, or null. In a fixed order, the cheapest first.
import { DATABASES_MAX, type GovernedDatabase } from "./capture.ts";
import { equalContainer, equalVolume, type Foreign } from "./equal-sidecar.ts";
import { at, isObject, type JsonObject, listAt, same, textAt } from "./json.ts";
import type { Reason } from "./reason.ts";
import type { InjectionSettings } from "./settings.ts";
import { type ExpectedSidecar, SIDECAR } from "./sidecar.ts";

export interface Obstacle {
  readonly reason: Reason;
  /** What it is about: a container, a port, a name; empty when the reason says all. */
  readonly about: string;
}

export const OPT_IN = "weir.dev/governance";
export const OPT_OUT = "weir.dev/inject";
export const OPT_OUT_REASON = "weir.dev/inject-reason";

const ofTheCluster = ["kube-system", "kube-public", "kube-node-lease"];

export function obstacleOfNamespace(
  name: string,
  annotations: Readonly<Record<string, string>> | null,
  settings: Pick<InjectionSettings, "protectedNamespaces">,
): Obstacle | null {
  if ([...ofTheCluster, ...settings.protectedNamespaces].includes(name))
    return { reason: "ProtectedNamespace", about: name };
  if (annotations === null) return { reason: "NamespaceUnknown", about: name };
  return annotations[OPT_IN] === "enabled" ? null : { reason: "NotGoverned", about: name };
}

/** Before anything is worked out: what the pod is and asks for. */
export function obstacleOfPod(
  pod: JsonObject,
  annotations: Readonly<Record<string, string>>,
  settings: Pick<InjectionSettings, "optOut">,
): Obstacle | null {
  if (Object.hasOwn(annotations, "kubernetes.io/config.mirror")) return { reason: "MirrorPod", about: "" };
  if (at(pod, "spec", "hostNetwork") === true) return { reason: "HostNetwork", about: "" };
  if (textAt(pod, "spec", "os", "name") === "windows" || nodeOs(pod) === "windows")
    return { reason: "WindowsPod", about: "" };
  const reason = annotations[OPT_OUT_REASON]?.trim() ?? "";
  if (annotations[OPT_OUT] === "false" && reason !== "" && settings.optOut === "Allowed")
    return { reason: "OptedOut", about: reason.slice(0, 60) };
  return null;
}

function nodeOs(pod: JsonObject): string | undefined {
  return textAt(pod, "spec", "nodeSelector", "kubernetes.io/os");
}

export function obstacleOfDatabases(
  databases: readonly GovernedDatabase[],
  settings: Pick<InjectionSettings, "bundleKeys">,
): Obstacle | null {
  if (databases.length === 0) return { reason: "NoDatabases", about: "" };
  if (databases.length > DATABASES_MAX)
    return { reason: "TooManyDatabases", about: `${databases.length}, at most ${DATABASES_MAX}` };
  const bare = databases.find((each) => each.credentials === "Brokered" && each.credentialsSecret === null);
  if (bare !== undefined) return { reason: "BrokeredWithoutSecret", about: bare.name };
  return settings.bundleKeys.length === 0 ? { reason: "NoBundleKeys", about: "" } : null;
}

/** What the pod holds already against what would be put in; `existing` is its container of the sidecar's name. */
export function obstacleOfContent(
  pod: JsonObject,
  expected: ExpectedSidecar,
  existing: JsonObject | undefined,
  settings: Foreign & Pick<InjectionSettings, "adminPort">,
): Obstacle | null {
  if (existing !== undefined && !equalContainer(expected.container, existing, settings))
    return { reason: "SidecarNameCollision", about: differences(expected.container, existing) };
  return (
    volumeCollision(pod, expected) ?? aliasCollision(pod, expected) ?? portCollision(pod, expected, settings.adminPort)
  );
}

/** Names of the fields only: a value may be a secret. */
function differences(expected: JsonObject, existing: JsonObject): string {
  const fields = Object.keys(expected).filter((key) => !same(expected[key], existing[key]));
  return `it differs in ${fields.slice(0, 5).join(", ") || "fields that it has beside"}`;
}

function volumeCollision(pod: JsonObject, { volumes }: ExpectedSidecar): Obstacle | null {
  for (const volume of listAt(pod, "spec", "volumes").filter(isObject)) {
    const ours = volumes.find((each) => each.name === volume.name);
    if (ours !== undefined && !equalVolume(ours, volume))
      return { reason: "VolumeNameCollision", about: String(volume.name) };
  }
  return null;
}

function aliasCollision(pod: JsonObject, { captured, hostAliases }: ExpectedSidecar): Obstacle | null {
  for (const alias of listAt(pod, "spec", "hostAliases").filter(isObject)) {
    if (hostAliases.some((ours) => same(ours, alias))) continue;
    const ip = textAt(alias, "ip") ?? "";
    if (captured.some(({ address }) => address === ip)) return { reason: "HostAliasCollision", about: ip };
    const names = listAt(alias, "hostnames").map((name) => String(name).toLowerCase());
    const taken = captured.flatMap(({ hostnames }) => hostnames).find((name) => names.includes(name));
    if (taken !== undefined) return { reason: "HostAliasCollision", about: taken };
  }
  return null;
}

/**
 * A server that binds all addresses cannot have a port that the sidecar has on one of them, and the other way round. Declared ports
 * are all that can be seen; what is not declared shows when the container starts.
 */
function portCollision(pod: JsonObject, { captured }: ExpectedSidecar, adminPort: number): Obstacle | null {
  const needed = new Set([adminPort, ...captured.map(({ database }) => database.port)]);
  const containers = [...listAt(pod, "spec", "initContainers"), ...listAt(pod, "spec", "containers")].filter(isObject);
  for (const container of containers.filter(({ name }) => name !== SIDECAR))
    for (const port of listAt(container, "ports")) {
      const number = at(port, "containerPort");
      if (typeof number === "number" && needed.has(number) && at(port, "protocol") !== "UDP")
        return { reason: "PortCollision", about: `${number} of container ${String(container.name)}` };
    }
  return null;
}
