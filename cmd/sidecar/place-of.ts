// Where the sidecar's records say that they come from.
import { hostname } from "node:os";
import type { Place } from "../../pkg/audit/place.ts";
import type { Values } from "./settings.ts";

export function placeOf({ cluster, namespace, environment, workload, instance }: Values): Place {
  return { cluster, namespace, environment, workload: workload ?? "", instance: instance ?? hostname() };
}
