// What the webhook knows of the cluster, kept by watches. A namespace that is annotated, its first database and a pod that follows at once
// may come before the watches have told: then the API server is asked, since a pod that is refused comes back late.
import { publicKeys } from "../../pkg/bundle/keys.ts";
import { bundleResource } from "../../pkg/controller/bundle-content.ts";
import { isOptedIn } from "../../pkg/controller/governed.ts";
import { DATABASES, databasesPath, NAMESPACES, namespacePath, PUBLIC_CONFIG_MAP } from "../../pkg/controller/paths.ts";
import { type KubeApi, KubeError } from "../../pkg/kube/api.ts";
import { listAll } from "../../pkg/kube/list-all.ts";
import type { KubeObject } from "../../pkg/kube/object.ts";
import { startReflector } from "../../pkg/kube/reflector.ts";
import { fromObjects } from "../../pkg/resources/parse-resources.ts";
import type { DatabaseResource } from "../../pkg/resources/resource.ts";
import { nativeSidecars } from "./native-sidecars.ts";

export interface KnownOptions {
  readonly api: KubeApi;
  readonly releaseNamespace: string;
  onError(what: string): void;
}

const ASK_MS = 1000;

/** Has the shape of `Known` in pkg/admission. @throws KubeError when the API server's version cannot be had. */
export async function startKnown({ api, releaseNamespace, onError }: KnownOptions) {
  const native = await nativeSidecars(api, onError);
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
    /** The API server calls for namespaces that it knows to be governed: one that is not, here, may just have become so. */
    async namespace(name: string) {
      const known = namespaces.get(name);
      return known !== undefined && isOptedIn(known) ? known : ((await askNamespace(api, name)) ?? known ?? null);
    },
    async databases(namespace: string): Promise<readonly DatabaseResource["database"][]> {
      const known = databases.list().filter((each) => each?.namespace === namespace);
      const now = known.length > 0 && databases.hasSynced() ? known : ((await askDatabases(api, namespace)) ?? known);
      return now.filter((each) => each !== null);
    },
    bundleKeys,
    nativeSidecars: native.all,
    waitsFor: (): readonly string[] => [
      ...Object.entries(lists).flatMap(([name, list]) => (list.hasSynced() ? [] : [name])),
      ...(published.hasSynced() && bundleKeys().length === 0 ? ["the bundle keys in ConfigMap weir-public"] : []),
    ],
    async stop(): Promise<void> {
      await Promise.all([native, ...Object.values(lists)].map((each) => each.stop()));
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

/** null when there is no answer; then what the watch has told counts. */
async function askDatabases(api: KubeApi, namespace: string) {
  try {
    const { objects } = await listAll(api, databasesPath(namespace), {}, AbortSignal.timeout(ASK_MS));
    return objects.map(databaseOf);
  } catch {
    return null;
  }
}
