// What the webhook knows, beside a fake API server whose watches tell nothing.
import { startKnown } from "../../cmd/operator/known.ts";
import { nativeSidecars } from "../../cmd/operator/native-sidecars.ts";
import type { KubeApi, KubeCall } from "../../pkg/kube/api.ts";

const group = "/apis/weir.dev/v1alpha1";
const enabled = { "weir.dev/governance": "enabled" };
const database = (name: string) => ({
  metadata: { name, namespace: "shop" },
  spec: { engine: "PostgreSQL", host: `${name}-db` },
});

/** Lists what is there now; its watches stay silent. */
function silentApi(objects: Record<string, unknown[]>, version = { major: "1", minor: "34" }) {
  const asked: string[] = [];
  const api: KubeApi = {
    async call({ path }: KubeCall) {
      asked.push(path);
      const single = Object.values(objects).flat() as { metadata: { name: string } }[];
      const named = single.find(({ metadata }) => path === `/api/v1/namespaces/${metadata.name}`);
      const items = objects[path] ?? [];
      const body = path === "/version" ? version : (named ?? { metadata: { resourceVersion: "1" }, items });
      return { status: 200, body, retryAfterMs: null };
    },
    stream: ({ signal }) =>
      new Promise((_, reject) => signal!.addEventListener("abort", () => reject(new Error("over")))),
    close() {},
  };
  return { api, objects, asked };
}

async function known(fake: ReturnType<typeof silentApi>) {
  const started = await startKnown({ api: fake.api, releaseNamespace: "weir-system", onError() {} });
  while (started.waitsFor().some((what) => !what.startsWith("the"))) await new Promise(setImmediate);
  return started;
}

test("a namespace that was annotated, and its first database, are known before the watches tell of them", async () => {
  const fake = silentApi({ "/api/v1/namespaces": [{ metadata: { name: "shop" } }] });
  const cluster = await known(fake);
  fake.objects["/api/v1/namespaces"] = [{ metadata: { name: "shop", annotations: enabled } }];
  fake.objects[`${group}/namespaces/shop/governeddatabases`] = [database("orders")];
  expect(await cluster.namespace("shop")).toEqual({ name: "shop", annotations: enabled });
  expect(await cluster.databases("shop")).toMatchObject([{ name: "orders", host: "orders-db" }]);
  await cluster.stop();
});

test("what is known is not asked for", async () => {
  const fake = silentApi({
    "/api/v1/namespaces": [{ metadata: { name: "shop", annotations: enabled } }],
    [`${group}/governeddatabases`]: [database("orders")],
  });
  const cluster = await known(fake);
  const before = fake.asked.length;
  expect(await cluster.namespace("shop")).toEqual({ name: "shop", annotations: enabled });
  expect(await cluster.databases("shop")).toMatchObject([{ name: "orders" }]);
  expect(fake.asked).toHaveLength(before);
  await cluster.stop();
});

test.each([
  ["34", [], true],
  ["31", ["v1.31.4-eks-1234", "v1.29.0"], true],
  ["31", ["v1.31.4", "v1.28.15+k3s1"], false],
  ["31", ["unknown"], false],
  ["28", ["v1.31.0"], false],
])("an API server 1.%s and kubelets %j: sidecars are native: %s", async (minor, kubelets, native) => {
  const nodes = kubelets.map((kubeletVersion, n) => ({
    metadata: { name: `n${n}` },
    status: { nodeInfo: { kubeletVersion } },
  }));
  const fake = silentApi({ "/api/v1/nodes": nodes }, { major: "1", minor });
  const sidecars = await nativeSidecars(fake.api, () => {});
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
  expect(sidecars.all()).toBe(native);
  expect(fake.asked.includes("/api/v1/nodes")).toBe(minor === "31");
  await sidecars.stop();
});
