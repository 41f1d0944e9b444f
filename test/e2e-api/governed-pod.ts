// A pod as the injector leaves it in namespace `shop`, with the databases of `databases.ts`: native, and legacy.
// biome-ignore lint/suspicious/noExplicitAny: pods are changed at will, also against their schema
export type Json = any;

export const image = "registry.example.com/weir@sha256:".concat("a".repeat(64));
export const keys = "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=";

const value = (name: string, text: string) => ({ name, value: text });
const field = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } });

function environment(namespace: string): Json[] {
  return [
    value(
      "WEIR_LISTENERS",
      `127.83.0.1:5432=${namespace}/billing,127.83.0.2:5433=${namespace}/orders,127.83.0.3:5432=${namespace}/vault`,
    ),
    value("WEIR_BUNDLE_URL", "https://weir-operator.weir-system.svc:443/v1/bundle"),
    value("WEIR_BUNDLE_TOKEN", "/var/run/weir/identity/token"),
    value("WEIR_BUNDLE_CA", "/var/run/weir/bundle/ca.crt"),
    value("WEIR_BUNDLE_KEYS", keys),
    value("WEIR_BUNDLE_FALLBACK", "/var/run/weir/bundle/bundle.json"),
    value("WEIR_BUNDLE_FOLDER", "/var/lib/weir/bundle"),
    value("WEIR_SPOOL_FOLDER", "/var/lib/weir/spool"),
    value("WEIR_RESOLVE", "Dns"),
    value("WEIR_ADMIN_LISTEN", ":9464"),
    value("WEIR_CLUSTER", "prod-eu"),
    value("WEIR_ENVIRONMENT", "production"),
    field("WEIR_NAMESPACE", "metadata.namespace"),
    field("WEIR_INSTANCE", "metadata.name"),
    value("WEIR_WORKLOAD", "Deployment/shop-api"),
    value("WEIR_COLLECTOR_URL", "https://weir-collector.weir-system.svc:4318"),
    value("WEIR_COLLECTOR_TOKEN", "/var/run/weir/identity/token"),
    value("WEIR_COLLECTOR_CA", "/var/run/weir/bundle/ca.crt"),
    value(
      "WEIR_UPSTREAM_LOGINS",
      '{"vault":{"userFile":"/var/run/weir/credentials/vault/username","passwordFile":"/var/run/weir/credentials/vault/password"}}',
    ),
  ];
}

const probe = (path: string, timing: Json) => ({ httpGet: { path, port: 9464 }, ...timing });

export function sidecar(namespace = "shop"): Json {
  return {
    name: "weir-sidecar",
    image,
    imagePullPolicy: "IfNotPresent",
    command: ["/weir/bin/weir-sidecar"],
    args: [],
    restartPolicy: "Always",
    env: environment(namespace),
    ports: [{ name: "weir-admin", containerPort: 9464, protocol: "TCP" }],
    resources: { requests: { cpu: "20m", memory: "160Mi" }, limits: { memory: "512Mi" } },
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 13306,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
      seccompProfile: { type: "RuntimeDefault" },
    },
    volumeMounts: [
      { name: "weir-identity", mountPath: "/var/run/weir/identity", readOnly: true },
      { name: "weir-bundle", mountPath: "/var/run/weir/bundle", readOnly: true },
      { name: "weir-state", mountPath: "/var/lib/weir" },
      { name: "weir-credentials-vault", mountPath: "/var/run/weir/credentials/vault", readOnly: true },
    ],
    startupProbe: probe("/readyz", { periodSeconds: 1, failureThreshold: 120 }),
    readinessProbe: probe("/readyz", { periodSeconds: 10 }),
    livenessProbe: probe("/healthz", { periodSeconds: 10, failureThreshold: 6 }),
  };
}

const volumes = (): Json[] => [
  { name: "cache", emptyDir: {} },
  {
    name: "weir-identity",
    projected: {
      sources: [{ serviceAccountToken: { audience: "weir.dev/weir-system", expirationSeconds: 3600, path: "token" } }],
    },
  },
  { name: "weir-bundle", configMap: { name: "weir-bundle", optional: true } },
  { name: "weir-state", emptyDir: { sizeLimit: "1Gi" } },
  { name: "weir-credentials-vault", secret: { secretName: "vault-login" } },
];

export function governedPod(name = "good", namespace = "shop"): Json {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      namespace,
      labels: { app: "shop-api" },
      annotations: { "weir.dev/injected": "0.1.0", "weir.dev/databases": "billing,orders,vault" },
    },
    spec: {
      initContainers: [
        { name: "istio-init", image: "istio" },
        sidecar(namespace),
        { name: "migrate", image: "migrate" },
      ],
      containers: [
        { name: "app", image: "app", volumeMounts: [{ name: "cache", mountPath: "/cache" }] },
        { name: "helper", image: "helper" },
      ],
      hostAliases: [
        { ip: "10.1.2.3", hostnames: ["printer"] },
        { ip: "127.83.0.1", hostnames: ["billing.example.com"] },
        {
          ip: "127.83.0.2",
          hostnames: [
            "orders-db",
            `orders-db.${namespace}`,
            `orders-db.${namespace}.svc`,
            `orders-db.${namespace}.svc.cluster.local`,
          ],
        },
        {
          ip: "127.83.0.3",
          hostnames: ["vault-db.data", "vault-db.data.svc", "vault-db.data.svc.cluster.local"],
        },
      ],
      volumes: volumes(),
    },
  };
}

/** The sidecar first among the ordinary containers; they wait for its postStart. */
export function legacyPod(name = "good", namespace = "shop"): Json {
  const pod = governedPod(name, namespace);
  const { restartPolicy: _, ...container } = sidecar(namespace);
  const lifecycle = { postStart: { exec: { command: ["/weir/bin/weir-sidecar", "wait"] } } };
  pod.spec.initContainers = pod.spec.initContainers.filter((other: Json) => other.name !== "weir-sidecar");
  pod.spec.containers = [{ ...container, lifecycle }, ...pod.spec.containers];
  return pod;
}

/** As the injector would leave it, had it forgotten its container. */
export function sidecarless(name: string, namespace: string): Json {
  const pod = governedPod(name, namespace);
  pod.spec.initContainers = pod.spec.initContainers.filter((other: Json) => other.name !== "weir-sidecar");
  pod.spec.volumes = pod.spec.volumes.filter((volume: Json) => !volume.name.startsWith("weir-"));
  return pod;
}

export function plainPod(name = "plain", namespace = "shop"): Json {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace },
    spec: { containers: [{ name: "app", image: "app" }] },
  };
}

export const databases = (namespace = "shop"): Json[] =>
  [
    { name: "billing", spec: { engine: "PostgreSQL", host: "billing.example.com" } },
    { name: "orders", spec: { engine: "PostgreSQL", host: "orders-db", port: 5433 } },
    {
      name: "vault",
      spec: {
        engine: "PostgreSQL",
        host: "vault-db.data.svc.cluster.local",
        credentials: "Brokered",
        credentialsSecret: "vault-login",
      },
    },
    {
      name: "reports",
      spec: { engine: "PostgreSQL", host: "reports-db", workloads: { matchLabels: { app: "reports" } } },
    },
  ].map(({ name, spec }) => ({
    apiVersion: "weir.dev/v1alpha1",
    kind: "GovernedDatabase",
    metadata: { name, namespace },
    spec,
  }));
