// What somebody new to Weir types, as docs/kubernetes.md and the README show it (test/cmd/kubernetes-page.test.ts holds them equal).
// The tests of this folder run these very lines.
export const typed = {
  install: "helm install weir charts/weir --namespace weir-system --create-namespace --wait",
  check: "helm test weir --namespace weir-system",
  annotate: "kubectl annotate namespace shop weir.dev/governance=enabled",
  apply: "kubectl apply -f examples/kubernetes/shop.yaml",
  restart: "kubectl -n shop rollout restart deployment",
  rolledOut: "kubectl -n shop rollout status deployment",
  policies: "kubectl -n shop get governeddatabases,datapolicies",
  pods: String.raw`kubectl -n shop get pods -o custom-columns='POD:.metadata.name,WEIR:.metadata.annotations.weir\.dev/injected,DATABASES:.metadata.annotations.weir\.dev/databases'`,
  log: "kubectl -n shop logs deployment/app -c weir-sidecar",
  settings: "kubectl -n weir-system get configmap weir-injection weir-public -o yaml > installation.yaml",
  databases: "kubectl get governeddatabases -A -o yaml > databases.yaml",
  explain: "cmd/weir/weir.sh inject --explain -f pod.yaml --settings installation.yaml --databases databases.yaml",
  inject:
    "cmd/weir/weir.sh inject -f pod.yaml --settings installation.yaml --databases databases.yaml | kubectl apply -f -",
  upgrade: "helm upgrade weir charts/weir --namespace weir-system --wait",
  end: "kubectl annotate namespace shop weir.dev/governance-",
  uninstall: "helm uninstall weir --namespace weir-system --wait",
} as const;
