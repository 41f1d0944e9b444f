// The whole operator as a process of its own, all roles, in front of a real API server: from an annotation to a pod with its sidecar.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { freePort } from "../../pkg/localdb/free-port.ts";
import { describeApi, startApi, type TestApi } from "../cluster/start-api.ts";
import type { Loose } from "../support/injection.ts";
import { installed } from "../support/operator.ts";

const program = resolve(import.meta.dirname, "../../cmd/operator/main.ts");
const open = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
const definition = (kind: string, plural: string, scope: string) => ({
  metadata: { name: `${plural}.weir.dev` },
  spec: {
    group: "weir.dev",
    scope,
    names: { kind, plural, singular: kind.toLowerCase() },
    versions: [
      {
        name: "v1alpha1",
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: { openAPIV3Schema: open },
      },
    ],
  },
});

describeApi("the operator in a cluster", () => {
  let api: TestApi;
  let operator: ChildProcess;
  let adminPort: number;
  let log = "";
  const folder = mkdtempSync(join(tmpdir(), "weir-operator-"));

  const create = async (path: string, body: object) => {
    const answer = await api.call("POST", path, { body });
    if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
    return answer.body;
  };
  async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
    for (let round = 0; round < 200; round++) {
      const found = await look().catch(() => undefined);
      if (found !== undefined) return found;
      await delay(200);
    }
    throw new Error(`waited in vain for ${what}\n${log.slice(-3000)}`);
  }
  const ready = async () => {
    const { status } = await fetch(`http://127.0.0.1:${adminPort}/readyz`);
    return status === 200 || undefined;
  };
  const names = (pod: Loose) => (pod.spec.initContainers ?? []).map(({ name }: { name: string }) => name);

  beforeAll(async () => {
    api = await startApi();
    await create("/api/v1/namespaces", { metadata: { name: "weir-system" } });
    for (const [kind, plural, scope] of [
      ["GovernedDatabase", "governeddatabases", "Namespaced"],
      ["DataPolicy", "datapolicies", "Namespaced"],
      ["ClusterDataPolicy", "clusterdatapolicies", "Cluster"],
    ] as const)
      await create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition(kind, plural, scope));
    const port = await freePort();
    adminPort = await freePort();
    await create("/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations", {
      metadata: { name: "weir" },
      webhooks: [
        {
          name: "inject.weir.dev",
          clientConfig: { url: `https://localhost:${port}/mutate` },
          rules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["pods"] }],
          failurePolicy: "Ignore",
          timeoutSeconds: 3,
          sideEffects: "None",
          reinvocationPolicy: "IfNeeded",
          admissionReviewVersions: ["v1"],
          namespaceSelector: { matchLabels: { "weir.dev/governance": "enabled" } },
        },
      ],
    });
    writeFileSync(join(folder, "settings.json"), installed);
    operator = spawn(process.execPath, [program], {
      env: {
        PATH: process.env.PATH,
        KUBECONFIG: api.kubeconfig,
        WEIR_INJECTION_SETTINGS: join(folder, "settings.json"),
        WEIR_LISTEN: `127.0.0.1:${port}`,
        WEIR_ADMIN_LISTEN: `127.0.0.1:${adminPort}`,
        WEIR_DRAIN_SECONDS: "0",
      },
      stdio: ["ignore", "ignore", "pipe"],
    });
    operator.stderr!.on("data", (chunk) => {
      log += chunk;
    });
    await until("a ready operator", ready);
  }, 180_000);
  afterAll(async () => {
    if (operator?.exitCode === null) operator.kill("SIGKILL");
    await api?.stop();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  test("an annotated namespace and a database are all that a Deployment's pods need", async () => {
    const annotations = { "weir.dev/governance": "enabled" };
    await create("/api/v1/namespaces", { metadata: { name: "shop", annotations } });
    await create("/apis/weir.dev/v1alpha1/namespaces/shop/governeddatabases", {
      apiVersion: "weir.dev/v1alpha1",
      kind: "GovernedDatabase",
      metadata: { name: "orders" },
      spec: { engine: "PostgreSQL", host: "postgres-orders" },
    });
    const template = {
      metadata: { labels: { app: "web" } },
      spec: { containers: [{ name: "web", image: "localhost/web:1" }] },
    };
    const rehearse = { metadata: { name: "rehearsal" }, spec: template.spec };
    await until("the webhook to be in force", async () => {
      const { body } = await api.call("POST", "/api/v1/namespaces/shop/pods?dryRun=All", { body: rehearse });
      return names(body).includes("weir-sidecar") || undefined;
    });
    const spec = { replicas: 1, selector: { matchLabels: { app: "web" } }, template };
    await create("/apis/apps/v1/namespaces/shop/deployments", { metadata: { name: "web" }, spec });
    const pod = await until("the pod", async () => {
      const { body } = await api.call("GET", "/api/v1/namespaces/shop/pods");
      return body.items[0];
    });
    expect(names(pod)).toEqual(["weir-sidecar"]);
    const { body: published } = await api.call("GET", "/api/v1/namespaces/weir-system/configmaps/weir-public");
    const env = Object.fromEntries(pod.spec.initContainers[0].env.map((each: Loose) => [each.name, each.value]));
    expect(env).toMatchObject({
      WEIR_LISTENERS: "127.83.0.1:5432=shop/orders",
      WEIR_WORKLOAD: "Deployment/web",
      WEIR_BUNDLE_KEYS: published.data.keys.trim(),
    });
  }, 120_000);

  test("told to stop it ends in good order, and pods are created without it", async () => {
    const exited = once(operator, "exit");
    operator.kill("SIGTERM");
    expect(await exited).toEqual([0, null]);
    const body = { metadata: { name: "late" }, spec: { containers: [{ name: "web", image: "localhost/web:1" }] } };
    const answer = await api.call("POST", "/api/v1/namespaces/shop/pods", { body });
    expect([answer.status, names(answer.body)]).toEqual([201, []]);
  }, 60_000);
});
