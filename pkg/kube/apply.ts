// Writes by server-side apply: we own the fields that we name and no others, and may say the same thing again at any time.
import { expectOk, type KubeApi } from "./api.ts";
import type { KubeObject } from "./object.ts";

export const FIELD_MANAGER = "weir-controller";

export interface Applied {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Omit<KubeObject["metadata"], "uid" | "generation">;
  readonly [field: string]: unknown;
}

/** `path` of the object, or of its `/status`. @throws KubeError */
export function applyObject(
  api: KubeApi,
  path: string,
  object: Applied,
  fieldManager = FIELD_MANAGER,
): Promise<KubeObject> {
  return expectOk(api, {
    method: "PATCH",
    path,
    query: { fieldManager, force: "true" },
    contentType: "application/apply-patch+yaml",
    body: object,
  });
}

/** JSON merge patch (RFC 7386). @throws KubeError */
export function mergePatch(api: KubeApi, path: string, body: unknown): Promise<KubeObject> {
  return expectOk(api, {
    method: "PATCH",
    path,
    query: { fieldManager: FIELD_MANAGER },
    contentType: "application/merge-patch+json",
    body,
  });
}

/** `status` of an object, by its own subresource. @throws KubeError */
export function applyStatus(api: KubeApi, path: string, { apiVersion, kind, metadata }: Applied, status: unknown) {
  const { name, namespace } = metadata;
  const identity = namespace === undefined ? { name } : { name, namespace };
  return applyObject(api, `${path}/status`, { apiVersion, kind, metadata: identity, status });
}
