// One change each to a pod that is governed as it should be, and what the refusal must say.
import type { Json } from "./governed-pod.ts";

export interface Mutation {
  readonly what: string;
  readonly change: (pod: Json) => void;
  readonly says: RegExp;
}

export const sidecarOf = (pod: Json): Json =>
  [...(pod.spec.initContainers ?? []), ...pod.spec.containers].find((c: Json) => c.name === "weir-sidecar");
const appOf = (pod: Json): Json => pod.spec.containers.find((c: Json) => c.name === "app");
const volumeOf = (pod: Json, name: string): Json => pod.spec.volumes.find((v: Json) => v.name === name);
const aliasOf = (pod: Json, ip: string): Json => pod.spec.hostAliases.find((a: Json) => a.ip === ip);
const envOf = (pod: Json, name: string): Json => sidecarOf(pod).env.find((e: Json) => e.name === name);

const m = (what: string, says: RegExp, change: (pod: Json) => void): Mutation => ({ what, change, says });
const side = (what: string, says: RegExp, change: (c: Json, pod: Json) => void): Mutation =>
  m(what, says, (pod) => change(sidecarOf(pod), pod));

const constants = [
  "WEIR_BUNDLE_URL",
  "WEIR_BUNDLE_TOKEN",
  "WEIR_BUNDLE_CA",
  "WEIR_BUNDLE_KEYS",
  "WEIR_BUNDLE_FALLBACK",
  "WEIR_BUNDLE_FOLDER",
  "WEIR_SPOOL_FOLDER",
  "WEIR_RESOLVE",
  "WEIR_ADMIN_LISTEN",
  "WEIR_CLUSTER",
  "WEIR_ENVIRONMENT",
];
const all = [
  "WEIR_LISTENERS",
  ...constants,
  "WEIR_NAMESPACE",
  "WEIR_INSTANCE",
  "WEIR_WORKLOAD",
  "WEIR_UPSTREAM_LOGINS",
];

const environment: readonly Mutation[] = [
  ...constants.map((name) =>
    m(`another value of ${name}`, new RegExp(`env\\[${name}\\]`), (pod) => {
      envOf(pod, name).value += "x";
    }),
  ),
  ...constants.map((name) =>
    m(`${name} from a Secret`, new RegExp(`env\\[${name}\\]`), (pod) => {
      delete envOf(pod, name).value;
      envOf(pod, name).valueFrom = { secretKeyRef: { name: "mine", key: "k" } };
    }),
  ),
  ...all.map((name) =>
    side(`without ${name}`, /weir: .*(env|WEIR_)/, (c) => {
      c.env = c.env.filter((e: Json) => e.name !== name);
    }),
  ),
  side("WEIR_NAMESPACE by value", /env\[WEIR_NAMESPACE\]/, (c) => {
    const e = c.env.find((x: Json) => x.name === "WEIR_NAMESPACE");
    delete e.valueFrom;
    e.value = "other";
  }),
  side("WEIR_INSTANCE of another field", /env\[WEIR_INSTANCE\]/, (c) => {
    c.env.find((x: Json) => x.name === "WEIR_INSTANCE").valueFrom.fieldRef.fieldPath = "metadata.uid";
  }),
  m("a workload that is none", /env\[WEIR_WORKLOAD\]/, (pod) => {
    envOf(pod, "WEIR_WORKLOAD").value = "shop-api";
  }),
  m("a workload from a field", /env\[WEIR_WORKLOAD\]/, (pod) => {
    delete envOf(pod, "WEIR_WORKLOAD").value;
    envOf(pod, "WEIR_WORKLOAD").valueFrom = { fieldRef: { fieldPath: "metadata.name" } };
  }),
  side("two variables in another order", /env must be/, (c) => {
    [c.env[1], c.env[2]] = [c.env[2], c.env[1]];
  }),
  side("NODE_OPTIONS", /env must be/, (c) => c.env.push({ name: "NODE_OPTIONS", value: "--require /cache/x.js" })),
  side("NODE_EXTRA_CA_CERTS in front", /env must be/, (c) =>
    c.env.unshift({ name: "NODE_EXTRA_CA_CERTS", value: "/x" }),
  ),
  side("a variable twice", /env must be/, (c) => c.env.push({ name: "WEIR_RESOLVE", value: "Dns" })),
  side("envFrom", /has the field envFrom/, (c) => {
    c.envFrom = [{ configMapRef: { name: "mine" } }];
  }),
];

const listeners = (what: string, says: RegExp, from: string | RegExp, to: string): Mutation =>
  m(what, says, (pod) => {
    envOf(pod, "WEIR_LISTENERS").value = envOf(pod, "WEIR_LISTENERS").value.replace(from, to);
  });

/** With the host aliases moved along, so that only the address itself is wrong. */
const moved = (what: string, from: string, to: string): Mutation =>
  m(what, /env\[WEIR_LISTENERS\]/, (pod) => {
    envOf(pod, "WEIR_LISTENERS").value = envOf(pod, "WEIR_LISTENERS").value.replace(from, to);
    aliasOf(pod, from).ip = to;
  });

const capture: readonly Mutation[] = [
  listeners("a listener of another namespace", /env\[WEIR_LISTENERS\]/, "shop/billing", "other/billing"),
  listeners("a database not listened for", /WEIR_LISTENERS.*shop\/billing/, /^[^,]*,/, ""),
  listeners("a listener of another port", /WEIR_LISTENERS.*shop\/orders with port 5433/, "5433", "5432"),
  moved("a listener on all addresses", "127.83.0.1", "0.0.0.0"),
  moved("a listener on the pod's own loopback", "127.83.0.1", "127.0.0.1"),
  moved("two databases on one address", "127.83.0.3", "127.83.0.1"),
  listeners("a database twice", /WEIR_LISTENERS/, /$/, ",127.83.0.9:5432=shop/billing"),
  listeners("two databases' addresses exchanged", /hostAliases/, "127.83.0.1:5432", "127.83.0.9:5432"),
  m("no host aliases", /hostAliases must lead/, (pod) => {
    delete pod.spec.hostAliases;
  }),
  ...["orders-db", "orders-db.shop", "orders-db.shop.svc", "orders-db.shop.svc.cluster.local"].map((name) =>
    m(`no host alias ${name}`, new RegExp(`hostAliases must lead ${name} to 127.83.0.2`), (pod) => {
      const alias = aliasOf(pod, "127.83.0.2");
      alias.hostnames = alias.hostnames.filter((other: string) => other !== name);
    }),
  ),
  ...["vault-db.data", "vault-db.data.svc", "vault-db.data.svc.cluster.local"].map((name) =>
    m(`no host alias ${name}`, new RegExp(`hostAliases must lead ${name} to 127.83.0.3`), (pod) => {
      const alias = aliasOf(pod, "127.83.0.3");
      alias.hostnames = alias.hostnames.filter((other: string) => other !== name);
    }),
  ),
  m("the alias of an external host elsewhere", /hostAliases must lead billing.example.com/, (pod) => {
    aliasOf(pod, "127.83.0.1").ip = "203.0.113.5";
  }),
  m("a host aliased twice", /hostAliases must lead billing.example.com to 127.83.0.1 and nowhere else/, (pod) => {
    pod.spec.hostAliases.unshift({ ip: "203.0.113.5", hostnames: ["billing.example.com"] });
  }),
  m("a host aliased to the right and to IPv6", /nowhere else/, (pod) => {
    pod.spec.hostAliases.push({ ip: "2001:db8::5", hostnames: ["billing.example.com"] });
  }),
  ...["/etc/hosts", "/etc/hosts/", "/etc//hosts", "//etc/./hosts"].map((mountPath) =>
    m(`a volume over ${mountPath}`, /\/etc\/hosts/, (pod) => {
      appOf(pod).volumeMounts.push({ name: "cache", mountPath, subPath: "hosts" });
    }),
  ),
  m("nameservers beside brokered credentials", /dnsConfig/, (pod) => {
    pod.spec.dnsConfig = { nameservers: ["203.0.113.5"] };
  }),
];

const container: readonly Mutation[] = [
  m("no sidecar at all", /initContainers has no weir-sidecar/, (pod) => {
    for (const list of ["initContainers", "containers"])
      pod.spec[list] = pod.spec[list].filter((c: Json) => c.name !== "weir-sidecar");
    pod.spec.volumes = pod.spec.volumes.filter((v: Json) => !v.name.startsWith("weir-"));
  }),
  side("the sidecar under another name", /weir-sidecar/, (c) => {
    c.name = "weir-sidecar2";
  }),
  side("another image", /image must be/, (c) => {
    c.image = "registry.example.com/weir:latest";
  }),
  side("the image of another repository", /image must be/, (c) => {
    c.image = c.image.replace("example.com", "evil.example.com");
  }),
  side("imagePullPolicy Never", /imagePullPolicy must be/, (c) => {
    c.imagePullPolicy = "Never";
  }),
  side("another command", /command must be/, (c) => {
    c.command = ["/bin/true"];
  }),
  side("more command", /command must be/, (c) => c.command.push("--inspect")),
  side("no command", /command must be/, (c) => {
    delete c.command;
  }),
  side("arguments", /has the field args/, (c) => {
    c.args = ["--config", "/cache/mine.yaml"];
  }),
  side("a working directory", /has the field workingDir/, (c) => {
    c.workingDir = "/cache";
  }),
  side("standard input", /has the field stdin/, (c) => {
    c.stdin = true;
  }),
  side("a terminal", /has the field (stdin, )?tty/, (c) => {
    c.tty = true;
  }),
  side("a block device", /volumeDevices|field/, (c, pod) => {
    pod.spec.volumes.push({ name: "disk", persistentVolumeClaim: { claimName: "disk" } });
    c.volumeDevices = [{ name: "disk", devicePath: "/dev/x" }];
  }),
  side("a preStop hook", /lifecycle must be/, (c) => {
    c.lifecycle = { preStop: { exec: { command: ["/bin/true"] } } };
  }),
  side("another terminationMessagePath", /terminationMessagePath must be/, (c) => {
    c.terminationMessagePath = "/var/run/weir/credentials/vault/password";
  }),
  side("no ports", /ports must be/, (c) => {
    delete c.ports;
  }),
  side("a host port", /ports must be/, (c) => {
    c.ports[0].hostPort = 9464;
  }),
  side("another port", /ports must be/, (c) => {
    c.ports[0].containerPort = 9465;
  }),
];

const security: readonly Mutation[] = (
  [
    ["root", "runAsUser", 0],
    ["another user", "runAsUser", 1000],
    ["a group", "runAsGroup", 1000],
    ["escalation", "allowPrivilegeEscalation", true],
    ["a writable root file system", "readOnlyRootFilesystem", false],
    ["no runAsNonRoot", "runAsNonRoot", undefined],
    ["no dropped capabilities", "capabilities", undefined],
    ["an added capability", "capabilities", { drop: ["ALL"], add: ["SYS_PTRACE"] }],
    ["no seccomp", "seccompProfile", { type: "Unconfined" }],
    ["SELinux options", "seLinuxOptions", { type: "spc_t" }],
    ["unmasked /proc", "procMount", "Unmasked"],
    ["an AppArmor profile", "appArmorProfile", { type: "Unconfined" }],
  ] as const
).map(([what, name, to]) =>
  side(what, /securityContext must be|hostUsers|procMount/, (c) => {
    c.securityContext[name] = to;
  }),
);

const probes: readonly Mutation[] = [
  ...["startupProbe", "readinessProbe", "livenessProbe"].flatMap((name) => [
    side(`no ${name}`, new RegExp(`${name} must be`), (c) => {
      delete c[name];
    }),
    side(`${name} that runs a command`, new RegExp(`${name} must be`), (c) => {
      c[name] = { exec: { command: ["/weir/bin/node", "-e", "1"] } };
    }),
    side(`${name} of another path`, new RegExp(`${name} must be`), (c) => {
      c[name].httpGet.path = "/metrics";
    }),
    side(`${name} of another host`, new RegExp(`${name} must be`), (c) => {
      c[name].httpGet.host = "203.0.113.5";
    }),
    side(`${name} of another port`, new RegExp(`${name} must be`), (c) => {
      c[name].httpGet.port = 80;
    }),
  ]),
];

const mounts: readonly Mutation[] = [
  ...[0, 1, 2, 3].map((index) =>
    side(`without mount ${index}`, /volumeMounts|must mount the Secret/, (c) => c.volumeMounts.splice(index, 1)),
  ),
  ...[0, 1, 2, 3].map((index) =>
    side(`mount ${index} elsewhere`, /volumeMounts|must mount the Secret/, (c) => {
      c.volumeMounts[index].mountPath += "x";
    }),
  ),
  ...[0, 1, 3].map((index) =>
    side(`mount ${index} writable`, /volumeMounts/, (c) => {
      c.volumeMounts[index].readOnly = false;
    }),
  ),
  side("a mount of the application's volume", /volumeMounts must be/, (c) =>
    c.volumeMounts.push({ name: "cache", mountPath: "/weir/bin" }),
  ),
  side("a subPath", /volumeMounts must be/, (c) => {
    c.volumeMounts[0].subPath = "x";
  }),
  side("a false API token mount", /volumeMounts must be/, (c) =>
    c.volumeMounts.push({ name: "cache", mountPath: "/var/run/secrets/kubernetes.io/serviceaccount", readOnly: true }),
  ),
  m("the application mounts weir-state", /container app: volumeMounts has a weir-\* volume/, (pod) =>
    appOf(pod).volumeMounts.push({ name: "weir-state", mountPath: "/x" }),
  ),
  m("the application mounts weir-identity", /container app: volumeMounts/, (pod) =>
    appOf(pod).volumeMounts.push({ name: "weir-identity", mountPath: "/x" }),
  ),
  m("the application mounts weir-credentials-vault", /container app: volumeMounts/, (pod) =>
    appOf(pod).volumeMounts.push({ name: "weir-credentials-vault", mountPath: "/x" }),
  ),
  m("an init container mounts weir-bundle", /container migrate: volumeMounts/, (pod) => {
    pod.spec.initContainers.find((c: Json) => c.name === "migrate").volumeMounts = [
      { name: "weir-bundle", mountPath: "/x" },
    ];
  }),
];

const volume = (what: string, says: RegExp, name: string, to: Json): Mutation =>
  m(what, says, (pod) => {
    for (const key of Object.keys(volumeOf(pod, name))) if (key !== "name") delete volumeOf(pod, name)[key];
    Object.assign(volumeOf(pod, name), to);
  });

const token = (audience: string, expirationSeconds = 3600, path = "token") => ({
  projected: { sources: [{ serviceAccountToken: { audience, expirationSeconds, path } }] },
});

const volumes: readonly Mutation[] = [
  m("our audience in the application's volume", /only weir-identity may hold a token/, (pod) =>
    pod.spec.volumes.push({ name: "mine", ...token("weir.dev/weir-system") }),
  ),
  volume("another audience in weir-identity", /weir-identity\] must be/, "weir-identity", token("other")),
  volume("a longer token", /weir-identity\] must be/, "weir-identity", token("weir.dev/weir-system", 86_400)),
  volume("a token elsewhere", /weir-identity\] must be/, "weir-identity", token("weir.dev/weir-system", 3600, "t")),
  volume("weir-identity from a Secret", /weir-identity\] must be/, "weir-identity", { secret: { secretName: "x" } }),
  volume("another ConfigMap as weir-bundle", /weir-bundle\] must be/, "weir-bundle", {
    configMap: { name: "mine", optional: true },
  }),
  volume("a required weir-bundle", /weir-bundle\] must be/, "weir-bundle", { configMap: { name: "weir-bundle" } }),
  volume("items of weir-bundle", /weir-bundle\] must be/, "weir-bundle", {
    configMap: { name: "weir-bundle", optional: true, items: [{ key: "a", path: "ca.crt" }] },
  }),
  volume("weir-bundle from an emptyDir", /weir-bundle\] must be/, "weir-bundle", { emptyDir: {} }),
  volume("weir-state on the node", /weir-state\] must be/, "weir-state", { hostPath: { path: "/tmp" } }),
  volume("weir-state without limit", /weir-state\] must be/, "weir-state", { emptyDir: {} }),
  volume("weir-state in a claim", /weir-state\] must be/, "weir-state", { persistentVolumeClaim: { claimName: "x" } }),
  volume("another Secret as credentials", /must mount the Secret vault-login/, "weir-credentials-vault", {
    secret: { secretName: "mine" },
  }),
  volume("credentials from the node", /weir-credentials-\*\] must be|must mount the Secret/, "weir-credentials-vault", {
    hostPath: { path: "/tmp" },
  }),
  m("a weir- volume that we do not know", /weir-mine.*Remedy: rename/, (pod) =>
    pod.spec.volumes.push({ name: "weir-mine", emptyDir: {} }),
  ),
];

const from = (what: string, source: Json): Mutation =>
  m(`the brokered Secret by ${what}`, /spec.volumes mounts the Secret vault-login/, (pod) =>
    pod.spec.volumes.push({ name: "mine", ...source }),
  );

const secrets: readonly Mutation[] = [
  from("a volume", { secret: { secretName: "vault-login" } }),
  from("a projected volume", { projected: { sources: [{ secret: { name: "vault-login" } }] } }),
  from("a CSI volume", { csi: { driver: "x.example.com", nodePublishSecretRef: { name: "vault-login" } } }),
  from("a flex volume", { flexVolume: { driver: "x/y", secretRef: { name: "vault-login" } } }),
  m("the brokered Secret in env", /env or envFrom.*vault-login/, (pod) => {
    appOf(pod).env = [{ name: "P", valueFrom: { secretKeyRef: { name: "vault-login", key: "password" } } }];
  }),
  m("the brokered Secret in envFrom", /env or envFrom.*vault-login/, (pod) => {
    appOf(pod).envFrom = [{ secretRef: { name: "vault-login" } }];
  }),
  m("the brokered Secret in an init container's env", /env or envFrom.*vault-login/, (pod) => {
    pod.spec.initContainers.find((c: Json) => c.name === "migrate").env = [
      { name: "P", valueFrom: { secretKeyRef: { name: "vault-login", key: "password" } } },
    ];
  }),
  m("a password file elsewhere", /env\[WEIR_UPSTREAM_LOGINS\]/, (pod) => {
    const entry = envOf(pod, "WEIR_UPSTREAM_LOGINS");
    entry.value = JSON.stringify({ "shop/x": { user: "x", passwordFile: "/proc/self/environ" } });
  }),
  m("a user name instead of a file", /env\[WEIR_UPSTREAM_LOGINS\]/, (pod) => {
    const entry = envOf(pod, "WEIR_UPSTREAM_LOGINS");
    entry.value = '{"vault":{"user":"root","passwordFile":"/var/run/weir/credentials/vault/password"}}';
  }),
  m("a login of another database's", /env\[WEIR_UPSTREAM_LOGINS\]/, (pod) => {
    const entry = envOf(pod, "WEIR_UPSTREAM_LOGINS");
    entry.value = entry.value.replace('"vault"', '"billing"');
  }),
  m("a login twice", /env\[WEIR_UPSTREAM_LOGINS\]/, (pod) => {
    const entry = envOf(pod, "WEIR_UPSTREAM_LOGINS");
    entry.value = entry.value.replace(/^\{(.*)\}$/, "{$1,$1}");
  }),
  m("no logins at all", /env\[WEIR_UPSTREAM_LOGINS\]/, (pod) => {
    envOf(pod, "WEIR_UPSTREAM_LOGINS").value = "{}";
  }),
  m("a password file that climbs out", /env\[WEIR_UPSTREAM_LOGINS\]/, (pod) => {
    const entry = envOf(pod, "WEIR_UPSTREAM_LOGINS");
    entry.value = entry.value.replace("vault/password", "vault/../../identity/token");
  }),
];

const pod: readonly Mutation[] = [
  m("hostNetwork", /hostNetwork/, (p) => {
    p.spec.hostNetwork = true;
    for (const port of sidecarOf(p).ports) port.hostPort = port.containerPort;
  }),
  m("shareProcessNamespace", /shareProcessNamespace/, (p) => {
    p.spec.shareProcessNamespace = true;
  }),
  m("hostPID", /hostPID/, (p) => {
    p.spec.hostPID = true;
  }),
  m("opting out without a reason", /weir.dev\/inject-reason/, (p) => {
    p.metadata.annotations["weir.dev/inject"] = "false";
  }),
  m("opting out with an empty reason", /weir.dev\/inject-reason/, (p) => {
    Object.assign(p.metadata.annotations, { "weir.dev/inject": "false", "weir.dev/inject-reason": "  " });
  }),
  m("more containers than can be judged", /larger than the admission policies can judge/, (p) => {
    for (let n = 0; n < 70; n++) p.spec.containers.push({ name: `c${n}`, image: "x" });
  }),
  m("the mirror pod's annotation, by a user", /initContainers has no weir-sidecar|mirror|nodeName/, (p) => {
    p.metadata.annotations["kubernetes.io/config.mirror"] = "x";
    p.spec.initContainers = [];
    p.spec.volumes = [];
  }),
];

export const mutations: readonly Mutation[] = [
  ...container,
  ...environment,
  ...capture,
  ...security,
  ...probes,
  ...mounts,
  ...volumes,
  ...secrets,
  ...pod,
];

export const nativeOnly: readonly Mutation[] = [
  side("an init container that ends", /restartPolicy must be/, (c) => {
    delete c.restartPolicy;
    for (const name of ["startupProbe", "readinessProbe", "livenessProbe"]) delete c[name];
  }),
  m("after a user's init container", /its place must be/, (p) => {
    p.spec.initContainers.reverse();
  }),
];

export const legacyOnly: readonly Mutation[] = [
  m("after the application", /its place must be/, (p) => {
    p.spec.containers.reverse();
  }),
  side("without the wait", /lifecycle must be/, (c) => {
    delete c.lifecycle;
  }),
  side("with another command after start", /lifecycle must be/, (c) => {
    c.lifecycle.postStart.exec.command = ["/bin/true"];
  }),
];
