// Changes around the sidecar: capture, mounts, volumes, secrets, the pod itself.
import type { Json } from "./governed-pod.ts";
import { aliasOf, appOf, envOf, type Mutation, m, side, sidecarOf, volumeOf } from "./mutation.ts";

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

/** Listeners and aliases beyond number, and none for `orders`. */
function floodWithoutOrders(pod: Json, listeners: number): void {
  flood(pod, listeners);
  const entry = envOf(pod, "WEIR_LISTENERS");
  entry.value = entry.value.replace(",127.83.0.2:5433=shop/orders", "");
  pod.spec.hostAliases = pod.spec.hostAliases.filter((alias: Json) => alias.ip !== "127.83.0.2");
}

/** Listeners and aliases beyond number. */
function flood(pod: Json, listeners: number): void {
  const many = <T>(count: number, make: (index: number) => T) => Array.from({ length: count }, (_, n) => make(n));
  const more = many(listeners, (n) => `127.83.${1 + Math.floor(n / 250)}.${1 + (n % 250)}:5433=shop/a${n}`);
  const entry = envOf(pod, "WEIR_LISTENERS");
  entry.value = [entry.value, ...more].join(",");
  pod.spec.hostAliases.push(
    ...many(250, (n) => ({ ip: `10.0.0.${n}`, hostnames: many(60, (each) => `h${n}-${each}.example.com`) })),
  );
}

export const capture: readonly Mutation[] = [
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
  ...["weir-operator.weir-system.svc", "weir-collector.weir-system.svc"].map((name) =>
    m(`${name} led elsewhere`, /hostAliases leads .*, where weir-sidecar gets its policies/, (pod) => {
      pod.spec.hostAliases.push({ ip: "127.0.0.1", hostnames: [name] });
    }),
  ),
  m("a host aliased twice", /hostAliases must lead billing.example.com to 127.83.0.1 and nowhere else/, (pod) => {
    pod.spec.hostAliases.unshift({ ip: "203.0.113.5", hostnames: ["billing.example.com"] });
  }),
  m("a host aliased to the right and to IPv6", /nowhere else/, (pod) => {
    pod.spec.hostAliases.push({ ip: "2001:db8::5", hostnames: ["billing.example.com"] });
  }),
  m("a search domain beside brokered credentials", /dnsConfig/, (pod) => {
    pod.spec.dnsConfig = { searches: ["example.org"] };
  }),
  m("an address that others may read as octal", /env\[WEIR_LISTENERS\]/, (pod) => {
    aliasOf(pod, "127.83.0.2").ip = "127.83.0.02";
    const entry = envOf(pod, "WEIR_LISTENERS");
    entry.value = entry.value.replace("127.83.0.2", "127.83.0.02");
  }),
  m("as many listeners and aliases as may be, but one", /WEIR_LISTENERS.*shop\/orders with port 5433/, (pod) => {
    floodWithoutOrders(pod, 248);
  }),
  m("more listeners than can be judged", /WEIR_LISTENERS.*at most 250/, (pod) => {
    flood(pod, 300);
  }),
  ...["/etc/hosts", "/etc/hosts/", "/etc//hosts", "//etc/./hosts", "/./etc/hosts/.", "/etc/../etc/hosts"].map(
    (mountPath) =>
      m(`a volume over ${mountPath}`, /\/etc\/hosts/, (pod) => {
        appOf(pod).volumeMounts.push({ name: "cache", mountPath, subPath: "hosts" });
      }),
  ),
  m("nameservers beside brokered credentials", /dnsConfig/, (pod) => {
    pod.spec.dnsConfig = { nameservers: ["203.0.113.5"] };
  }),
];

export const mounts: readonly Mutation[] = [
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

export const volumes: readonly Mutation[] = [
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

export const secrets: readonly Mutation[] = [
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

export const pod: readonly Mutation[] = [
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
