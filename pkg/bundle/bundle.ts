// What a sidecar runs with: the resources of one namespace as plain data. Its canonical bytes are what is signed; its version names the
// content, so that a bundle made anew from the same resources keeps its version.
import { createHash } from "node:crypto";
import { canonicalJson } from "../audit/canonical-json.ts";

export const BUNDLE_FORMAT = "weir.dev/bundle/v1";

/** apiVersion, kind, metadata {name, namespace} and spec of a GovernedDatabase, DataPolicy or ClusterDataPolicy. */
export interface BundleResource {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec: unknown;
}

export interface Bundle {
  readonly format: typeof BUNDLE_FORMAT;
  readonly cluster: string;
  readonly namespace: string;
  /** Milliseconds since the Unix epoch when it was made, or one more than the one before; strictly growing. */
  readonly generation: number;
  /** Ready for `fromObjects` of `pkg/resources`. */
  readonly resources: readonly BundleResource[];
  /** Labels by namespace, ready for `compile`'s option of that name. */
  readonly namespaceLabels: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Databases that nobody may log in to, by name, and why; absent when there is none. */
  readonly closed?: Readonly<Record<string, string>>;
}

export function payloadOf(bundle: Bundle): Buffer {
  return Buffer.from(canonicalJson(bundle), "utf8");
}

/** `sha256:` and hex, over the canonical JSON without `generation`. */
export function versionOf(bundle: Bundle): string {
  const { generation: _, ...content } = bundle;
  return `sha256:${createHash("sha256").update(canonicalJson(content)).digest("hex")}`;
}

/** A payload whose signature is good, to a bundle; a text says what is wrong with it. */
export function parsePayload(payload: Buffer): Bundle | string {
  let value: unknown;
  try {
    value = JSON.parse(payload.toString("utf8"));
  } catch {
    return "the payload is not JSON";
  }
  if (!isMap(value)) return "the payload is not a bundle";
  if (value.format !== BUNDLE_FORMAT)
    return `the format is not ${BUNDLE_FORMAT}; run a sidecar of the operator's version`;
  const { cluster, namespace, generation, resources, namespaceLabels, closed = {} } = value;
  if (typeof cluster !== "string" || typeof namespace !== "string") return "cluster or namespace is missing";
  if (!Number.isSafeInteger(generation) || (generation as number) < 0) return "generation is not a whole number";
  if (!Array.isArray(resources) || !resources.every(isMap)) return "resources is not a list of objects";
  if (!isMap(namespaceLabels) || !Object.values(namespaceLabels).every(isLabels))
    return "namespaceLabels is not labels by namespace";
  if (!isLabels(closed)) return "closed is not reasons by database";
  return value as unknown as Bundle;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isLabels(value: unknown): boolean {
  return isMap(value) && Object.values(value).every((each) => typeof each === "string");
}
