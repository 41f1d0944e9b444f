// The chart, installed by Helm on a real API server, and what a test does with it. Nothing of ours runs there.
import { join } from "node:path";
import { type Answer, type ApiOptions, startApi } from "../cluster/start-api.ts";
import { databases, governedPod, image, type Json, keys, sidecarless } from "./governed-pod.ts";

export const chart = join(import.meta.dirname, "../../charts/weir");
const publicKeys = "/api/v1/namespaces/weir-system/configmaps/weir-public";

export interface Installed {
  /** Path of a kubeconfig of the administrator. */
  readonly kubeconfig: string;
  /** PATCH is a merge patch unless the headers say otherwise. */
  readonly send: (method: string, path: string, body?: Json, headers?: Record<string, string>) => Promise<Answer>;
  readonly kubectl: (...args: string[]) => Promise<string>;
  readonly helm: (...args: string[]) => Promise<string>;
  /** Also again: with the keys published. */
  readonly install: (...set: string[]) => Promise<void>;
  /** Makes or annotates it. */
  readonly namespace: (name: string, annotations: Record<string, string>) => Promise<void>;
  readonly create: (plural: string, object: Json) => Promise<Answer>;
  /** A dry run: judged, never kept. */
  readonly tryPod: (pod: Json) => Promise<Answer>;
  /** Until the API server's own caches know the policies and their parameters. */
  readonly settled: (namespace: string) => Promise<void>;
  readonly stop: () => Promise<void>;
}

const groups: Record<string, string> = {
  governeddatabases: "/apis/weir.dev/v1alpha1",
  deployments: "/apis/apps/v1",
  jobs: "/apis/batch/v1",
  cronjobs: "/apis/batch/v1",
};

export async function installed(options: ApiOptions = {}): Promise<Installed> {
  const api = await startApi(options);
  const send: Installed["send"] = (method, path, body, headers = {}) => {
    const { "content-type": asked, ...others } = headers;
    const contentType = asked ?? (method === "PATCH" ? "application/merge-patch+json" : "application/json");
    return api.call(method, path, { body, contentType, headers: others });
  };
  const helm = async (...args: string[]) => told(await api.helm(args));
  const install = async (...set: string[]) => {
    await helm("upgrade", "--install", "weir", chart, "-n", "weir-system", "--create-namespace", ...values(set));
    await send("PATCH", publicKeys, { data: { keys } });
  };
  const tryPod: Installed["tryPod"] = (pod) =>
    send("POST", `/api/v1/namespaces/${pod.metadata.namespace}/pods?dryRun=All`, pod);
  await install();
  return {
    kubeconfig: api.kubeconfig,
    send,
    helm,
    install,
    tryPod,
    kubectl: async (...args) => told(await api.kubectl(args)),
    stop: api.stop,
    async create(plural, object) {
      const path = `${groups[plural] ?? "/api/v1"}/namespaces/${object.metadata.namespace}/${plural}`;
      const answer = await send("POST", path, object);
      if (answer.status > 299 && answer.status !== 409) throw new Error(`${plural}: ${JSON.stringify(answer.body)}`);
      return answer;
    },
    async namespace(name, annotations) {
      const path = `/api/v1/namespaces/${name}`;
      await send("POST", "/api/v1/namespaces", { metadata: { name } });
      await send("PATCH", path, { metadata: { annotations } });
      await until(async () => (await send("GET", `${path}/serviceaccounts/default`)).status === 200);
    },
    async settled(namespace) {
      await until(async () => /no weir-sidecar/.test((await tryPod(sidecarless("settling", namespace))).body.message));
      await until(async () => (await tryPod(governedPod("settling", namespace))).status === 201);
    },
  };
}

function values(more: readonly string[]): string[] {
  const [repository, digest] = image.split("@");
  const set = [`image.repository=${repository}`, `image.digest=${digest}`, "cluster=prod-eu", "environment=production"];
  return [...set, ...more].flatMap((value) => ["--set", value]);
}

function told({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }): string {
  if (code !== 0) throw new Error(stderr);
  return stdout;
}

/** Bounded by attempts, a tenth of a second apart. */
export async function until(holds: () => Promise<boolean>, attempts = 300): Promise<void> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`not within ${attempts} attempts: ${holds}`);
}

/** `shop` is governed, `free` is not; both have the same databases. */
export async function governedNamespaces(options: ApiOptions = {}): Promise<Installed> {
  const api = await installed(options);
  await api.namespace("shop", { "weir.dev/governance": "enabled" });
  await api.namespace("free", {});
  for (const database of [...databases("shop"), ...databases("free")]) await api.create("governeddatabases", database);
  await api.settled("shop");
  return api;
}

/** Once the API server judges by it. */
export async function labelled(api: Installed, namespace: string, label: string | null): Promise<void> {
  await api.send("PATCH", `/api/v1/namespaces/${namespace}`, {
    metadata: { labels: { "weir.dev/governance": label } },
  });
  const policy = label === null ? "'weir-capture-unlabelled'" : "'weir-capture'";
  await until(async () => (await api.tryPod(sidecarless("settling", namespace))).body.message?.includes(policy));
}
