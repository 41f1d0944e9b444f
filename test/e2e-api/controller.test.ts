// The controller and the bundle server on a real API server.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import Fastify, { type FastifyInstance } from "fastify";
import { parseAllDocuments } from "yaml";
import { type BundleRole, startBundleRole } from "../../cmd/operator/bundle-role.ts";
import { type ControllerRole, startControllerRole } from "../../cmd/operator/controller-role.ts";
import { startKnown } from "../../cmd/operator/known.ts";
import { publicKeys } from "../../pkg/bundle/keys.ts";
import { unwrap } from "../../pkg/bundle/wrap.ts";
import { type Certificates, startCertificates } from "../../pkg/controller/certificates.ts";
import type { KubeApi } from "../../pkg/kube/api.ts";
import { connectKube } from "../../pkg/kube/connect.ts";
import { systemClock } from "../../pkg/runtime/clock.ts";
import { systemRandom } from "../../pkg/runtime/random.ts";
import { describeApi, startApi, type TestApi } from "../cluster/start-api.ts";

const AUDIENCE = "weir.dev/weir-system";
const RELEASE = "weir-system";

describeApi("the controller and the bundle server on a real API server", () => {
  let api: TestApi;
  let kube: KubeApi;
  let certificates: Certificates;
  let controller: ControllerRole;
  let bundles: BundleRole;
  let server: FastifyInstance;
  let url: string;
  const problems: string[] = [];
  const logger = {
    log: (_: string, event: string, fields?: object) => problems.push(`${event} ${JSON.stringify(fields ?? {})}`),
  };

  beforeAll(async () => {
    api = await startApi();
    kube = connectKube(api.kubeconfig);
    for (const crd of resourceDefinitions())
      await made(api.call("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", { body: crd }));
    await made(api.call("POST", "/api/v1/namespaces", { body: { metadata: { name: RELEASE } } }));
    await made(
      api.call("POST", "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations", { body: webhook }),
    );
    const onError = (problem: string) => void problems.push(problem);
    certificates = await startCertificates({
      api: kube,
      namespace: RELEASE,
      names: [`weir-operator.${RELEASE}.svc`],
      patchWebhook: true,
      nowMs: () => Date.now(),
      onError,
    });
    const shared = { api: kube, releaseNamespace: RELEASE, clock: systemClock, random: systemRandom, logger };
    controller = startControllerRole({ ...shared, cluster: "test" });
    bundles = startBundleRole({ ...shared, audience: AUDIENCE, identity: "weir-operator-0" });
    server = Fastify();
    await server.register(bundles.plugin);
    url = await server.listen({ host: "127.0.0.1", port: 0 });
  }, 180_000);

  afterAll(async () => {
    await bundles?.stop();
    await server?.close();
    await controller?.stop();
    await certificates?.stop();
    kube?.close();
    await api?.stop();
  }, 60_000);

  const read = (path: string) => api.call("GET", path);

  /** Asks until it is so; the test's own time limit ends it, with what was seen last. */
  async function eventually<T>(ask: () => Promise<T>, holds: (value: T) => boolean): Promise<T> {
    const until = Date.now() + 30_000;
    for (;;) {
      const value = await ask();
      if (holds(value)) return value;
      if (Date.now() > until)
        throw new Error(
          `never so; last seen ${JSON.stringify(value).slice(0, 2000)}; ${problems.slice(-10).join("\n")}`,
        );
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  async function bundleOf(namespace: string) {
    const { body } = await read(`/api/v1/namespaces/${namespace}/configmaps/weir-bundle`);
    const keys = publicKeys((await read(`/api/v1/namespaces/${RELEASE}/configmaps/weir-public`)).body.data?.keys ?? "");
    const outcome = unwrap(body.data?.["bundle.json"] ?? "", { keys: keys as never, namespace, generationMin: 0 });
    return {
      configMap: body,
      outcome,
      names: outcome.good ? outcome.bundle.resources.map(({ kind, metadata }) => `${kind} ${metadata.name}`) : [],
    };
  }

  const condition = (object: { status?: { conditions?: { type: string; status: string }[] } }, type: string) =>
    object.status?.conditions?.find((each) => each.type === type) as Record<string, unknown> | undefined;

  const resource = (kind: string, namespace: string | undefined, name: string, spec: object) => ({
    apiVersion: "weir.dev/v1alpha1",
    kind,
    metadata: { name, ...(namespace && { namespace }) },
    spec,
  });
  const plural = {
    GovernedDatabase: "governeddatabases",
    DataPolicy: "datapolicies",
    ClusterDataPolicy: "clusterdatapolicies",
  };
  const pathOf = ({ kind, metadata: { name, namespace } }: ReturnType<typeof resource>) =>
    `/apis/weir.dev/v1alpha1/${namespace ? `namespaces/${namespace}/` : ""}${plural[kind as keyof typeof plural]}/${name}`;
  const apply = (object: ReturnType<typeof resource>) =>
    made(
      api.call("PATCH", `${pathOf(object)}?fieldManager=test&force=true`, {
        body: object,
        contentType: "application/apply-patch+yaml",
      }),
    );
  const policy = (spec: object, name = "privacy") => resource("DataPolicy", "shop", name, spec);
  const good = { databases: ["orders"], guard: [{ name: "no-ddl", effects: ["Drop"], action: "Deny" }] };

  async function annotate(namespace: string, value: string | null) {
    await made(
      api.call("PATCH", `/api/v1/namespaces/${namespace}`, {
        body: { metadata: { annotations: { "weir.dev/governance": value } } },
        contentType: "application/merge-patch+json",
      }),
    );
  }

  async function sidecarPod(name: string, containers = [{ name: "weir-sidecar", image: "localhost/weir:1" }]) {
    const body = { metadata: { name }, spec: { containers } };
    return (await made(api.call("POST", "/api/v1/namespaces/shop/pods", { body }))).body;
  }

  async function token(audience: string, pod?: { metadata: { name: string; uid: string } }) {
    const bound = pod && { kind: "Pod", apiVersion: "v1", name: pod.metadata.name, uid: pod.metadata.uid };
    const body = { spec: { audiences: [audience], expirationSeconds: 3600, ...(bound && { boundObjectRef: bound }) } };
    const path = "/api/v1/namespaces/shop/serviceaccounts/default/token";
    return (await made(api.call("POST", path, { body }))).body.status.token as string;
  }

  async function fetchBundle(bearer: string | null, headers: Record<string, string> = {}, wait = 0) {
    const authorization = bearer === null ? {} : { authorization: `Bearer ${bearer}` };
    const answer = await fetch(`${url}/v1/bundle?wait=${wait}`, { headers: { ...authorization, ...headers } });
    return { status: answer.status, etag: answer.headers.get("etag"), text: await answer.text() };
  }

  test("the annotation becomes the label, and the namespace gets its signed bundle and the CA", async () => {
    await made(api.call("POST", "/api/v1/namespaces", { body: { metadata: { name: "shop" } } }));
    await apply(resource("GovernedDatabase", "shop", "orders", { engine: "PostgreSQL", host: "orders-db" }));
    await apply(policy(good));
    await annotate("shop", "enabled");
    await eventually(
      () => read("/api/v1/namespaces/shop"),
      ({ body }) => body.metadata.labels["weir.dev/governance"] === "enabled",
    );
    const { names, configMap } = await eventually(
      () => bundleOf("shop"),
      ({ names }) => names.length === 2,
    );
    expect(names).toEqual(["DataPolicy privacy", "GovernedDatabase orders"]);
    expect(configMap.data["ca.crt"]).toBe(certificates.trust());
  });

  test("statuses tell of it with the generation that they speak of", async () => {
    const { body } = await eventually(
      () => read(pathOf(policy(good))),
      ({ body }) => condition(body, "Programmed")?.status === "True",
    );
    expect(body.status).toMatchObject({
      observedGeneration: body.metadata.generation,
      pods: 0,
      podsCurrent: 0,
      databases: 1,
    });
    expect(condition(body, "Accepted")).toMatchObject({ status: "True", reason: "Valid" });
    expect(condition(body, "ResolvedRefs")).toMatchObject({ status: "True" });
    const database = await eventually(
      () => read("/apis/weir.dev/v1alpha1/namespaces/shop/governeddatabases/orders"),
      ({ body }) => body.status?.policies === 1,
    );
    expect(database.body.status).toMatchObject({ protection: "Steering" });
  });

  test("a policy that goes bad keeps its last good version in the bundle, and its status lists every problem", async () => {
    const before = await bundleOf("shop");
    await apply(
      policy({
        databases: ["orders"],
        when: "1 +",
        detect: ["Email"],
      }),
    );
    const { body } = await eventually(
      () => read(pathOf(policy(good))),
      ({ body }) => condition(body, "Accepted")?.status === "False",
    );
    expect(condition(body, "Accepted")).toMatchObject({
      reason: "Invalid",
      message: expect.stringMatching(/^Its last good version stays in force/),
    });
    expect(body.status.problems.length).toBeGreaterThan(1);
    const after = await bundleOf("shop");
    expect(after.configMap.data["bundle.json"]).toBe(before.configMap.data["bundle.json"]);
    await apply(policy(good));
    await eventually(
      () => read(pathOf(policy(good))),
      ({ body }) => condition(body, "Accepted")?.status === "True",
    );
  });

  test("a database that is missing is told and does not take the rest of the policy away", async () => {
    const both = policy({ ...good, databases: ["orders", "billing"] }, "both");
    await apply(both);
    const { body } = await eventually(
      () => read(pathOf(both)),
      ({ body }) => condition(body, "ResolvedRefs")?.status === "False",
    );
    expect(condition(body, "ResolvedRefs")).toMatchObject({
      reason: "RefNotFound",
      message: expect.stringContaining("billing"),
    });
    const { outcome } = await eventually(
      () => bundleOf("shop"),
      ({ names }) => names.includes("DataPolicy both"),
    );
    expect(outcome.good && outcome.bundle.resources[0]!.spec).toMatchObject({ databases: ["orders"] });
    await made(api.call("DELETE", pathOf(both)));
    await eventually(
      () => bundleOf("shop"),
      ({ names }) => !names.includes("DataPolicy both"),
    );
  });

  test("a ClusterDataPolicy is in the bundles of the namespaces that it selects, by labels as they change", async () => {
    const cluster = resource("ClusterDataPolicy", undefined, "baseline", {
      namespaceSelector: { matchLabels: { tier: "production" } },
      guard: [{ name: "no-ddl", effects: ["Drop"], action: "Deny" }],
    });
    await apply(cluster);
    const { body } = await eventually(
      () => read(pathOf(cluster)),
      ({ body }) => condition(body, "Programmed") !== undefined,
    );
    expect(condition(body, "Programmed")).toMatchObject({ status: "False", reason: "NotGoverned" });
    expect((await bundleOf("shop")).names).not.toContain("ClusterDataPolicy baseline");
    await made(
      api.call("PATCH", "/api/v1/namespaces/shop", {
        body: { metadata: { labels: { tier: "production" } } },
        contentType: "application/merge-patch+json",
      }),
    );
    await eventually(
      () => bundleOf("shop"),
      ({ names }) => names.includes("ClusterDataPolicy baseline"),
    );
    await eventually(
      () => read(pathOf(cluster)),
      ({ body }) => condition(body, "Programmed")?.status === "True",
    );
  });

  test("a bundle that somebody changed is put right again", async () => {
    const before = await bundleOf("shop");
    await made(
      api.call("PATCH", "/api/v1/namespaces/shop/configmaps/weir-bundle", {
        body: { data: { "bundle.json": "{}" } },
        contentType: "application/merge-patch+json",
      }),
    );
    const after = await eventually(
      () => bundleOf("shop"),
      ({ outcome }) => outcome.good,
    );
    expect(after.names).toEqual(before.names);
  });

  test("the webhook trusts the CA, again after somebody takes that away", async () => {
    const trusted = Buffer.from(certificates.trust()).toString("base64");
    const path = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/weir";
    const isRight = ({ body }: { body: typeof webhook }) =>
      body.webhooks.every(({ clientConfig }) => (clientConfig as { caBundle?: string }).caBundle === trusted);
    await eventually(() => read(path), isRight);
    const body = [{ op: "remove", path: "/webhooks/0/clientConfig/caBundle" }];
    await made(api.call("PATCH", path, { body, contentType: "application/json-patch+json" }));
    await eventually(() => read(path), isRight);
  });

  test("a pod's own token gets the bundle of its namespace; nothing else does", async () => {
    await eventually(
      () => read("/api/v1/namespaces/shop/serviceaccounts/default"),
      ({ status }) => status === 200,
    );
    const pod = await sidecarPod("api");
    const mine = await token(AUDIENCE, pod);
    const answer = await eventually(
      () => fetchBundle(mine),
      ({ status }) => status === 200,
    );
    const { configMap, outcome } = await bundleOf("shop");
    expect(answer.text).toBe(configMap.data["bundle.json"]);
    expect(answer.etag).toBe(`"${outcome.good && outcome.version}"`);

    const refused = async (bearer: string | null) => {
      const { status, text } = await fetchBundle(bearer);
      return [status, JSON.parse(text).error];
    };
    expect(await refused(null)).toEqual([401, expect.stringContaining("Authorization")]);
    expect(await refused("none")).toEqual([401, expect.stringContaining("not good")]);
    expect(await refused(await token("https://kubernetes.default.svc", pod))).toEqual([
      401,
      expect.stringContaining("audience"),
    ]);
    expect(await refused(await token(AUDIENCE))).toEqual([403, expect.stringContaining("not bound to a pod")]);
    const plain = await sidecarPod("plain", [{ name: "app", image: "localhost/app:1" }]);
    expect(await refused(await token(AUDIENCE, plain))).toEqual([
      403,
      expect.stringContaining("no container weir-sidecar"),
    ]);
  });

  test("a pod that is gone gets nothing", async () => {
    const pod = await sidecarPod("dead");
    const its = await token(AUDIENCE, pod);
    await made(api.call("DELETE", "/api/v1/namespaces/shop/pods/dead?gracePeriodSeconds=0"));
    await eventually(
      () => read("/api/v1/namespaces/shop/pods/dead"),
      ({ status }) => status === 404,
    );
    const { status } = await fetchBundle(its);
    expect([401, 403]).toContain(status);
  });

  test("a long poll ends when the bundle changes, and what sidecars apply shows in the status", async () => {
    const mine = await token(AUDIENCE, (await read("/api/v1/namespaces/shop/pods/api")).body);
    const { etag } = await fetchBundle(mine);
    const version = etag!.slice(1, -1);
    expect(await fetchBundle(mine, { "if-none-match": etag!, "weir-applied": version })).toMatchObject({ status: 304 });
    const waiting = fetchBundle(mine, { "if-none-match": etag!, "weir-applied": version }, 50);
    await eventually(
      () => read(pathOf(policy(good))),
      ({ body }) => body.status.pods === 1 && body.status.podsCurrent === 1,
    );
    await apply(policy({ ...good, mode: "Observe" }));
    const answer = await waiting;
    expect(answer.status).toBe(200);
    expect(answer.etag).not.toBe(etag);
    const { body } = await eventually(
      () => read(pathOf(policy(good))),
      ({ body }) => condition(body, "Programmed")?.status === "False",
    );
    expect(condition(body, "Programmed")).toMatchObject({ reason: "Pending", message: "In force in 0 of 1 pods." });
  });

  test("what the webhook asks for is known", async () => {
    const known = await startKnown({ api: kube, releaseNamespace: RELEASE, onError: () => {} });
    await eventually(
      async () => known.waitsFor(),
      (waits) => waits.length === 0,
    );
    expect(await known.namespace("shop")).toMatchObject({
      name: "shop",
      annotations: { "weir.dev/governance": "enabled" },
    });
    expect(await known.namespace("nowhere")).toBeNull();
    expect(await known.databases("shop")).toMatchObject([{ name: "orders", host: "orders-db", port: 5432 }]);
    expect(known.bundleKeys()).toHaveLength(1);
    expect(known.nativeSidecars()).toBe(true);
    await known.stop();
  });

  test("all goes on after the API server was away", async () => {
    if (process.env.KUBECONFIG) return;
    await api.part("stop", "kube-apiserver");
    const mine = await fetchBundle("another");
    expect(mine.status).toBe(503);
    await api.part("start", "kube-apiserver");
    await eventually(
      () => read("/readyz").catch(() => ({ status: 0, body: "" })),
      ({ status }) => status === 200,
    );
    await apply(policy(good));
    await eventually(
      () => bundleOf("shop"),
      ({ outcome }) =>
        outcome.good && outcome.bundle.resources.every(({ spec }) => (spec as { mode?: string }).mode !== "Observe"),
    );
    await eventually(
      () => read(pathOf(policy(good))),
      ({ body }) => body.status.observedGeneration === body.metadata.generation,
    );
  }, 120_000);

  test("taking the annotation away takes the label; the bundle stays while a governed pod runs, then goes", async () => {
    await annotate("shop", null);
    await eventually(
      () => read("/api/v1/namespaces/shop"),
      ({ body }) => body.metadata.labels["weir.dev/governance"] === undefined,
    );
    expect((await bundleOf("shop")).outcome.good).toBe(true);
    await made(api.call("DELETE", "/api/v1/namespaces/shop/pods/api?gracePeriodSeconds=0"));
    await eventually(
      () => read("/api/v1/namespaces/shop/configmaps/weir-bundle"),
      ({ status }) => status === 404,
    );
  });
});

async function made<T extends { status: number; body: unknown }>(answer: Promise<T>): Promise<T> {
  const got = await answer;
  if (got.status >= 300) throw new Error(`${got.status} ${JSON.stringify(got.body).slice(0, 500)}`);
  return got;
}

const clientConfig = { service: { name: "weir-operator", namespace: RELEASE, path: "/mutate" } };
const webhook = {
  metadata: { name: "weir" },
  webhooks: ["pods.weir.dev", "second.weir.dev"].map((name) => ({
    name,
    clientConfig,
    failurePolicy: "Ignore",
    sideEffects: "None",
    admissionReviewVersions: ["v1"],
    namespaceSelector: { matchLabels: { never: "matches" } },
    rules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["pods"] }],
  })),
};

/** The repository's own; until they are there, ones that take anything. */
function resourceDefinitions(): readonly object[] {
  const folder = process.env.WEIR_CRDS ?? join(import.meta.dirname, "../../crds");
  try {
    const files = readdirSync(folder).filter((name) => name.endsWith(".yaml"));
    return files.flatMap((name) =>
      parseAllDocuments(readFileSync(join(folder, name), "utf8")).map((each) => each.toJS()),
    );
  } catch {
    return [
      anything("GovernedDatabase", "governeddatabases", "Namespaced"),
      anything("DataPolicy", "datapolicies", "Namespaced"),
      anything("ClusterDataPolicy", "clusterdatapolicies", "Cluster"),
    ];
  }
}

function anything(kind: string, plural: string, scope: string): object {
  const schema = { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } };
  const version = { name: "v1alpha1", served: true, storage: true, schema, subresources: { status: {} } };
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.weir.dev` },
    spec: { group: "weir.dev", scope, names: { kind, plural }, versions: [version] },
  };
}
