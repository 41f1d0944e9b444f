// A pod and what is known of its namespace in; RFC 6902 operations out, or the stable reason why there are none. Pure. What is in
// the pod already is only ever added to, and a pod that has its sidecar gets no operations: inject(inject(pod)) = inject(pod).

import { selects } from "../resources/selector.ts";
import type { GovernedDatabase } from "./capture.ts";
import { at, isObject, type JsonObject, listAt, textsAt } from "./json.ts";
import { append, insertInto, type Operation, setEntries } from "./json-patch.ts";
import { obstacleOfContent, obstacleOfDatabases, obstacleOfNamespace, obstacleOfPod } from "./obstacle.ts";
import { ownResources } from "./own-resources.ts";
import { existingSidecar, listOf, placeIn } from "./placement.ts";
import { type Reason, reasons, type Warning } from "./reason.ts";
import type { InjectionSettings } from "./settings.ts";
import { type ExpectedSidecar, expectedSidecar, modeOf, SIDECAR, type SidecarMode } from "./sidecar.ts";
import { MODE, warningsOf } from "./warnings.ts";
import { workloadOf } from "./workload.ts";

export interface Injection {
  readonly pod: JsonObject;
  readonly settings: InjectionSettings;
  /** `annotations` null: the namespace is not known. */
  readonly namespace: { readonly name: string; readonly annotations: Readonly<Record<string, string>> | null };
  /** GovernedDatabases of the namespace. */
  readonly databases: readonly GovernedDatabase[];
  /** What the pod will belong to, where it does not exist yet; else worked out from the pod. */
  readonly workload?: string;
}

export type InjectionOutcome =
  | {
      readonly injected: true;
      /** Empty when the pod has its sidecar already. */
      readonly operations: readonly Operation[];
      readonly warnings: readonly Warning[];
      readonly mode: SidecarMode;
      readonly sidecar: ExpectedSidecar;
    }
  | {
      readonly injected: false;
      readonly reason: Reason;
      readonly about: string;
      /** One line for people: the reason, what it is about, what to do. */
      readonly message: string;
    };

export function inject({
  pod,
  settings: install,
  namespace,
  databases,
  workload = workloadOf(pod),
}: Injection): InjectionOutcome {
  const annotations = textsAt(pod, "metadata", "annotations");
  const own = ownResources(annotations, install.resources);
  const settings = { ...install, resources: own.resources };
  const labels = textsAt(pod, "metadata", "labels");
  const used = databases.filter(({ workloads }) => workloads === null || selects(workloads, labels));
  const early =
    obstacleOfNamespace(namespace.name, namespace.annotations, settings) ??
    obstacleOfPod(pod, annotations, settings) ??
    obstacleOfDatabases(used, settings);
  if (early !== null) return notInjected(early.reason, early.about);

  const existing = existingSidecar(pod);
  const mode = existing?.mode ?? chosenMode(annotations[MODE], settings);
  const sidecar = expectedSidecar(settings, namespace.name, used, { mode, workload });
  if (sidecar.captured.length === 0) return notInjected("NoDatabases");
  const late = obstacleOfContent(pod, sidecar, existing?.container, settings);
  if (late !== null) return notInjected(late.reason, late.about);
  const warnings = warningsOf({ pod, annotations, settings, mode, capture: sidecar, ignored: own.ignored });
  return { injected: true, operations: operationsFor(pod, sidecar, mode, settings), warnings, mode, sidecar };
}

export function notInjected(reason: Reason, about = ""): InjectionOutcome {
  const { means, remedy } = reasons[reason];
  const message = `${reason}: ${means}${about === "" ? "" : ` (${about})`}; ${remedy}`;
  return { injected: false, reason, about, message };
}

function chosenMode(asked: string | undefined, settings: InjectionSettings): SidecarMode {
  if (asked === "legacy") return "legacy";
  if (asked === "native" && (settings.nativeSidecars || settings.mode === "native")) return "native";
  return modeOf(settings);
}

function operationsFor(
  pod: JsonObject,
  sidecar: ExpectedSidecar,
  mode: SidecarMode,
  settings: InjectionSettings,
): readonly Operation[] {
  const list = listOf(mode);
  return [
    ...setEntries(pod, ["metadata", "annotations"], annotationsFor(pod, sidecar, mode, settings)),
    ...(existingSidecar(pod) === undefined
      ? insertInto(pod, ["spec", list], [sidecar.container], placeIn(pod, list, settings.meshContainers))
      : []),
    ...append(pod, ["spec", "volumes"], missing(pod, "volumes", "name", sidecar.volumes)),
    ...append(pod, ["spec", "hostAliases"], missing(pod, "hostAliases", "ip", sidecar.hostAliases)),
    ...append(
      pod,
      ["spec", "imagePullSecrets"],
      missing(
        pod,
        "imagePullSecrets",
        "name",
        settings.imagePullSecrets.map((name) => ({ name })),
      ),
    ),
  ];
}

/** Without a default container, kubectl would take the sidecar where it comes first. */
function annotationsFor(
  pod: JsonObject,
  { captured }: ExpectedSidecar,
  mode: SidecarMode,
  { version }: InjectionSettings,
): Readonly<Record<string, string>> {
  const ours = {
    "weir.dev/injected": version,
    "weir.dev/databases": captured.map(({ database }) => database.name).join(","),
  };
  const key = "kubectl.kubernetes.io/default-container";
  const first = listAt(pod, "spec", "containers").find((each) => at(each, "name") !== SIDECAR);
  const named = at(pod, "metadata", "annotations", key) !== undefined || mode === "native" || !isObject(first);
  return named ? ours : { ...ours, [key]: String(first.name) };
}

function missing(pod: JsonObject, list: string, key: string, wanted: readonly JsonObject[]): readonly JsonObject[] {
  const present = new Set(listAt(pod, "spec", list).map((item) => at(item, key)));
  return wanted.filter((item) => !present.has(item[key]));
}
