// Changes to the sidecar's container.
import type { Json } from "./governed-pod.ts";
import { envOf, type Mutation, m, side } from "./mutation.ts";

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
  "WEIR_COLLECTOR_URL",
  "WEIR_COLLECTOR_TOKEN",
  "WEIR_COLLECTOR_CA",
];
const all = [
  "WEIR_LISTENERS",
  ...constants,
  "WEIR_NAMESPACE",
  "WEIR_INSTANCE",
  "WEIR_WORKLOAD",
  "WEIR_UPSTREAM_LOGINS",
];

export const environment: readonly Mutation[] = [
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
  side("LD_PRELOAD beside a cloud's variables", /env must be/, (c) =>
    c.env.push({ name: "AWS_REGION", value: "eu-west-1" }, { name: "LD_PRELOAD", value: "/x.so" }),
  ),
  side("a cloud's variable from a Secret", /env must be/, (c) =>
    c.env.push({ name: "AWS_REGION", valueFrom: { secretKeyRef: { name: "mine", key: "k" } } }),
  ),
  side("a cloud's mount at another path", /volumeMounts must be/, (c, pod) => {
    pod.spec.volumes.push({ name: "aws-iam-token", emptyDir: {} });
    c.volumeMounts.push({ name: "aws-iam-token", mountPath: "/var/run/weir/bundle/x", readOnly: true });
  }),
  side("a cloud's mount that can be written", /volumeMounts must be/, (c, pod) => {
    pod.spec.volumes.push({ name: "aws-iam-token", emptyDir: {} });
    c.volumeMounts.push({ name: "aws-iam-token", mountPath: "/var/run/secrets/eks.amazonaws.com/serviceaccount" });
  }),
  side("another way to prove itself to the collector", /env must be/, (c) =>
    c.env.push({ name: "WEIR_COLLECTOR_CERTIFICATE", value: "/cache/x.pem" }),
  ),
  side("envFrom", /has the field envFrom/, (c) => {
    c.envFrom = [{ configMapRef: { name: "mine" } }];
  }),
];

export const container: readonly Mutation[] = [
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
  side("a claim of a device", /resources must be/, (c, pod) => {
    pod.spec.resourceClaims = [{ name: "device", resourceClaimName: "mine" }];
    c.resources = { ...c.resources, claims: [{ name: "device" }] };
  }),
  side("a device of a plug-in", /resources must be/, (c) => {
    c.resources = { requests: { "example.com/device": "1" }, limits: { "example.com/device": "1" } };
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

export const security: readonly Mutation[] = (
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

export const probes: readonly Mutation[] = [
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
