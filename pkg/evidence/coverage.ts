// Whether an evidence file was asked for all that a pack speaks of: what it was asked for is signed by the log's key.
import type { Manifest } from "../ledger/manifest.ts";
import type { PackParameters } from "./pack-parameters.ts";

/** Why populations out of it would not be whole; null when they are. */
export function coverageFault({ selection }: Manifest, parameters: PackParameters): string | null {
  const { period, clusters, environments, namespaces } = parameters;
  const { from, to, chains, cluster, environment, namespace } = selection;
  if (typeof from === "number" && from > period.fromMs) return "the evidence begins after the period does";
  if (typeof to === "number" && to < period.toMs) return "the evidence ends before the period does";
  if (chains !== undefined) return "the evidence was asked for single chains, so that others may be missing";
  const places = [
    ["cluster", cluster, clusters],
    ["environment", environment, environments],
    ["namespace", namespace, namespaces],
  ] as const;
  for (const [name, selected, meant] of places)
    if (selected !== undefined && !(meant.length === 1 && meant[0] === selected))
      return `the evidence was asked for the ${name} ${String(selected)} only, the pack speaks of ${meant.join(", ") || "all"}`;
  return null;
}
