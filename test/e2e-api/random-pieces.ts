// What may be put into a pod at random: things of which a policy could think wrongly.
import type { Json } from "./governed-pod.ts";

export type Random = () => number;

export const pick = <T>(random: Random, of: readonly T[]): T => of[Math.floor(random() * of.length)]!;

const hosts = [
  "orders-db",
  "Orders-DB",
  "orders-db.shop",
  "billing.example.com",
  "vault-db.data",
  "reports-db",
  "printer",
  "localhost",
];
const names = [
  "weir-sidecar",
  "weir-state",
  "weir-identity",
  "weir-bundle",
  "weir-credentials-vault",
  "weir-x",
  "kube-api-access-a",
  "istio-init",
  "aws-iam-token",
  "cache",
];
const secrets = ["vault-login", "other"];
const paths = [
  "/etc/hosts",
  "/etc/./hosts",
  "/cache",
  "/var/lib/weir",
  "/var/run/weir/credentials/vault",
  "/var/run/weir/credentials/orders",
  "/var/run/secrets/eks.amazonaws.com/serviceaccount",
  "/var/run/secrets/kubernetes.io/serviceaccount",
  "/x/../etc/hosts",
];
export const texts = [
  ...hosts,
  ...names,
  ...secrets,
  ...paths,
  "",
  "Always",
  "OnFailure",
  "127.83.0.1",
  "127.83.0.9",
  "weir.dev/weir-system",
  "File",
  "FallbackToLogsOnError",
  "false",
  "{}",
  "{{}}",
  "127.83.0.9:5432=shop/vault",
  "$(X)",
  "TCP",
  "reports",
];
const variables = ["WEIR_UPSTREAM_LOGINS", "WEIR_LISTENERS", "WEIR_CLUSTER", "AWS_REGION", "NODE_OPTIONS", "X"];

export const snippets: Readonly<Record<string, (r: Random) => Json>> = {
  volumes: (r) => ({ name: pick(r, names), ...source(r) }),
  volumeMounts: (r) => ({
    name: pick(r, names),
    mountPath: pick(r, paths),
    ...(r() < 0.5 && { readOnly: true }),
    ...(r() < 0.3 && { subPath: pick(r, ["a", "etc/hosts"]) }),
    ...(r() < 0.1 && { mountPropagation: "HostToContainer" }),
    ...(r() < 0.1 && { recursiveReadOnly: "Disabled" }),
  }),
  env: (r) => ({
    name: pick(r, variables),
    ...(r() < 0.6
      ? { value: pick(r, texts) }
      : {
          valueFrom: pick<Json>(r, [
            { secretKeyRef: { name: pick(r, secrets), key: "k" } },
            { fieldRef: { fieldPath: "metadata.name" } },
          ]),
        }),
  }),
  envFrom: (r) => pick<Json>(r, [{ secretRef: { name: pick(r, secrets) } }, { configMapRef: { name: "c" } }]),
  hostAliases: (r) => ({
    ip: pick(r, ["127.83.0.1", "127.83.0.2", "127.83.0.3", "127.83.0.4", "127.83.0.9", "10.0.0.1"]),
    hostnames: [pick(r, hosts), pick(r, hosts)],
  }),
  hostnames: (r) => pick(r, hosts),
  containers: (r) => ({ name: pick(r, [...names, "b"]), image: "x" }),
  initContainers: (r) => ({
    name: pick(r, [...names, "b"]),
    image: "x",
    ...(r() < 0.5 && { restartPolicy: "Always" }),
  }),
  ephemeralContainers: (r) => ({ name: pick(r, ["d", "e"]), image: "x", ...ephemeral(r) }),
  ports: () => ({ containerPort: 9464, protocol: "TCP" }),
  add: (r) => pick(r, ["NET_ADMIN", "SYS_PTRACE", "net_raw", "KILL"]),
};

function ephemeral(r: Random): Json {
  return pick<Json>(r, [
    {},
    { targetContainerName: "weir-sidecar" },
    { volumeMounts: [{ name: pick(r, names), mountPath: "/x" }] },
    { env: [snippets.env!(r)] },
    { envFrom: [snippets.envFrom!(r)] },
    { securityContext: { privileged: true } },
  ]);
}

function source(r: Random): Json {
  const token = { serviceAccountToken: { audience: pick(r, ["weir.dev/weir-system", "other"]), path: "token" } };
  return pick<Json>(r, [
    { emptyDir: {} },
    { emptyDir: { medium: "Memory" } },
    { secret: { secretName: pick(r, secrets) } },
    { secret: { secretName: pick(r, secrets), items: [{ key: "k", path: "p" }] } },
    { projected: { sources: [token] } },
    { projected: { sources: [{ secret: { name: pick(r, secrets) } }, token] } },
    { configMap: { name: "weir-bundle", optional: true } },
    { hostPath: { path: pick(r, ["/", "/etc/localtime"]) } },
    { csi: { driver: "d", nodePublishSecretRef: { name: pick(r, secrets) } } },
    { azureFile: { secretName: pick(r, secrets), shareName: "s" } },
    { persistentVolumeClaim: { claimName: "p" } },
    { image: { reference: "x" } },
  ]);
}

/** What may be put beside other fields of the pod, a container, its metadata. */
export const fields: readonly ((pod: Json, r: Random) => void)[] = [
  ...["hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace", "hostUsers"].map(
    (name) => (pod: Json, r: Random) => {
      pod.spec[name] = r() < 0.7;
    },
  ),
  (pod, r) => {
    pod.spec.dnsConfig = pick<Json>(r, [
      {},
      { options: [{ name: "ndots" }] },
      { nameservers: ["10.0.0.1"] },
      { searches: ["x.y"] },
    ]);
  },
  (pod, r) => {
    pod.spec.automountServiceAccountToken = r() < 0.5;
  },
  (pod, r) => {
    pod.metadata.labels = pick<Json>(r, [
      {},
      { app: "reports" },
      { app: "" },
      { app: "shop-api" },
      { tier: "x", app: "reports" },
    ]);
  },
  (pod, r) => {
    pod.metadata.annotations ??= {};
    Object.assign(
      pod.metadata.annotations,
      pick<Json>(r, [
        { "weir.dev/inject": "false" },
        { "weir.dev/inject": "false", "weir.dev/inject-reason": "x" },
        { "weir.dev/inject": "true" },
        { "weir.dev/sidecar-mode": "legacy" },
        { "kubernetes.io/config.mirror": "x" },
      ]),
    );
  },
  (pod, r) => {
    const container = pick(r, containersOf(pod));
    Object.assign(
      container,
      pick<Json>(r, [
        { securityContext: { privileged: true } },
        { securityContext: { capabilities: { add: [snippets.add!(r)] } } },
        { lifecycle: { postStart: { exec: { command: ["x"] } } } },
        { args: ["x"] },
        { workingDir: "/x" },
        { tty: true },
        { stdin: true, stdinOnce: true },
        { terminationMessagePolicy: "FallbackToLogsOnError" },
        { resources: { limits: { memory: "1Gi" } } },
        { resources: { limits: { "example.com/gpu": "1" } } },
        { startupProbe: { exec: { command: ["x"] } } },
        { imagePullPolicy: "Always" },
        { restartPolicy: "Always" },
        { volumeDevices: [{ name: "cache", devicePath: "/dev/x" }] },
        { resizePolicy: [{ resourceName: "cpu", restartPolicy: "NotRequired" }] },
        { command: ["/weir/bin/weir-sidecar"] },
        { env: [] },
      ]),
    );
  },
];

export function containersOf(pod: Json): Json[] {
  return [...(pod.spec.initContainers ?? []), ...pod.spec.containers, ...(pod.spec.ephemeralContainers ?? [])];
}
