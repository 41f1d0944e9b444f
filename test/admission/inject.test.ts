import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { applyPatch } from "../../pkg/admission/apply-patch.ts";
import { inject } from "../../pkg/admission/inject.ts";
import type { JsonObject } from "../../pkg/admission/json.ts";
import { type Reason, reasons } from "../../pkg/admission/reason.ts";
import type { InjectionSettings } from "../../pkg/admission/settings.ts";
import { expectedSidecar } from "../../pkg/admission/sidecar.ts";
import { databases, databasesIn, injectInto, type Loose, settings, shape } from "../support/injection.ts";

const app = { name: "app", image: "app:1" };
const pod = (spec: JsonObject = {}, metadata: JsonObject = {}): JsonObject => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "web", namespace: "shop", ...metadata },
  spec: { containers: [app], ...spec },
});
const annotated = (annotations: JsonObject, spec: JsonObject = {}) => pod(spec, { annotations });

function reasonOf(what: JsonObject, into: Partial<InjectionSettings> = {}): Reason | null {
  const outcome = injectInto(what, { ...settings, ...into });
  return outcome.injected ? null : outcome.reason;
}

function warningsOf(what: JsonObject, into: Partial<InjectionSettings> = {}): readonly string[] {
  const outcome = injectInto(what, { ...settings, ...into });
  if (!outcome.injected) throw new Error(outcome.message);
  return outcome.warnings.map(({ name }) => name);
}

const others: readonly (readonly [Reason, JsonObject, Partial<InjectionSettings>?])[] = [
  ["ProtectedNamespace", pod({}, { namespace: "kube-system" })],
  ["ProtectedNamespace", pod({}, { namespace: "weir-system" })],
  ["MirrorPod", annotated({ "kubernetes.io/config.mirror": "abc" })],
  ["HostNetwork", pod({ hostNetwork: true })],
  ["WindowsPod", pod({ os: { name: "windows" } })],
  ["WindowsPod", pod({ nodeSelector: { "kubernetes.io/os": "windows" } })],
  ["OptedOut", annotated({ "weir.dev/inject": "false", "weir.dev/inject-reason": "a load generator" })],
  ["NoDatabases", pod({}, { namespace: "empty" })],
  ["NoBundleKeys", pod(), { bundleKeys: [] }],
  ["SidecarNameCollision", pod({ initContainers: [{ name: "weir-sidecar", image: "mine" }] })],
  ["SidecarNameCollision", pod({ containers: [app, { name: "weir-sidecar", image: "mine" }] })],
  ["VolumeNameCollision", pod({ volumes: [{ name: "weir-state", hostPath: { path: "/" } }] })],
  ["HostAliasCollision", pod({ hostAliases: [{ ip: "10.0.0.1", hostnames: ["x", "Postgres-Orders.shop.svc"] }] })],
  ["HostAliasCollision", pod({ hostAliases: [{ ip: "127.83.0.1", hostnames: ["x"] }] })],
  ["PortCollision", pod({ containers: [{ ...app, ports: [{ containerPort: 5432 }] }] })],
  ["PortCollision", pod({ containers: [{ ...app, ports: [{ containerPort: 9464, protocol: "TCP" }] }] })],
];

test.each(others.map(([reason, what, into = {}]) => ({ reason, what, into })))(
  "$reason: $what",
  ({ reason, what, into }) => {
    expect(reasonOf(what, into)).toBe(reason);
  },
);

test("what only looks like a reason is none", () => {
  expect(reasonOf(pod())).toBeNull();
  expect(reasonOf(pod({ hostNetwork: false, os: { name: "linux" } }))).toBeNull();
  expect(reasonOf(pod({ containers: [{ ...app, ports: [{ containerPort: 9464, protocol: "UDP" }] }] }))).toBeNull();
  expect(reasonOf(annotated({ "weir.dev/injected": "0.1.0" }))).toBeNull();
});

test("a namespace that has not opted in, and one that is not known", () => {
  const given = (annotations: Record<string, string> | null) =>
    inject({ pod: pod(), settings, namespace: { name: "shop", annotations }, databases });
  expect(given({})).toMatchObject({ injected: false, reason: "NotGoverned" });
  expect(given({ "weir.dev/governance": "disabled" })).toMatchObject({ reason: "NotGoverned" });
  expect(given(null)).toMatchObject({ reason: "NamespaceUnknown" });
});

test("a Brokered database needs its Secret, and a namespace has a bound", () => {
  const spec = "{engine: PostgreSQL, host: db, credentials: Brokered}";
  const of = (count: number, text: string) =>
    databasesIn(
      Array.from(
        { length: count },
        (_, i) => `apiVersion: weir.dev/v1alpha1\nkind: GovernedDatabase\nmetadata: {name: d${i}}\nspec: ${text}\n`,
      ).join("---\n"),
    );
  const given = (list: ReturnType<typeof of>) =>
    inject({
      pod: pod(),
      settings,
      namespace: { name: "default", annotations: { "weir.dev/governance": "enabled" } },
      databases: list,
    });
  expect(given(of(1, spec))).toMatchObject({ reason: "BrokeredWithoutSecret", about: "d0" });
  expect(given(of(251, "{engine: PostgreSQL, host: db}"))).toMatchObject({ reason: "TooManyDatabases" });
});

test("every reason has a test, a meaning and a remedy", () => {
  const tested = new Set([
    ...others.map(([reason]) => reason),
    "NotGoverned",
    "NamespaceUnknown",
    "BrokeredWithoutSecret",
    "TooManyDatabases",
    "NotAPodCreation",
  ]);
  expect(Object.keys(reasons).filter((name) => !tested.has(name as Reason))).toEqual([]);
  for (const { means, remedy } of Object.values(reasons)) expect([means, remedy]).not.toContain("");
});

test("an opt-out without a reason, or against the installation, is told and not followed", () => {
  const out = { "weir.dev/inject": "false" };
  expect(warningsOf(annotated(out))).toEqual(["OptOutWithoutReason"]);
  expect(warningsOf(annotated({ ...out, "weir.dev/inject-reason": " " }))).toEqual(["OptOutWithoutReason"]);
  expect(warningsOf(annotated({ ...out, "weir.dev/inject-reason": "x" }), { optOut: "Denied" })).toEqual([
    "OptOutDenied",
  ]);
  expect(warningsOf(annotated({ "weir.dev/inject": "no" }))).toEqual(["UnknownAnnotationValue"]);
});

test("a pod may choose its mode, as far as the cluster can", () => {
  const modeWith = (asked: string, into: Partial<InjectionSettings> = {}) => {
    const outcome = injectInto(annotated({ "weir.dev/sidecar-mode": asked }), { ...settings, ...into });
    return outcome.injected ? [outcome.mode, ...outcome.warnings.map(({ name }) => name)] : outcome.message;
  };
  expect(modeWith("legacy")).toEqual(["legacy"]);
  expect(modeWith("native", { mode: "legacy" })).toEqual(["native"]);
  expect(modeWith("native", { nativeSidecars: false })).toEqual(["legacy", "NativeUnsupported"]);
  expect(modeWith("quick")).toEqual(["native", "UnknownAnnotationValue"]);
});

test("an existing sidecar in the other mode is accepted where it is equal", () => {
  const legacy = injectInto(pod(), { ...settings, mode: "legacy" });
  if (!legacy.injected) throw new Error(legacy.message);
  expect(injectInto(applyPatch(pod(), legacy.operations))).toMatchObject({ injected: true, operations: [] });
});

test("what the API server and its plug-ins add between two calls makes the sidecar no other", () => {
  const once = injectInto(shape("django-migrate"));
  if (!once.injected) throw new Error(once.message);
  const patched = structuredClone(applyPatch(shape("django-migrate"), once.operations)) as Loose;
  const [sidecar] = patched.spec.initContainers;
  sidecar.terminationMessagePath = "/dev/termination-log";
  sidecar.terminationMessagePolicy = "File";
  for (const name of ["startupProbe", "readinessProbe", "livenessProbe"])
    sidecar[name] = { timeoutSeconds: 1, successThreshold: 1, failureThreshold: 3, ...sidecar[name] };
  sidecar.volumeMounts.push({
    name: "kube-api-access-x2x9k",
    mountPath: "/var/run/secrets/kubernetes.io/serviceaccount",
    readOnly: true,
  });
  sidecar.resources.limits.cpu = "1";
  sidecar.resources.requests.cpu = "0.020";
  for (const volume of patched.spec.volumes)
    for (const kind of ["projected", "configMap"]) if (volume[kind]) volume[kind].defaultMode = 420;
  expect(injectInto(patched)).toMatchObject({ injected: true, operations: [] });
});

test.each([
  ["image", (sidecar: Loose) => (sidecar.image = "other")],
  ["an argument", (sidecar: Loose) => (sidecar.args = ["--config=mine"])],
  ["a variable more", (sidecar: Loose) => sidecar.env.push({ name: "NODE_OPTIONS", value: "--require=/app/evil.js" })],
  ["a key", (sidecar: Loose) => (sidecar.env[4].value = "mine")],
  ["a mount", (sidecar: Loose) => sidecar.volumeMounts.push({ name: "app", mountPath: "/weir" })],
  ["root", (sidecar: Loose) => (sidecar.securityContext.runAsUser = 0)],
  ["a probe", (sidecar: Loose) => (sidecar.startupProbe.httpGet.port = 1)],
  ["less memory", (sidecar: Loose) => (sidecar.resources.limits.memory = "1Mi")],
  ["no restart", (sidecar: Loose) => delete sidecar.restartPolicy],
])("a sidecar that differs in %s is a collision", (_, change) => {
  const once = injectInto(pod());
  if (!once.injected) throw new Error(once.message);
  const patched = structuredClone(applyPatch(pod(), once.operations)) as Loose;
  change(patched.spec.initContainers[0]);
  expect(reasonOf(patched)).toBe("SidecarNameCollision");
});

test("expectedSidecar is what a pod gets", () => {
  const once = injectInto(pod());
  if (!once.injected) throw new Error(once.message);
  const patched = applyPatch(pod(), once.operations) as Loose;
  const ofShop = databases.filter(({ namespace, workloads }) => namespace === "shop" && workloads === null);
  const expected = expectedSidecar(settings, "shop", ofShop, { mode: "native", workload: "Pod/web" });
  expect(patched.spec.initContainers).toEqual([expected.container]);
  expect(patched.spec.volumes).toEqual(expected.volumes);
  expect(patched.spec.hostAliases).toEqual(expected.hostAliases);
});

test("warnings for what cannot be governed or is weakened", () => {
  expect(warningsOf(pod({ shareProcessNamespace: true }))).toEqual(["SharedProcessNamespace"]);
  expect(warningsOf(pod({ restartPolicy: "Never" }), { mode: "legacy" })).toEqual(["JobMayNotEnd"]);
  const fixed = { requests: { cpu: "1", memory: "1Gi" }, limits: { cpu: "1", memory: "1Gi" } };
  expect(warningsOf(pod({ containers: [{ ...app, resources: fixed }] }))).toEqual(["QosClassChanges"]);
});

test("docs/injection.md names every reason and every warning", () => {
  const page = readFileSync(resolve(import.meta.dirname, "../../docs/injection.md"), "utf8");
  for (const [name, { means, remedy }] of Object.entries(reasons))
    expect(page).toContain(`| \`${name}\` | ${means} | ${remedy} |`);
  const source = readFileSync(resolve(import.meta.dirname, "../../pkg/admission/reason.ts"), "utf8");
  for (const [, name] of source.matchAll(/^ {2}\| "(\w+)"/gm)) expect(page).toContain(`\`${name}\``);
});

describe("a pod's own resources for its sidecar", () => {
  const resourcesOf = (annotations: JsonObject) => {
    const what = annotated(annotations);
    const outcome = injectInto(what);
    if (!outcome.injected) throw new Error(outcome.message);
    const twice = injectInto(applyPatch(what, outcome.operations));
    expect(twice).toMatchObject({ injected: true, operations: [] });
    const { resources } = outcome.sidecar.container as { resources: unknown };
    return { resources, warnings: outcome.warnings.map(({ text }) => text) };
  };

  test("stand in place of the installation's", () => {
    const asked = {
      "weir.dev/sidecar-cpu-request": "100m",
      "weir.dev/sidecar-cpu-limit": "1",
      "weir.dev/sidecar-memory-request": "256Mi",
      "weir.dev/sidecar-memory-limit": "1Gi",
    };
    expect(resourcesOf(asked)).toEqual({
      resources: { requests: { cpu: "100m", memory: "256Mi" }, limits: { cpu: "1", memory: "1Gi" } },
      warnings: [],
    });
  });

  test("a request is never above its limit: the one that was asked for wins", () => {
    expect(resourcesOf({ "weir.dev/sidecar-memory-limit": "128Mi" }).resources).toMatchObject({
      requests: { memory: "128Mi" },
      limits: { memory: "128Mi" },
    });
    expect(resourcesOf({ "weir.dev/sidecar-memory-request": "2Gi" }).resources).toMatchObject({
      requests: { memory: "2Gi" },
      limits: { memory: "2Gi" },
    });
  });

  test.each([
    ["cpu-limit", "17"],
    ["cpu-limit", "1m"],
    ["cpu-request", "-1"],
    ["memory-limit", "16Mi"],
    ["memory-limit", "1e99"],
    ["memory-request", "500m"],
    ["memory-request", "lots"],
  ])("%s: %s is not followed, and the pod is told", (name, value) => {
    const { resources, warnings } = resourcesOf({ [`weir.dev/sidecar-${name}`]: value });
    expect(resources).toEqual(settings.resources);
    expect(warnings).toEqual([expect.stringMatching(`^weir.dev/sidecar-${name} is no quantity from`)]);
  });
});

describe("what another webhook has added to the sidecar", () => {
  const touched = (change: (sidecar: Loose) => void) => {
    const outcome = injectInto(pod());
    if (!outcome.injected) throw new Error(outcome.message);
    const whole = structuredClone(applyPatch(pod(), outcome.operations)) as Loose;
    change(whole.spec.initContainers[0]);
    return injectInto(whole);
  };
  const mountPath = "/var/run/secrets/eks.amazonaws.com/serviceaccount";

  test("is let be where the installation names it", () => {
    const outcome = touched((c) => {
      c.env.push({ name: "AWS_ROLE_ARN", value: "arn:aws:iam::1:role/app" });
      c.volumeMounts.unshift({ name: "aws-iam-token", mountPath, readOnly: true });
    });
    expect(outcome).toMatchObject({ injected: true, operations: [] });
  });

  test.each<[string, (c: Loose) => void]>([
    ["NODE_OPTIONS", (c) => c.env.push({ name: "NODE_OPTIONS", value: "--require /x.js" })],
    ["a value from elsewhere", (c) => c.env.push({ name: "AWS_ROLE_ARN", valueFrom: { fieldRef: {} } })],
    ["another path", (c) => c.volumeMounts.push({ name: "aws-iam-token", mountPath: "/weir", readOnly: true })],
    ["a mount to write to", (c) => c.volumeMounts.push({ name: "aws-iam-token", mountPath })],
  ])("is a collision otherwise: %s", (_, change) => {
    expect(touched(change)).toMatchObject({ injected: false, reason: "SidecarNameCollision" });
  });
});

test.each(["native", "legacy"] as const)("where there is no collector, a sidecar ships nowhere (%s)", (mode) => {
  const names = (collectorUrl: string) => {
    const { container } = expectedSidecar({ ...settings, mode, collectorUrl }, "shop", databases) as Loose;
    return container.env.map(({ name }: Loose) => name).filter((name: string) => name.startsWith("WEIR_COLLECTOR_"));
  };
  expect(names("")).toEqual([]);
  expect(names("https://c:1")).toEqual(["WEIR_COLLECTOR_URL", "WEIR_COLLECTOR_TOKEN", "WEIR_COLLECTOR_CA"]);
});
