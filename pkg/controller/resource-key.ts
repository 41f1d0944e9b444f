// How resources are named here, and what they name.
import type { BundleResource } from "../bundle/bundle.ts";
import { type KubeObject, keyOf } from "../kube/object.ts";

/** `Kind namespace/name`. */
export function resourceKey(resource: KubeObject | BundleResource): string {
  return `${resource.kind} ${keyOf(resource as KubeObject)}`;
}

/** Names in `spec.databases` when they are a list of texts; null otherwise. */
export function databasesOf({ spec }: BundleResource): readonly string[] | null {
  const names = (spec as { databases?: unknown } | null | undefined)?.databases;
  return Array.isArray(names) && names.every((name) => typeof name === "string") ? names : null;
}
