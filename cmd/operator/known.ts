// What the webhook knows of the cluster, kept by watches. A namespace that is annotated and a pod that follows at once may come before
// the watch has told: then the API server is asked.
import { publicKeys } from "../../pkg/bundle/keys.ts";
import { bundleResource } from "../../pkg/controller/bundle-content.ts";
import { DATABASES, NAMESPACES, namespacePath, PUBLIC_CONFIG_MAP } from "../../pkg/controller/paths.ts";
import { type KubeApi, KubeError } from "../../pkg/kube/api.ts";
import type { KubeObject } from "../../pkg/kube/object.ts";
import { startReflector } from "../../pkg/kube/reflector.ts";
import { fromObjects } from "../../pkg/resources/parse-resources.ts";
import type { DatabaseResource } from "../../pkg/resources/resource.ts";

export interface KnownOptions {
  readonly api: KubeApi;
  readonly releaseNamespace: string;
  onError(what: string): void;
}

/** The API server's minor version from which sidecars are native without a feature gate being asked for. */
const NATIVE_SINCE = 29;
/** Kubelets may be three minor versions older than the API server. */
const SKEW = 3;
const ASK_MS = 2000;

/** Has the shape of `Known` in pkg/admission. @throws KubeError when the API server's version cannot be had. */
export async function startKnown({ api, releaseNamespace, onError }: KnownOptions) {
  const nativeSidecars = await runsNativeSidecars(api);
  const namespaces = startReflector({ api, path: NAMESPACES, keep: namespaceOf, onError });
  const databases = startReflector({ api, path: DATABASES, keep: databaseOf, onError });
  const published = startReflector({
    api,
    path: `${namespacePath(releaseNamespace)}/configmaps`,
    query: { fieldSelector: `metadata.name=${PUBLIC_CONFIG_MAP}` },
    keep: ({ data }) => publicKeys(String(data?.keys ?? "")),
    onError,
  });
  const lists = { namespaces, databases, "bundle keys": published };

  function bundleKeys(): readonly string[] {
    const [keys] = published.list();
    return keys === undefined || typeof keys === "string" ? [] : keys.map(({ text }) => text);
  }

  return {
    async namespace(name: string) {
      return namespaces.get(name) ?? (await askNamespace(api, name));
    },
    async databases(namespace: string): Promise<readonly DatabaseResource["database"][]> {
      return databases.list().flatMap((each) => (each !== null && each.namespace === namespace ? [each] : []));
    },
    bundleKeys,
    nativeSidecars: () => nativeSidecars,
    waitsFor: (): readonly string[] => [
      ...Object.entries(lists).flatMap(([name, list]) => (list.hasSynced() ? [] : [name])),
      ...(published.hasSynced() && bundleKeys().length === 0 ? ["the bundle keys in ConfigMap weir-public"] : []),
    ],
    async stop(): Promise<void> {
      await Promise.all(Object.values(lists).map((list) => list.stop()));
    },
  };
}

function namespaceOf({ metadata: { name, annotations } }: KubeObject) {
  return { name, annotations: annotations ?? {} };
}

/** null when it has errors; its status says so. */
function databaseOf(object: KubeObject): DatabaseResource["database"] | null {
  const [resource] = fromObjects([bundleResource({ ...object, kind: "GovernedDatabase" })]).resources;
  return resource?.kind === "GovernedDatabase" ? resource.database : null;
}

async function askNamespace(api: KubeApi, name: string) {
  try {
    const { status, body } = await api.call({ path: namespacePath(name), timeoutMs: ASK_MS });
    return status === 200 ? namespaceOf(body) : null;
  } catch (error) {
    if (error instanceof KubeError) return null;
    throw error;
  }
}

async function runsNativeSidecars(api: KubeApi): Promise<boolean> {
  const { body } = await api.call({ path: "/version" });
  const minor = Number.parseInt(String(body?.minor), 10);
  return body?.major === "1" && minor - SKEW >= NATIVE_SINCE;
}
