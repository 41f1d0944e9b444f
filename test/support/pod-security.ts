// The Pod Security Standard "restricted" (kubernetes.io/docs/concepts/security/pod-security-standards), as far as pods of the tests
// go. Gives what a pod breaks.
import { at, isObject, type JsonObject, listAt } from "../../pkg/admission/json.ts";

const volumeTypes = [
  "configMap",
  "csi",
  "downwardAPI",
  "emptyDir",
  "ephemeral",
  "persistentVolumeClaim",
  "projected",
  "secret",
];

export function breaksRestricted(pod: JsonObject): readonly string[] {
  const broken: string[] = [];
  for (const name of ["hostNetwork", "hostPID", "hostIPC"]) if (at(pod, "spec", name) === true) broken.push(name);
  for (const volume of listAt(pod, "spec", "volumes").filter(isObject))
    for (const type of Object.keys(volume).filter((key) => key !== "name"))
      if (!volumeTypes.includes(type)) broken.push(`volume ${volume.name}: ${type}`);
  const containers = [...listAt(pod, "spec", "initContainers"), ...listAt(pod, "spec", "containers")].filter(isObject);
  for (const container of containers)
    broken.push(...breaksIn(container, pod).map((what) => `container ${container.name}: ${what}`));
  return broken;
}

function breaksIn(container: JsonObject, pod: JsonObject): readonly string[] {
  const own = (name: string) => at(container, "securityContext", name);
  const either = (name: string) => own(name) ?? at(pod, "spec", "securityContext", name);
  const broken: string[] = [];
  if (either("runAsNonRoot") !== true) broken.push("runAsNonRoot");
  if (either("runAsUser") === 0) broken.push("runAsUser 0");
  if (own("allowPrivilegeEscalation") !== false) broken.push("allowPrivilegeEscalation");
  if (own("privileged") === true) broken.push("privileged");
  if (!listAt(container, "securityContext", "capabilities", "drop").includes("ALL")) broken.push("capabilities.drop");
  const added = listAt(container, "securityContext", "capabilities", "add");
  if (added.some((name) => name !== "NET_BIND_SERVICE")) broken.push("capabilities.add");
  const profile = at(either("seccompProfile"), "type");
  if (profile !== "RuntimeDefault" && profile !== "Localhost") broken.push("seccompProfile");
  if (listAt(container, "ports").some((port) => (at(port, "hostPort") ?? 0) !== 0)) broken.push("hostPort");
  return broken;
}
