// Where the sidecar stands: before everything of the user, after the containers of a mesh that begin the list, so that its own
// traffic finds the mesh working.
import { isObject, type JsonObject, listAt } from "./json.ts";
import { SIDECAR, type SidecarMode } from "./sidecar.ts";

export type ContainerList = "initContainers" | "containers";

export function listOf(mode: SidecarMode): ContainerList {
  return mode === "native" ? "initContainers" : "containers";
}

export function placeIn(pod: JsonObject, list: ContainerList, meshContainers: readonly string[]): number {
  const names = containersOf(pod, list).map(({ name }) => name);
  const first = names.findIndex((name) => !meshContainers.includes(String(name)));
  return first === -1 ? names.length : first;
}

export function containersOf(pod: JsonObject, list: ContainerList): readonly JsonObject[] {
  return listAt(pod, "spec", list).filter(isObject);
}

/** A container of the sidecar's name, and the mode that it was meant for. */
export function existingSidecar(pod: JsonObject): { mode: SidecarMode; container: JsonObject } | undefined {
  for (const mode of ["native", "legacy"] as const) {
    const container = containersOf(pod, listOf(mode)).find(({ name }) => name === SIDECAR);
    if (container !== undefined) return { mode, container };
  }
  return undefined;
}
