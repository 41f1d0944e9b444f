// What a pod asks for its own sidecar: CPU and memory, by annotation. What does not fit is told and not followed, so that a slip of the
// pen costs no pod.
import { amountOf } from "./quantity.ts";
import type { Resources } from "./settings.ts";

const GIBI = 2 ** 30;

/** In cores and bytes. Below the least the sidecar would not start. */
const bounds = {
  "weir.dev/sidecar-cpu-request": { kind: "requests", name: "cpu", min: 0.001, max: 16, form: "1m to 16" },
  "weir.dev/sidecar-cpu-limit": { kind: "limits", name: "cpu", min: 0.05, max: 16, form: "50m to 16" },
  "weir.dev/sidecar-memory-request": {
    kind: "requests",
    name: "memory",
    min: GIBI / 16,
    max: 16 * GIBI,
    form: "64Mi to 16Gi",
  },
  "weir.dev/sidecar-memory-limit": {
    kind: "limits",
    name: "memory",
    min: GIBI / 8,
    max: 16 * GIBI,
    form: "128Mi to 16Gi",
  },
} as const;

export interface OwnResources {
  readonly resources: Resources;
  /** What was not followed, in words. */
  readonly ignored: readonly string[];
}

export function ownResources(annotations: Readonly<Record<string, string>>, install: Resources): OwnResources {
  const ignored: string[] = [];
  const resources = { requests: { ...install.requests }, limits: { ...install.limits } } as Record<
    "requests" | "limits",
    Record<string, string>
  >;
  for (const [annotation, { kind, name, min, max, form }] of Object.entries(bounds)) {
    const asked = annotations[annotation];
    if (asked === undefined) continue;
    const amount = asked.length <= 20 ? amountOf(asked) : null;
    if (amount === null || amount < min || amount > max)
      ignored.push(`${annotation} is no quantity from ${form} and was not followed`);
    else resources[kind][name] = asked;
  }
  for (const name of ["cpu", "memory"]) {
    const [request, limit] = [amountOf(resources.requests[name]), amountOf(resources.limits[name])];
    if (request === null || limit === null || request <= limit) continue;
    const byLimit = annotations[`weir.dev/sidecar-${name}-limit`] !== undefined;
    if (byLimit) resources.requests[name] = resources.limits[name]!;
    else resources.limits[name] = resources.requests[name]!;
  }
  return { resources, ignored };
}
