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
  forward: "kubectl -n weir-system port-forward service/weir-collector 4318",
  authority: String.raw`kubectl -n weir-system get configmap weir-public -o jsonpath='{.data.ca\.crt}' > ca.crt`,
  token: "kubectl -n weir-system create token weir-auditor --audience weir.dev/weir-system > token",
  logKey: String.raw`kubectl -n weir-system logs weir-collector-0 | sed -n 's/.*"vkey":"\([^"]*\)".*/\1/p' > ledger.vkey`,
  tail: "cmd/weir/weir.sh tail --collector https://localhost:4318 --ca ca.crt --token-file token --namespace shop --since 15m",
  evidence:
    "cmd/weir/weir.sh evidence --collector https://localhost:4318 --ca ca.crt --token-file token --namespace shop --out shop.weir-evidence",
  verify: "cmd/weir/weir.sh verify shop.weir-evidence --log-key ledger.vkey",
  settings: "kubectl -n weir-system get configmap weir-injection weir-public -o yaml > installation.yaml",
  databases: "kubectl get governeddatabases -A -o yaml > databases.yaml",
  explain: "cmd/weir/weir.sh inject --explain -f pod.yaml --settings installation.yaml --databases databases.yaml",
  inject:
    "cmd/weir/weir.sh inject -f pod.yaml --settings installation.yaml --databases databases.yaml | kubectl apply -f -",
  upgrade: "helm upgrade weir charts/weir --namespace weir-system --wait",
  end: "kubectl annotate namespace shop weir.dev/governance-",
  uninstall: "helm uninstall weir --namespace weir-system --wait",
} as const;
