// Where a workload's manifest holds its pod, and what the pods that come of it will belong to.
import { at, isObject, type JsonObject, textAt } from "../../../pkg/admission/json.ts";

const templates: Readonly<Record<string, readonly string[]>> = {
  Pod: [],
  Deployment: ["spec", "template"],
  StatefulSet: ["spec", "template"],
  DaemonSet: ["spec", "template"],
  ReplicaSet: ["spec", "template"],
  ReplicationController: ["spec", "template"],
  Rollout: ["spec", "template"],
  Job: ["spec", "template"],
  CronJob: ["spec", "jobTemplate", "spec", "template"],
};

export interface WorkloadObject {
  /** `Deployment/storefront`, as the webhook will call it. */
  readonly workload: string;
  readonly namespace: string;
  readonly pod: JsonObject;
  /** The manifest with this pod in the place of its own. */
  with(pod: JsonObject): JsonObject;
}

/** null for anything that makes no pods, or has none in it. */
export function workloadObject(object: JsonObject, namespace: string): WorkloadObject | null {
  const kind = textAt(object, "kind") ?? "";
  const path = Object.hasOwn(templates, kind) ? templates[kind]! : null;
  const pod = path === null ? undefined : at(object, ...path);
  if (path === null || !isObject(pod) || !isObject(pod.spec)) return null;
  const name = textAt(object, "metadata", "name") ?? textAt(object, "metadata", "generateName")?.replace(/-$/, "");
  return {
    workload: `${kind}/${name ?? "unnamed"}`,
    namespace: textAt(object, "metadata", "namespace") ?? namespace,
    pod,
    with: (next) => replaced(object, path, next),
  };
}

function replaced(object: JsonObject, [key, ...rest]: readonly string[], value: JsonObject): JsonObject {
  if (key === undefined) return value;
  const below = object[key];
  return { ...object, [key]: isObject(below) ? replaced(below, rest, value) : value };
}
