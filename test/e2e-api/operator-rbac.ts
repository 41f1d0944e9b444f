// The operator's rights, no more: the tests run it with these, so that what it needs and what the chart gives can be compared.

const rule = (apiGroup: string, resources: string[], verbs: string[], resourceNames?: string[]) => ({
  apiGroups: [apiGroup],
  resources,
  verbs,
  ...(resourceNames && { resourceNames }),
});

/** ClusterRole of all roles together. */
export const clusterRules = [
  rule("", ["namespaces"], ["get", "list", "watch", "patch"]),
  rule("", ["pods"], ["get", "list", "watch"]),
  rule("", ["nodes"], ["get", "list", "watch"]),
  rule("", ["configmaps"], ["get", "list", "watch", "patch", "delete"], ["weir-bundle"]),
  // Server-side apply of what is not there yet; the API server knows no name of a create.
  rule("", ["configmaps"], ["create"]),
  rule("weir.dev", ["governeddatabases", "datapolicies", "clusterdatapolicies"], ["get", "list", "watch"]),
  rule("weir.dev", ["governeddatabases/status", "datapolicies/status", "clusterdatapolicies/status"], ["patch"]),
  rule("authentication.k8s.io", ["tokenreviews"], ["create"]),
  rule("admissionregistration.k8s.io", ["mutatingwebhookconfigurations"], ["get", "list", "watch", "patch"], ["weir"]),
];

/** Role in the release namespace; the chart makes the two Secrets, empty. */
export const releaseRules = [
  rule("", ["secrets"], ["get", "update"], ["weir-ca", "weir-bundle-key"]),
  rule("", ["configmaps"], ["get", "list", "watch", "create", "patch", "delete"]),
  rule("coordination.k8s.io", ["leases"], ["create"]),
  rule("coordination.k8s.io", ["leases"], ["get", "update"], ["weir-controller"]),
];
