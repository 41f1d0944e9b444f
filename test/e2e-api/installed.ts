// The chart, installed by Helm on a real API server, and what a test does with it. Nothing of ours runs there.
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Answer, type Client, connect } from "./client.ts";
import { governedPod, type Json } from "./governed-pod.ts";

const run = promisify(execFile);
const root = join(import.meta.dirname, "../..");

export interface Installed extends Client {
  readonly kubeconfig: string;
  readonly helm: (...args: string[]) => Promise<string>;
  readonly kubectl: (...args: string[]) => Promise<string>;
  /** Also again: with the keys published. */
  readonly install: () => Promise<void>;
  readonly namespace: (name: string, annotations: Record<string, string>) => Promise<void>;
  readonly create: (plural: string, object: Json) => Promise<Answer>;
  readonly tryPod: (pod: Json, as?: Record<string, string>) => Promise<Answer>;
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

export async function installed(image: string, keys: string): Promise<Installed> {
  const kubeconfig = process.env.WEIR_TEST_KUBECONFIG!;
  const client = connect(readFileSync(kubeconfig, "utf8"));
  const tool =
    (name: string) =>
    async (...args: string[]) =>
      (await run(name, [...args, "--kubeconfig", kubeconfig], { cwd: root, maxBuffer: 1 << 24 })).stdout;
  const [helm, kubectl] = [tool("helm"), tool("kubectl")];
  const [repository, digest] = image.split("@");
  const values = [`image.repository=${repository}`, `image.digest=${digest}`, "cluster=prod-eu", "environment=production"];
  const flags = ["-n", "weir-system", "--create-namespace", ...values.flatMap((v) => ["--set", v])];
  const install = async () => {
    await helm("upgrade", "--install", "weir", "charts/weir", ...flags);
    await client.send("PATCH", "/api/v1/namespaces/weir-system/configmaps/weir-public", { data: { keys } });
  };
  await install();

  const create = async (plural: string, object: Json) => {
    const path = `${groups[plural] ?? "/api/v1"}/namespaces/${object.metadata.namespace}/${plural}`;
    const answer = await client.send("POST", path, object);
    if (answer.status > 299 && answer.status !== 409) throw new Error(`${plural}: ${JSON.stringify(answer.body)}`);
    return answer;
  };
  const tryPod = (pod: Json, as: Record<string, string> = {}) =>
    client.send("POST", `/api/v1/namespaces/${pod.metadata.namespace}/pods?dryRun=All`, pod, as);
  return {
    ...client,
    kubeconfig,
    helm,
    kubectl,
    install,
    create,
    tryPod,
    async namespace(name, annotations) {
      await client.send("POST", "/api/v1/namespaces", { metadata: { name } });
      await client.send("PATCH", `/api/v1/namespaces/${name}`, { metadata: { annotations } });
      await until(async () => (await client.send("GET", `/api/v1/namespaces/${name}/serviceaccounts/default`)).status === 200);
    },
    async settled(namespace) {
      const bad = governedPod("settling", namespace);
      bad.spec.initContainers = bad.spec.initContainers.filter((c: Json) => c.name !== "weir-sidecar");
      bad.spec.volumes = [{ name: "cache", emptyDir: {} }];
      await until(async () => /no weir-sidecar/.test((await tryPod(bad)).body.message ?? ""));
      await until(async () => (await tryPod(governedPod("settling", namespace))).status === 201);
    },
    async stop() {
      client.close();
    },
  };
}

export async function until(holds: () => Promise<boolean>, attempts = 300): Promise<void> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`not within ${attempts} attempts: ${holds}`);
}
