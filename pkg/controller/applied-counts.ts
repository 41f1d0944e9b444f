// How many sidecars run which bundle. Each bundle server counts those that ask it and publishes the sums in a ConfigMap of its own; the
// controller adds them up. A server that has not been heard of for a while no longer counts.
import type { KubeApi } from "../kube/api.ts";
import { NAMESPACES } from "./paths.ts";
import type { AppliedSeen } from "./watches.ts";

/** Sidecars by namespace, then version. */
export type AppliedCounts = Readonly<Record<string, Readonly<Record<string, number>>>>;

export const HEARTBEAT_MS = 60_000;
const STALE_MS = 3 * HEARTBEAT_MS;
const FORGET_MS = 10 * HEARTBEAT_MS;

/** At most `desired`, because a sidecar that changed servers is counted by both for a while. */
export function appliedCount(
  servers: readonly AppliedSeen[],
  namespace: string,
  version: string | null,
  { desired, monotonicMs }: { readonly desired: number; readonly monotonicMs: number },
): number {
  if (version === null) return 0;
  const sum = servers
    .filter(({ seenAtMs }) => monotonicMs - seenAtMs < STALE_MS)
    .reduce((count, { counts }) => count + countIn(counts, namespace, version), 0);
  return Math.min(sum, desired);
}

function countIn(counts: AppliedCounts, namespace: string, version: string): number {
  const count = Object.hasOwn(counts, namespace) ? counts[namespace]?.[version] : undefined;
  return Number.isSafeInteger(count) && count! > 0 ? count! : 0;
}

/** What cannot be read counts nothing. */
export function parseCounts(text: unknown): AppliedCounts {
  try {
    const counts = JSON.parse(String(text));
    return typeof counts === "object" && counts !== null ? counts : {};
  } catch {
    return {};
  }
}

/** Takes away what servers left behind that ended without a word. */
export async function forgetServers(api: KubeApi, servers: readonly AppliedSeen[], monotonicMs: number): Promise<void> {
  for (const { name, seenAtMs } of servers) {
    if (monotonicMs - seenAtMs < FORGET_MS) continue;
    const [namespace, own] = name.split("/");
    await api.call({ method: "DELETE", path: `${NAMESPACES}/${namespace}/configmaps/${own}` });
  }
}
