// What a pod's author should know although the pod gets its sidecar. Short: the API server cuts long warnings.
import type { Capture } from "./capture.ts";
import { at, isObject, type JsonObject, listAt, textAt } from "./json.ts";
import { OPT_OUT, OPT_OUT_REASON } from "./obstacle.ts";
import { containersOf, listOf, placeIn } from "./placement.ts";
import type { Warning, WarningName } from "./reason.ts";
import type { InjectionSettings } from "./settings.ts";
import { SIDECAR, type SidecarMode } from "./sidecar.ts";

export const MODE = "weir.dev/sidecar-mode";

export interface Judged {
  readonly pod: JsonObject;
  readonly annotations: Readonly<Record<string, string>>;
  readonly settings: InjectionSettings;
  readonly mode: SidecarMode;
  readonly capture: Capture;
  /** Annotations that do not fit, each in words. */
  readonly ignored: readonly string[];
}

export function warningsOf(judged: Judged): readonly Warning[] {
  return [
    ...ofAnnotations(judged),
    ...judged.ignored.flatMap((text) => warn("UnknownAnnotationValue", text)),
    ...(judged.mode === "legacy" ? ofLegacy(judged) : ofNative(judged)),
    ...ofDatabases(judged),
    ...ofPod(judged),
  ];
}

function warn(name: WarningName, text: string): readonly Warning[] {
  return [{ name, text }];
}

function ofAnnotations({ annotations, settings }: Judged): readonly Warning[] {
  const [inject, mode] = [annotations[OPT_OUT], annotations[MODE]];
  const about: Warning[] = [];
  if (inject === "false" && (annotations[OPT_OUT_REASON]?.trim() ?? "") === "")
    about.push(...warn("OptOutWithoutReason", `${OPT_OUT}=false needs ${OPT_OUT_REASON}; the sidecar was put in`));
  else if (inject === "false" && settings.optOut === "Denied")
    about.push(...warn("OptOutDenied", "this installation allows no opt-out; the sidecar was put in"));
  else if (inject !== undefined && inject !== "true" && inject !== "false")
    about.push(...warn("UnknownAnnotationValue", `${OPT_OUT} is neither "true" nor "false" and was not followed`));
  if (mode !== undefined && mode !== "native" && mode !== "legacy")
    about.push(...warn("UnknownAnnotationValue", `${MODE} is neither "native" nor "legacy" and was not followed`));
  if (mode === "native" && settings.mode !== "native" && !settings.nativeSidecars)
    about.push(...warn("NativeUnsupported", "a node or the API server is older than 1.29; legacy mode was used"));
  return about;
}

function ofLegacy({ pod, settings }: Judged): readonly Warning[] {
  const own = containersOf(pod, "initContainers").filter(({ name }) => !settings.meshContainers.includes(String(name)));
  const restart = textAt(pod, "spec", "restartPolicy") ?? "Always";
  return [
    ...(own.length > 0
      ? warn("InitContainersUngoverned", "legacy mode: init containers cannot reach governed databases")
      : []),
    ...(restart !== "Always"
      ? warn("JobMayNotEnd", "legacy mode: this pod does not end while the sidecar runs; use native mode")
      : []),
  ];
}

function ofNative({ pod, settings }: Judged): readonly Warning[] {
  const mesh = containersOf(pod, "containers").find(({ name }) => settings.meshContainers.includes(String(name)));
  const init = containersOf(pod, "initContainers");
  const index = init.findIndex(({ name }) => name === SIDECAR);
  return [
    ...(mesh !== undefined
      ? warn(
          "MeshStartsLater",
          `${String(mesh.name)} starts after the sidecar, which has no network until then; run the mesh as native sidecar`,
        )
      : []),
    ...(index > placeIn(pod, listOf("native"), settings.meshContainers)
      ? warn("SidecarNotFirst", "init containers before weir-sidecar cannot reach governed databases")
      : []),
  ];
}

function ofDatabases({ capture }: Judged): readonly Warning[] {
  const byAddress = capture.captured.filter(
    ({ address, hostnames }) =>
      hostnames.length === 0 && !capture.captured.some((other) => other.address === address && other.hostnames.length),
  );
  return [
    ...byAddress.flatMap(({ database: { name } }) =>
      warn(
        "DatabaseByAddress",
        `GovernedDatabase ${name} has an address as host: connections to it go round the sidecar`,
      ),
    ),
    ...capture.left.flatMap(({ database: { name }, why }) =>
      warn(
        "DatabaseUnreachable",
        why === "UnixSocket"
          ? `GovernedDatabase ${name} is a unix socket, which a pod does not have; it was left out`
          : `GovernedDatabase ${name} has host and port of another one; it was left out`,
      ),
    ),
  ];
}

function ofPod({ pod, settings }: Judged): readonly Warning[] {
  return [
    ...(at(pod, "spec", "shareProcessNamespace") === true
      ? warn("SharedProcessNamespace", "shareProcessNamespace lets other containers look into the sidecar")
      : []),
    ...(settings.resources.limits.cpu === undefined && guaranteed(pod)
      ? warn("QosClassChanges", "the pod is Guaranteed and becomes Burstable: the sidecar has no CPU limit")
      : []),
  ];
}

/** Every container with equal requests and limits of CPU and memory. */
function guaranteed(pod: JsonObject): boolean {
  const containers = listAt(pod, "spec", "containers").filter(isObject);
  return (
    containers.length > 0 && containers.every((container) => ["cpu", "memory"].every((name) => fixed(container, name)))
  );
}

function fixed(container: JsonObject, name: string): boolean {
  const limit = at(container, "resources", "limits", name);
  const request = at(container, "resources", "requests", name);
  return limit !== undefined && (request === undefined || request === limit);
}
