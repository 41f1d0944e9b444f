// Whether what stands in a pod is what would be put in. Between two calls of a webhook the API server fills in defaults, LimitRanger
// adds limits and the ServiceAccount plug-in mounts the pod's token everywhere: none of these makes the sidecar another one.
import { at, isObject, type Json, type JsonObject, listAt, same } from "./json.ts";
import { sameQuantity } from "./quantity.ts";

const TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount";

export function equalContainer(expected: JsonObject, actual: JsonObject): boolean {
  return same(plainContainer(expected), plainContainer(actual)) && givesResources(expected, actual);
}

export function equalVolume(expected: JsonObject, actual: JsonObject): boolean {
  const limits = [at(expected, "emptyDir", "sizeLimit"), at(actual, "emptyDir", "sizeLimit")] as const;
  return same(plainVolume(expected), plainVolume(actual)) && (limits[0] === limits[1] || sameQuantity(...limits));
}

function plainContainer(container: JsonObject): JsonObject {
  const { resources: _, args, ...rest } = container;
  const probe = (name: string) => (isObject(rest[name]) ? { [name]: { ...probeDefaults, ...rest[name] } } : {});
  return {
    terminationMessagePath: "/dev/termination-log",
    terminationMessagePolicy: "File",
    ...rest,
    args: Array.isArray(args) ? args : [],
    env: listAt(rest, "env").map((entry) => (at(entry, "value") === "" ? without(entry, "value") : entry)),
    volumeMounts: listAt(rest, "volumeMounts").filter((mount) => at(mount, "mountPath") !== TOKEN_PATH),
    ...probe("startupProbe"),
    ...probe("readinessProbe"),
    ...probe("livenessProbe"),
  };
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
