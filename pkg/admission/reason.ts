// Why a pod is not given the sidecar. The names are stable: they are metric labels, audit annotations and what documentation
// and people search for. Each comes with what it means and what to do.

export const reasons = {
  NotAPodCreation: {
    means: "the request does not create a pod",
    remedy: "nothing: the sidecar is put in when a pod is created",
  },
  ProtectedNamespace: {
    means: "the cluster's own namespaces and Weir's are never touched",
    remedy: "run the workload in a namespace of its own",
  },
  NamespaceUnknown: {
    means: "the namespace is not known to this operator yet",
    remedy: "the pod's controller tries again; if it stays so, look at the operator's /readyz",
  },
  NotGoverned: {
    means: "the namespace has not opted in",
    remedy: "kubectl annotate namespace NAME weir.dev/governance=enabled",
  },
  OptedOut: {
    means: "the pod opts out and gives its reason",
    remedy: "remove the annotation weir.dev/inject, or forbid it with injection.optOut=Denied",
  },
  MirrorPod: {
    means: "a static pod is the kubelet's own and cannot be changed",
    remedy: "run it as a Deployment or DaemonSet",
  },
  HostNetwork: {
    means: "with hostNetwork the pod shares the node's loopback addresses with other pods",
    remedy: "remove hostNetwork, or use a Weir gateway",
  },
  WindowsPod: { means: "the sidecar runs on Linux only", remedy: "use a Weir gateway for Windows pods" },
  NoDatabases: {
    means: "no GovernedDatabase of the namespace is for this pod",
    remedy: "create a GovernedDatabase, or widen its spec.workloads",
  },
  TooManyDatabases: {
    means: "the namespace has more GovernedDatabases than a pod can take",
    remedy: "split the namespace, or narrow spec.workloads",
  },
  NoBundleKeys: {
    means: "the keys that bundles are signed with are not known yet, so the sidecar could trust none",
    remedy: "the pod's controller tries again; if it stays so, look at the controller role of weir-operator",
  },
  SidecarNameCollision: {
    means: "the pod has a container weir-sidecar that is not the one Weir would put in",
    remedy: "remove it from the pod's template",
  },
  VolumeNameCollision: {
    means: "the pod has a volume by a name that Weir uses",
    remedy: "rename the volume; names that begin with weir- are Weir's",
  },
  HostAliasCollision: {
    means: "the pod's own hostAliases lead a database's name, or an address of Weir's, elsewhere",
    remedy: "remove these names from the pod's hostAliases",
  },
  PortCollision: {
    means: "a container of the pod listens on a port that the sidecar needs",
    remedy:
      "if the pod is the database itself, annotate it with weir.dev/inject=false and weir.dev/inject-reason; else change the port",
  },
  BrokeredWithoutSecret: {
    means: "a GovernedDatabase is Brokered and names no credentialsSecret",
    remedy: "set spec.credentialsSecret to a Secret with username and password",
  },
} as const satisfies Readonly<Record<string, { readonly means: string; readonly remedy: string }>>;

export type Reason = keyof typeof reasons;

/** What a pod's author should know although the pod gets its sidecar. */
export type WarningName =
  | "OptOutWithoutReason"
  | "OptOutDenied"
  | "UnknownAnnotationValue"
  | "NativeUnsupported"
  | "InitContainersUngoverned"
  | "JobMayNotEnd"
  | "MeshStartsLater"
  | "SidecarNotFirst"
  | "DatabaseByAddress"
  | "DatabaseUnreachable"
  | "SharedProcessNamespace"
  | "QosClassChanges";

export interface Warning {
  readonly name: WarningName;
  readonly text: string;
}
