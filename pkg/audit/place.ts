// Where a record comes from: every record names it, so that one ledger can hold many clusters.

import { boundedName } from "./bounded-text.ts";
import { canonicalJson } from "./canonical-json.ts";

/** From the configuration; an empty text is an unset name and stays visible as such. */
export interface Place {
  readonly cluster: string;
  readonly namespace: string;
  readonly environment: string;
  readonly workload: string;
  /** Pod or host name. */
  readonly instance: string;
}

export function placeJson(place: Place): string {
  const { cluster, namespace, environment, workload, instance } = place;
  return canonicalJson({
    cluster: boundedName(cluster),
    environment: boundedName(environment),
    instance: boundedName(instance),
    namespace: boundedName(namespace),
    workload: boundedName(workload),
  });
}
