// Two real API servers beside each other: one without Weir, one with its chart and its webhook. On each, the pods that are compared.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { startApi } from "../cluster/start-api.ts";
import { type Json, plainPod } from "../e2e-api/governed-pod.ts";
import { governedNamespaces, type Installed, until } from "../e2e-api/installed.ts";
import { type WarmClient, warmClient } from "./warm-client.ts";

/**
 * `without`: the smallest pod there is, no Weir. `as large`: the pod that the injector makes of it, no Weir. `policies`: that pod in a governed
 * namespace, which the webhook is not asked about. `with`: the smallest pod there, injected and judged. `elsewhere`: the smallest pod in
 * another namespace of the cluster with Weir. `in vain`: the same, and a webhook is asked and changes nothing.
 */
export const kinds = ["without", "as large", "policies", "with", "elsewhere", "in vain"] as const;
export type Kind = (typeof kinds)[number];

export interface Spent {
  readonly count: number;
  readonly seconds: number;
}

export interface Worlds {
  create(kind: Kind, name: string): Promise<void>;
  /** Of the API server that creates this kind. */
  cpuMs(kind: Kind): number;
  /** Of the webhook that injects: as the API server sees its calls, and as the operator does. */
  webhook(): Promise<{ readonly called: Spent; readonly answered: Spent }>;
  /** What the API server without Weir has waited for etcd to write pods. */
  etcd(): Promise<Spent>;
  stop(): Promise<void>;
}

export async function startWorlds(durable: boolean, connections: number): Promise<Worlds> {
  const bare = await startApi({ durable });
  const api = await governedNamespaces({ durable });
  const operator = await hooked(api);
  const clients = { bare: warmClient(bare.kubeconfig, connections), weir: warmClient(api.kubeconfig, connections) };
  for (const name of ["elsewhere", "in-vain"]) await api.namespace(name, {});
  await askInVain(api);
  await until(async () => {
    await api.tryPod(plainPod("rehearsal", "in-vain"));
    return (await spentOn(clients.weir, calls("in-vain.weir.dev"))).count > 0;
  });
  await bare.call("POST", "/api/v1/namespaces", { body: { metadata: { name: "shop" } } });
  const account = "/api/v1/namespaces/shop/serviceaccounts/default";
  await until(async () => (await bare.call("GET", account)).status === 200);
  const injected = asInjected((await api.tryPod(plainPod("rehearsal"))).body);
  return {
    async create(kind, name) {
      const on = kind === "without" || kind === "as large" ? clients.bare : clients.weir;
      const { namespace, pod } = kindOf(kind, injected);
      const body = JSON.stringify({ ...pod, metadata: { ...pod.metadata, name, namespace } });
      const { status, text } = await on.send("POST", `/api/v1/namespaces/${namespace}/pods`, body);
      if (status !== 201) throw new Error(`${kind} ${name}: ${text}`);
    },
    cpuMs: (kind) => (kind === "without" || kind === "as large" ? clients.bare : clients.weir).cpuMs(),
    async webhook() {
      operator.send("spent?");
      const [answered] = await once(operator, "message");
      return { called: await spentOn(clients.weir, calls("inject.weir.dev")), answered };
    },
    etcd: () => spentOn(clients.bare, ["etcd_request_duration_seconds", 'operation="create",resource="pods"']),
    async stop() {
      for (const client of Object.values(clients)) client.close();
      operator.disconnect();
      await Promise.all([once(operator, "exit"), api.stop(), bare.stop()]);
    },
  };
}

function kindOf(kind: Kind, injected: Json): { readonly namespace: string; readonly pod: Json } {
  if (kind === "elsewhere" || kind === "in vain") return { namespace: kind.replace(" ", "-"), pod: plainPod() };
  return { namespace: "shop", pod: kind === "as large" || kind === "policies" ? injected : plainPod() };
}

/** Without what an API server adds by itself. */
function asInjected({ metadata, spec }: Json): Json {
  const token = (each: Json) => each.name.startsWith("kube-api-access-");
  const bare = (each: Json) => ({ ...each, volumeMounts: each.volumeMounts.filter((mount: Json) => !token(mount)) });
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { annotations: metadata.annotations },
    spec: {
      containers: spec.containers.map(bare),
      initContainers: spec.initContainers.map(bare),
      volumes: spec.volumes.filter((each: Json) => !token(each)),
      hostAliases: spec.hostAliases,
    },
  };
}

/** The webhook in front of the namespace that the policies govern, in a process of its own. */
async function hooked(api: Installed): Promise<ChildProcess> {
  const operator = fork(join(import.meta.dirname, "admission-operator.ts"), { stdio: "inherit" });
  const [{ port, certificate }] = await once(operator, "message");
  const { body } = await api.send("GET", "/api/v1/namespaces/weir-system/configmaps/weir-injection");
  operator.send(body.data["settings.json"]);
  const path = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/weir";
  const { body: found } = await api.send("GET", path);
  const clientConfig = {
    url: `https://127.0.0.1:${port}/mutate`,
    caBundle: Buffer.from(certificate).toString("base64"),
  };
  await api.send("PATCH", path, { webhooks: [{ ...found.webhooks[0], clientConfig }] });
  await api.send("PATCH", "/api/v1/namespaces/shop", { metadata: { labels: { "weir.dev/governance": "enabled" } } });
  await until(async () => (await api.tryPod(plainPod("rehearsal"))).status === 201);
  return operator;
}

/** The same webhook for a namespace that it finds to be none of its own: what any webhook costs. */
async function askInVain(api: Installed): Promise<void> {
  const path = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";
  const { body } = await api.send("GET", `${path}/weir`);
  const namespaceSelector = { matchLabels: { "kubernetes.io/metadata.name": "in-vain" } };
  const { matchConditions: _, ...webhook } = body.webhooks[0];
  await api.send("POST", path, {
    metadata: { name: "in-vain" },
    webhooks: [{ ...webhook, name: "in-vain.weir.dev", namespaceSelector }],
  });
}

const calls = (webhook: string) =>
  ["apiserver_admission_webhook_admission_duration_seconds", `name="${webhook}"`] as const;

/** Of a histogram of the API server's, the series with these labels. */
async function spentOn(client: WarmClient, [metric, labels]: readonly [string, string]): Promise<Spent> {
  const { text } = await client.send("GET", "/metrics");
  const sum = (what: string) =>
    [...text.matchAll(new RegExp(`^${metric}_${what}{.*${labels}.*} (.*)$`, "gm"))]
      .map(([, value]) => Number(value))
      .reduce((a, b) => a + b, 0);
  return { count: sum("count"), seconds: sum("sum") };
}
