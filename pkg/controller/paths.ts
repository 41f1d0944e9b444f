// Where things are in the API.

const group = "/apis/weir.dev/v1alpha1";

export const NAMESPACES = "/api/v1/namespaces";
export const NODES = "/api/v1/nodes";
export const PODS = "/api/v1/pods";
export const CONFIG_MAPS = "/api/v1/configmaps";
export const DATABASES = `${group}/governeddatabases`;
export const POLICIES = `${group}/datapolicies`;
export const CLUSTER_POLICIES = `${group}/clusterdatapolicies`;
export const WEBHOOKS = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";

export const BUNDLE_CONFIG_MAP = "weir-bundle";
export const PUBLIC_CONFIG_MAP = "weir-public";
export const CA_SECRET = "weir-ca";
export const KEY_SECRET = "weir-bundle-key";
export const WEBHOOK = "weir";

export const namespacePath = (name: string) => `${NAMESPACES}/${name}`;
export const databasesPath = (namespace: string) => `${group}/namespaces/${namespace}/governeddatabases`;
export const configMapPath = (namespace: string, name: string) => `${NAMESPACES}/${namespace}/configmaps/${name}`;
export const secretPath = (namespace: string, name: string) => `${NAMESPACES}/${namespace}/secrets/${name}`;
export const podPath = (namespace: string, name: string) => `${NAMESPACES}/${namespace}/pods/${name}`;

/** Of one of our own resources. */
export function resourcePath(kind: string, namespace: string | undefined, name: string): string {
  const plural = { GovernedDatabase: "governeddatabases", DataPolicy: "datapolicies" }[kind] ?? "clusterdatapolicies";
  return namespace === undefined ? `${group}/${plural}/${name}` : `${group}/namespaces/${namespace}/${plural}/${name}`;
}
