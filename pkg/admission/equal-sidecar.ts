// Whether what stands in a pod is what would be put in. Between two calls of a webhook the API server fills in defaults, LimitRanger
// adds limits and the ServiceAccount plug-in mounts the pod's token everywhere; other webhooks add what the installation lets them: none of
// these makes the sidecar another one.
import { at, isObject, type Json, type JsonObject, listAt, same, textAt } from "./json.ts";
import { sameQuantity } from "./quantity.ts";
import type { InstallSettings } from "./settings.ts";

const TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount";

export type Foreign = Pick<InstallSettings, "foreignEnv" | "foreignMounts">;

export function equalContainer(expected: JsonObject, actual: JsonObject, foreign: Foreign): boolean {
  return same(plainContainer(expected, foreign), plainContainer(actual, foreign)) && givesResources(expected, actual);
}

export function equalVolume(expected: JsonObject, actual: JsonObject): boolean {
  const limits = [at(expected, "emptyDir", "sizeLimit"), at(actual, "emptyDir", "sizeLimit")] as const;
  return same(plainVolume(expected), plainVolume(actual)) && (limits[0] === limits[1] || sameQuantity(...limits));
}

function plainContainer(container: JsonObject, foreign: Foreign): JsonObject {
  const { resources: _, args, ...rest } = container;
  const probe = (name: string) => (isObject(rest[name]) ? { [name]: { ...probeDefaults, ...rest[name] } } : {});
  return {
    terminationMessagePath: "/dev/termination-log",
    terminationMessagePolicy: "File",
    ...rest,
    args: Array.isArray(args) ? args : [],
    env: listAt(rest, "env")
      .filter((entry) => !isForeignEnv(entry, foreign))
      .map((entry) => (at(entry, "value") === "" ? without(entry, "value") : entry)),
    volumeMounts: listAt(rest, "volumeMounts").filter(
      (mount) => at(mount, "mountPath") !== TOKEN_PATH && !isForeignMount(mount, foreign),
    ),
    ...probe("startupProbe"),
    ...probe("readinessProbe"),
    ...probe("livenessProbe"),
  };
}

function isForeignEnv(entry: Json, { foreignEnv }: Foreign): boolean {
  const name = textAt(entry, "name");
  const plain = isObject(entry) && Object.keys(entry).every((key) => key === "name" || key === "value");
  return plain && name !== undefined && foreignEnv.includes(name);
}

function isForeignMount(mount: Json, { foreignMounts }: Foreign): boolean {
  const name = textAt(mount, "name") ?? "";
  return Object.hasOwn(foreignMounts, name) && same(mount, { name, mountPath: foreignMounts[name]!, readOnly: true });
}

const probeDefaults = { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 };

/** An empty value is left out on the way. */
function without(entry: Json, key: string): Json {
  if (!isObject(entry)) return entry;
  const { [key]: _, ...rest } = entry;
  return rest;
}

function givesResources(expected: JsonObject, actual: JsonObject): boolean {
  return ["requests", "limits"].every((kind) => {
    const wanted = at(expected, "resources", kind);
    return (
      !isObject(wanted) ||
      Object.entries(wanted).every(([name, quantity]) => sameQuantity(quantity, at(actual, "resources", kind, name)))
    );
  });
}

function plainVolume(volume: JsonObject): JsonObject {
  const filled = Object.entries(volume).map(([kind, source]): [string, Json] => {
    if (!isObject(source)) return [kind, source];
    const { sizeLimit: _, ...rest } = source;
    return [kind, kind === "emptyDir" ? rest : { defaultMode: 0o644, ...rest }];
  });
  return Object.fromEntries(filled);
}
