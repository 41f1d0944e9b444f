// The webhook as a real API server calls it: by URL, on loopback.
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { selfSignedCertificate } from "../../pkg/localdb/certificate.ts";
import { describeApi, startApi, type TestApi } from "../cluster/start-api.ts";
import { databases, type Loose, settings } from "../support/injection.ts";
import { startTestOperator, type TestOperator } from "../support/operator.ts";

const governed = ["shop", "bank"].map((name) => ({ name, annotations: { "weir.dev/governance": "enabled" } }));
const known = { namespaces: governed, databases, bundleKeys: settings.bundleKeys, nativeSidecars: true };
const template = {
  metadata: { labels: { app: "web" } },
  spec: { containers: [{ name: "web", image: "localhost/web:1" }] },
};
const jobTemplate = { spec: { template: { spec: { ...template.spec, restartPolicy: "Never" } } } };

describeApi("the webhook behind a real API server", () => {
  let api: TestApi;
  let operator: TestOperator;

  const webhook = (name: string, namespace: string, port: number, certificate: string) => ({
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "MutatingWebhookConfiguration",
    metadata: { name },
    webhooks: [
      {
        name: `${name}.weir.dev`,
        clientConfig: {
          url: `https://127.0.0.1:${port}/mutate`,
          caBundle: Buffer.from(certificate).toString("base64"),
        },
        rules: [
          { apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["pods"], scope: "Namespaced" },
        ],
        failurePolicy: "Ignore",
        timeoutSeconds: 3,
        matchPolicy: "Equivalent",
        sideEffects: "None",
        reinvocationPolicy: "IfNeeded",
        admissionReviewVersions: ["v1"],
        namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
      },
    ],
  });
  const create = async (path: string, body: object) => {
    const answer = await api.call("POST", path, { body });
    if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
    return answer.body;
  };
  const install = (configuration: object) =>
    create("/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations", configuration);
  const namespace = (name: string) => create("/api/v1/namespaces", { metadata: { name } });
  const pod = (name: string) => ({ metadata: { name }, spec: template.spec });
  const podsPath = (where: string) => `/api/v1/namespaces/${where}/pods`;
  const names = (found: Loose) => (found.spec.initContainers ?? []).map((each: Loose) => each.name);

  async function until<T>(what: string, look: () => Promise<T | undefined>, seconds = 30): Promise<T> {
    for (let round = 0; round < seconds * 5; round++) {
      const found = await look();
      if (found !== undefined) return found;
      await delay(200);
    }
    throw new Error(`waited in vain for ${what}`);
  }

  /** The API server takes a moment to notice a new configuration. */
  const inForce = (where: string, sign: (found: Loose) => boolean) =>
    until(`the webhook of ${where}`, async () => {
      const { body } = await api.call("POST", `${podsPath(where)}?dryRun=All`, { body: pod("rehearsal") });
      return sign(body) || undefined;
    });
  const podOf = (where: string, owner: string) =>
    until(
      `a pod of ${owner}`,
      async () => {
        const { body } = await api.call("GET", podsPath(where));
        return body.items.find((each: Loose) => each.metadata.name.startsWith(`${owner}-`));
      },
      100,
    );

  beforeAll(async () => {
    api = await startApi();
    operator = await startTestOperator({ known });
    for (const name of ["shop", "bank", "free"]) await namespace(name);
    for (const { name } of governed)
      await install(webhook(`weir-${name}`, name, operator.port, operator.certificate.certificate));
    for (const { name } of governed) await inForce(name, (found) => names(found).includes("weir-sidecar"));
    const cron = { metadata: { name: "nightly" }, spec: { schedule: "* * * * *", jobTemplate } };
    await create("/apis/batch/v1/namespaces/shop/cronjobs", cron);
  }, 120_000);
  afterAll(async () => {
    await operator?.stop();
    await api?.stop();
  }, 60_000);

  test.each([
    [
      "deployments",
      "apps/v1",
      { replicas: 1, selector: { matchLabels: { app: "web" } }, template },
      "Deployment/web-deployments",
    ],
    [
      "statefulsets",
      "apps/v1",
      { serviceName: "web", selector: { matchLabels: { app: "web" } }, template },
      "StatefulSet/web-statefulsets",
    ],
    ["jobs", "batch/v1", jobTemplate.spec, "Job/web-jobs"],
  ])("the pods that the controller of %s makes have their sidecar", async (kind, version, spec, workload) => {
    await create(`/apis/${version}/namespaces/shop/${kind}`, { metadata: { name: `web-${kind}` }, spec });
    const made = await podOf("shop", `web-${kind}`);
    expect(names(made)).toEqual(["weir-sidecar"]);
    const [sidecar] = made.spec.initContainers;
    expect(sidecar).toMatchObject({ restartPolicy: "Always", image: settings.image });
    expect(sidecar.env).toContainEqual({ name: "WEIR_WORKLOAD", value: workload });
    expect(made.spec.hostAliases.map((each: Loose) => each.ip)).toEqual(["127.83.0.1", "127.83.0.2"]);
    expect(made.spec.volumes.map((each: Loose) => each.name)).toEqual(
      expect.arrayContaining(["weir-identity", "weir-bundle", "weir-state"]),
    );
  });

  test("so have those of a CronJob, a minute later", async () => {
    const made = await podOf("shop", "nightly");
    expect(names(made)).toEqual(["weir-sidecar"]);
    expect(made.spec.initContainers[0].env).toContainEqual({ name: "WEIR_WORKLOAD", value: "CronJob/nightly" });
  }, 120_000);

  test("brokered logins are mounted in the sidecar alone", async () => {
    const made = await create(podsPath("bank"), pod("teller"));
    const mounts = (found: Loose) => found.volumeMounts.map((each: Loose) => each.name);
    expect(mounts(made.spec.initContainers[0])).toContain("weir-credentials-ledger");
    expect(mounts(made.spec.containers[0]).filter((name: string) => name.startsWith("weir-"))).toEqual([]);
  });

  test("a namespace that has not opted in is left alone", async () => {
    expect(names(await create(podsPath("free"), pod("plain")))).toEqual([]);
  });

  test("a rehearsal is patched and leaves no trace in the metrics", async () => {
    const count = async () => (await operator.registry.getSingleMetric("weir_admission_total")!.get()).values.length;
    const before = await count();
    const { body } = await api.call("POST", `${podsPath("shop")}?dryRun=All`, {
      body: { metadata: { name: "x" }, spec: { ...template.spec, hostNetwork: true } },
    });
    expect(names(body)).toEqual([]);
    expect(await count()).toBe(before);
  });

  test("the reason reaches whoever creates the pod", async () => {
    const manifest = JSON.stringify({
      apiVersion: "v1",
      kind: "Pod",
      ...pod("agent"),
      spec: { ...template.spec, hostNetwork: true },
    });
    const { code, stderr } = await api.kubectl(["create", "-n", "shop", "-f", "-"], manifest);
    expect([code, stderr]).toEqual([0, expect.stringContaining("Warning: weir: no sidecar: HostNetwork: ")]);
  });

  const injectedSoFar = async () => {
    const { values } = await operator.registry.getSingleMetric("weir_admission_total")!.get();
    return values.find(({ labels }) => labels.outcome === "injected")?.value ?? 0;
  };

  test("called again after another webhook has changed the pod, it adds nothing", async () => {
    const other = await startLiar((review) => {
      const { initContainers } = review.request.object.spec;
      const init = { name: "injected-by-another", image: "localhost/other:1" };
      const ops = initContainers.some((each: Loose) => each.name === init.name)
        ? []
        : [{ op: "add", path: "/spec/initContainers/0", value: init }];
      return answerOf(review, { patchType: "JSONPatch", patch: Buffer.from(JSON.stringify(ops)).toString("base64") });
    });
    try {
      await install(webhook("z-other", "shop", other.port, other.certificate));
      await inForce("shop", (found) => names(found).includes("injected-by-another"));
      const before = await injectedSoFar();
      const made = await create(podsPath("shop"), pod("both"));
      expect((await injectedSoFar()) - before).toBe(2);
      expect(names(made)).toEqual(["injected-by-another", "weir-sidecar"]);
      expect(made.spec.volumes.filter((each: Loose) => each.name.startsWith("weir-"))).toHaveLength(3);
      expect(made.spec.hostAliases).toHaveLength(2);
    } finally {
      await api.call("DELETE", "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/z-other");
      await other.close();
    }
  });

  describe("when the webhook fails, the pod is created all the same", () => {
    test.each<[string, (review: Loose) => object | string | null]>([
      ["it never answers", () => null],
      ["it answers no JSON", () => "<html>"],
      ["it answers for another request", (review) => answerOf({ request: { ...review.request, uid: "x" } }, {})],
      ["it answers something else", () => ({ kind: "Pod", apiVersion: "v1" })],
      ["it names no patch type", (review) => answerOf(review, { patch: "W10=" })],
    ])("%s", async (what, reply) => {
      const liar = await startLiar(reply);
      const where = `lies-${what.toLowerCase().replaceAll(" ", "-")}`;
      try {
        await namespace(where);
        await install(webhook(where, where, liar.port, liar.certificate));
        await until("the liar to be asked", async () => {
          await api.call("POST", `${podsPath(where)}?dryRun=All`, { body: pod("rehearsal") });
          return liar.asked() > 0 || undefined;
        });
        const made = await api.call("POST", podsPath(where), { body: pod("web") });
        expect([made.status, names(made.body)]).toEqual([201, []]);
      } finally {
        await api.call("DELETE", `/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/${where}`);
        await liar.close();
      }
    });

    test("it is not there, or not who it should be", async () => {
      await namespace("down");
      await install(webhook("down", "down", 1, operator.certificate.certificate));
      await namespace("impostor");
      const another = selfSignedCertificate(["127.0.0.1"]).certificate;
      await install(webhook("impostor", "impostor", operator.port, another));
      await delay(1500);
      for (const where of ["down", "impostor"])
        expect((await api.call("POST", podsPath(where), { body: pod("web") })).status).toBe(201);
    });
  });

  test("a new certificate is taken without a restart", async () => {
    const renewed = selfSignedCertificate(["127.0.0.1"]);
    const path = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/weir-shop";
    const caBundle = Buffer.from(operator.certificate.certificate + renewed.certificate).toString("base64");
    const body = [{ op: "replace", path: "/webhooks/0/clientConfig/caBundle", value: caBundle }];
    expect((await api.call("PATCH", path, { body, contentType: "application/json-patch+json" })).status).toBe(200);
    operator.renew(renewed);
    await inForce("shop", (found) => names(found).includes("weir-sidecar"));
    expect(names(await create(podsPath("shop"), pod("after-renewal")))).toEqual(["weir-sidecar"]);
  });
});

function answerOf(review: Loose, response: object): object {
  return {
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    response: { uid: review.request.uid, allowed: true, ...response },
  };
}

interface Liar {
  readonly port: number;
  readonly certificate: string;
  asked(): number;
  close(): Promise<void>;
}

/** A webhook that answers what it is told to; null: nothing. */
async function startLiar(reply: (review: Loose) => object | string | null): Promise<Liar> {
  const pair = selfSignedCertificate(["127.0.0.1"]);
  let asked = 0;
  const server: Server = createServer({ cert: pair.certificate, key: pair.key }, async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    asked++;
    const answer = reply(JSON.parse(Buffer.concat(chunks).toString()));
    if (answer === null) return;
    response
      .setHeader("content-type", "application/json")
      .end(typeof answer === "string" ? answer : JSON.stringify(answer));
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    port: (server.address() as AddressInfo).port,
    certificate: pair.certificate,
    asked: () => asked,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}
