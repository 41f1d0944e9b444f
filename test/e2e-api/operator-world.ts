// A real API server with the operator's controller and bundle server beside it, and what the tests ask of them.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import Fastify from "fastify";
import { parse, parseAllDocuments } from "yaml";
import { startBundleRole } from "../../cmd/operator/bundle-role.ts";
import { startControllerRole } from "../../cmd/operator/controller-role.ts";
import { publicKeys } from "../../pkg/bundle/keys.ts";
import { unwrap } from "../../pkg/bundle/wrap.ts";
import { startCertificates } from "../../pkg/controller/certificates.ts";
import { connectKube } from "../../pkg/kube/connect.ts";
import { systemClock } from "../../pkg/runtime/clock.ts";
import { systemRandom } from "../../pkg/runtime/random.ts";
import { startApi, type TestApi } from "../cluster/start-api.ts";
import { clusterRules, releaseRules } from "./operator-rbac.ts";

export const AUDIENCE = "weir.dev/weir-system";
export const RELEASE = "weir-system";

export type World = Awaited<ReturnType<typeof startWorld>>;

export async function startWorld() {
  const problems: string[] = [];
  const logger = {
    log: (_: string, event: string, fields?: object) => problems.push(`${event} ${JSON.stringify(fields ?? {})}`),
  };
  const api = await startApi();
  for (const crd of resourceDefinitions())
    await made(api.call("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", { body: crd }));
  await made(api.call("POST", "/api/v1/namespaces", { body: { metadata: { name: RELEASE } } }));
  await made(
    api.call("POST", "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations", { body: webhook }),
  );
  const kube = await connectAsOperator(api);
  const onError = (problem: string) => void problems.push(problem);
  const certificates = await startCertificates({
    api: kube,
    namespace: RELEASE,
    names: [`weir-operator.${RELEASE}.svc`],
    patchWebhook: true,
    nowMs: () => Date.now(),
    onError,
  });
  const shared = { api: kube, releaseNamespace: RELEASE, clock: systemClock, random: systemRandom, logger };
  let controller = startControllerRole({
    ...shared,
    cluster: "test",
    clusterDomain: "cluster.local",
    lookEveryMs: 1000,
  });
  const bundles = startBundleRole({ ...shared, audience: AUDIENCE, identity: "weir-operator-0" });
  const server = Fastify();
  await server.register(bundles.plugin);
  const url = await server.listen({ host: "127.0.0.1", port: 0 });

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

  const apply = (object: ReturnType<typeof resource>) =>
    made(
      api.call("PATCH", `${pathOf(object)}?fieldManager=test&force=true`, {
        body: object,
        contentType: "application/apply-patch+yaml",
      }),
    );
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

  /** `between` runs while there is none. */
  async function restartController(between: () => Promise<unknown>) {
    await controller.stop();
    await between();
    controller = startControllerRole({ ...shared, cluster: "test", clusterDomain: "cluster.local", lookEveryMs: 1000 });
  }

  async function stop() {
    await bundles.stop();
    await server.close();
    await controller.stop();
    await certificates.stop();
    kube.close();
    await api.stop();
  }

  return {
    api,
    kube,
    certificates,
    problems,
    read,
    eventually,
    bundleOf,
    apply,
    annotate,
    sidecarPod,
    token,
    fetchBundle,
    restartController,
    stop,
  };
}

export const condition = (object: { status?: { conditions?: { type: string; status: string }[] } }, type: string) =>
  object.status?.conditions?.find((each) => each.type === type) as Record<string, unknown> | undefined;

export const resource = (kind: string, namespace: string | undefined, name: string, spec: object) => ({
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
export const pathOf = ({ kind, metadata: { name, namespace } }: ReturnType<typeof resource>) =>
  `/apis/weir.dev/v1alpha1/${namespace ? `namespaces/${namespace}/` : ""}${plural[kind as keyof typeof plural]}/${name}`;
export const policy = (spec: object, name = "privacy") => resource("DataPolicy", "shop", name, spec);
export const good = { databases: ["orders"], guard: [{ name: "no-ddl", effects: ["Drop"], action: "Deny" }] };

export async function made<T extends { status: number; body: unknown }>(answer: Promise<T>): Promise<T> {
  const got = await answer;
  if (got.status >= 300) throw new Error(`${got.status} ${JSON.stringify(got.body).slice(0, 500)}`);
  return got;
}

const clientConfig = { service: { name: "weir-operator", namespace: RELEASE, path: "/mutate" } };
export const webhook = {
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

/** With the rights of `operator-rbac.ts` only, by a token of its own account. */
async function connectAsOperator(api: TestApi) {
  const rbac = "/apis/rbac.authorization.k8s.io/v1";
  const core = `/api/v1/namespaces/${RELEASE}`;
  const metadata = { name: "weir-operator" };
  const subjects = [{ kind: "ServiceAccount", name: "weir-operator", namespace: RELEASE }];
  const roleRef = (kind: string) => ({ apiGroup: "rbac.authorization.k8s.io", kind, name: "weir-operator" });
  const make = (path: string, body: object) => made(api.call("POST", path, { body }));
  for (const name of ["weir-ca", "weir-bundle-key"]) await make(`${core}/secrets`, { metadata: { name } });
  await make(`${core}/serviceaccounts`, { metadata });
  await make(`${rbac}/clusterroles`, { metadata, rules: clusterRules });
  await make(`${rbac}/clusterrolebindings`, { metadata, subjects, roleRef: roleRef("ClusterRole") });
  await make(`${rbac}/namespaces/${RELEASE}/roles`, { metadata, rules: releaseRules });
  await make(`${rbac}/namespaces/${RELEASE}/rolebindings`, { metadata, subjects, roleRef: roleRef("Role") });
  const { body } = await make(`${core}/serviceaccounts/weir-operator/token`, { spec: { expirationSeconds: 3600 } });
  const admin = parse(readFileSync(api.kubeconfig, "utf8"));
  const file = join(mkdtempSync(join(tmpdir(), "weir-operator-")), "kubeconfig");
  const users = [{ name: "operator", user: { token: body.status.token } }];
  const contexts = [{ name: "operator", context: { cluster: admin.clusters[0].name, user: "operator" } }];
  writeFileSync(file, JSON.stringify({ ...admin, users, contexts, "current-context": "operator" }), { mode: 0o600 });
  const kube = connectKube(file);
  rmSync(dirname(file), { recursive: true });
  return kube;
}
