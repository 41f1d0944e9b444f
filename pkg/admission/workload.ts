// What a pod belongs to, told from the pod alone: an API call in the path of admission would be one more thing that can be down.
import { isObject, type Json, type JsonObject, listAt, textAt, textsAt } from "./json.ts";

/** `Deployment/shop-api`; a pod that nobody controls is `Pod/<name>`. A claim for records, never a ground for a decision. */
export function workloadOf(pod: JsonObject): string {
  // Whoever makes the pod writes its owner; `$(` would be expanded by the kubelet.
  return controllerOf(pod)
    .slice(0, 512)
    .replace(/[^A-Za-z0-9./_-]/g, "_");
}

function controllerOf(pod: JsonObject): string {
  const owner = listAt(pod, "metadata", "ownerReferences").find(controls);
  if (owner === undefined) return `Pod/${ownName(pod)}`;
  const [kind, name] = [textAt(owner, "kind") ?? "", textAt(owner, "name") ?? ""];
  const labels = textsAt(pod, "metadata", "labels");
  switch (kind) {
    case "ReplicaSet":
      return (
        without(name, labels["rollouts-pod-template-hash"], "Rollout") ??
        without(name, labels["pod-template-hash"], "Deployment") ??
        `ReplicaSet/${name}`
      );
    case "ReplicationController": {
      const config = textAt(pod, "metadata", "annotations", "openshift.io/deployment-config.name");
      return config === undefined ? `ReplicationController/${name}` : `DeploymentConfig/${config}`;
    }
    case "Job": {
      // A CronJob names its Jobs after the minute, in minutes since 1970.
      const cron = /^(.+)-[0-9]{8}$/.exec(name);
      return cron === null ? `Job/${name}` : `CronJob/${cron[1]}`;
    }
    default:
      return `${kind}/${name}`;
  }
}

function controls(owner: Json): boolean {
  return isObject(owner) && owner.controller === true;
}

function without(name: string, hash: string | undefined, kind: string): string | undefined {
  if (hash === undefined || hash === "" || !name.endsWith(`-${hash}`)) return undefined;
  return `${kind}/${name.slice(0, -hash.length - 1)}`;
}

function ownName(pod: JsonObject): string {
  const prefix = textAt(pod, "metadata", "generateName")?.replace(/[-.]+$/, "");
  return prefix || textAt(pod, "metadata", "name") || "unnamed";
}
