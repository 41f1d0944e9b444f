// Invariant 10 on a real API server: a governed pod cannot start ungoverned, with neither webhook nor operator running.
import { describeApi } from "../cluster/start-api.ts";
import { databases, governedPod, type Json, legacyPod, plainPod } from "./governed-pod.ts";
import { governedNamespaces, type Installed, labelled, until } from "./installed.ts";
import { type Mutation, sidecarOf } from "./mutation.ts";
import { legacyOnly, mutations, nativeOnly } from "./mutations.ts";

describeApi("what the admission policies say of pods", () => {
  let api: Installed;

  beforeAll(async () => {
    api = await governedNamespaces();
  }, 180_000);

  afterAll(async () => {
    await api?.stop();
  });

  const refused = (mutation: Mutation, good: Json) => async () => {
    const pod = structuredClone(good);
    mutation.change(pod);
    const answer = await api.tryPod(pod);
    expect(answer.body.message ?? "accepted").toMatch(mutation.says);
    expect([403, 422]).toContain(answer.status);
  };

  describe.each([
    ["before the namespace has its label", null],
    ["with the namespace's label", "enabled"],
  ])("%s", (_, label) => {
    beforeAll(() => labelled(api, "shop", label), 60_000);
    afterAll(() => labelled(api, "shop", null), 60_000);

    test("a native sidecar as the injector makes it is accepted", async () => {
      expect(await api.tryPod(governedPod())).toMatchObject({ status: 201 });
    });
    for (const mutation of [...mutations, ...nativeOnly])
      test(`a native one is refused: ${mutation.what}`, refused(mutation, governedPod()));

    test("a legacy sidecar as the injector makes it is accepted", async () => {
      expect(await api.tryPod(legacyPod())).toMatchObject({ status: 201 });
    });
    for (const mutation of [...mutations, ...legacyOnly])
      test(`a legacy one is refused: ${mutation.what}`, refused(mutation, legacyPod()));
  });

  describe("what stays free", () => {
    const accepted = (what: string, change: (pod: Json) => void) =>
      test(what, async () => {
        const pod = governedPod();
        change(pod);
        const { status, body } = await api.tryPod(pod);
        expect([status, body.message]).toEqual([201, undefined]);
      });
    accepted("the sidecar's resources", (pod) => {
      sidecarOf(pod).resources = { requests: { cpu: "1", memory: "1Gi" }, limits: { cpu: "2", memory: "2Gi" } };
    });
    accepted("what a cloud's workload identity adds to every container", (pod) => {
      const source = { serviceAccountToken: { audience: "sts.amazonaws.com", path: "token" } };
      pod.spec.volumes.push({ name: "aws-iam-token", projected: { sources: [source] } });
      const c = sidecarOf(pod);
      c.env.push({ name: "AWS_ROLE_ARN", value: "arn:aws:iam::1:role/app" });
      c.env.unshift({ name: "AZURE_CLIENT_ID", value: "" });
      const mountPath = "/var/run/secrets/eks.amazonaws.com/serviceaccount";
      c.volumeMounts.push({ name: "aws-iam-token", mountPath, readOnly: true });
    });
    accepted("how often it is probed", (pod) => {
      Object.assign(sidecarOf(pod).readinessProbe, { periodSeconds: 3, failureThreshold: 9, timeoutSeconds: 5 });
    });
    accepted("imagePullPolicy Always, which an admission plugin may enforce", (pod) => {
      sidecarOf(pod).imagePullPolicy = "Always";
    });
    accepted("the API token's mount that the API server adds", (pod) => {
      pod.spec.automountServiceAccountToken = true;
    });
    accepted("the application's own tokens and aliases", (pod) => {
      const sources = [{ serviceAccountToken: { audience: "vault", path: "token" } }];
      pod.spec.volumes.push({ name: "mine", projected: { sources } });
      pod.spec.hostAliases.push({ ip: "10.9.9.9", hostnames: ["orders-db.example.com"] });
    });
    accepted("a pod that opts out with a reason", (pod) => {
      Object.assign(pod, plainPod());
      pod.metadata.annotations = { "weir.dev/inject": "false", "weir.dev/inject-reason": "no database" };
    });

    test("pods of namespaces without the annotation", async () => {
      const forged = governedPod("forged", "free");
      sidecarOf(forged).image = "mine";
      forged.spec.hostNetwork = false;
      for (const pod of [plainPod("plain", "free"), governedPod("good", "free"), forged])
        expect(await api.tryPod(pod)).toMatchObject({ status: 201 });
      const network = plainPod("network", "free");
      network.spec.hostNetwork = true;
      expect(await api.tryPod(network)).toMatchObject({ status: 201 });
    });

    test("pods of governed namespaces without databases; but a false sidecar is refused there, too", async () => {
      await api.namespace("empty", { "weir.dev/governance": "enabled" });
      expect(await api.tryPod(plainPod("plain", "empty"))).toMatchObject({ status: 201 });
      const forged = governedPod("forged", "empty");
      sidecarOf(forged).image = "mine";
      expect((await api.tryPod(forged)).body.message).toMatch(/image must be/);
    });

    test("kube-system and the release namespace, whatever their annotations say", async () => {
      for (const name of ["kube-system", "weir-system"]) {
        await api.namespace(name, { "weir.dev/governance": "enabled" });
        const pod = plainPod("plain", name);
        pod.spec.hostNetwork = true;
        expect(await api.tryPod(pod)).toMatchObject({ status: 201 });
      }
    });
  });

  describe("a database's workloads", () => {
    test("are those with its labels: they need its listener, others do not", async () => {
      const pod = governedPod("reports");
      pod.metadata.labels.app = "reports";
      expect((await api.tryPod(pod)).body.message).toMatch(/WEIR_LISTENERS.*shop\/reports/);
      sidecarOf(pod).env[0].value += ",127.83.0.4:5432=shop/reports";
      expect((await api.tryPod(pod)).body.message).toMatch(/hostAliases must lead reports-db, .*127.83.0.4/);
      const names = ["reports-db", "reports-db.shop", "reports-db.shop.svc", "reports-db.shop.svc.cluster.local"];
      pod.spec.hostAliases.push({ ip: "127.83.0.4", hostnames: names });
      expect(await api.tryPod(pod)).toMatchObject({ status: 201 });
    });
  });

  describe("the moment of opting in", () => {
    test("governs the next request of kubectl, before any label is mirrored", async () => {
      await api.namespace("next", {});
      for (const database of databases("next")) await api.create("governeddatabases", database);
      const start = () => api.kubectl("-n", "next", "run", "plain", "--image=app", "--dry-run=server");
      expect(await start()).toMatch(/plain created/);
      await api.kubectl("annotate", "namespace", "next", "weir.dev/governance=enabled");
      await expect(start()).rejects.toThrow(/no weir-sidecar/);
    });
  });

  describe("controllers' pods", () => {
    const template = (pod: Json) => ({ metadata: { labels: { app: "x" } }, spec: pod.spec });
    const job = (pod: Json) => ({ template: { spec: { ...pod.spec, restartPolicy: "Never" } } });
    const owned = async (kind: string) =>
      (await api.send("GET", "/api/v1/namespaces/shop/pods")).body.items.filter((pod: Json) =>
        pod.metadata.ownerReferences?.some((owner: Json) => owner.name.startsWith(kind)),
      );
    const events = async (kind: string) =>
      (await api.send("GET", "/api/v1/namespaces/shop/events")).body.items
        .filter((event: Json) => event.involvedObject.name.startsWith(kind) && event.reason === "FailedCreate")
        .map((event: Json) => event.message);

    for (const [good, pod] of [
      ["whole", governedPod("x")],
      ["bare", plainPod("x")],
    ] as const) {
      test(`of a Deployment, a Job and a CronJob are judged the same: ${good}`, async () => {
        const meta = (name: string) => ({ name: `${name}-${good}`, namespace: "shop" });
        const labels = { matchLabels: { app: "x" } };
        await api.create("deployments", {
          metadata: meta("deploy"),
          spec: { selector: labels, template: template(pod) },
        });
        await api.create("jobs", { metadata: meta("job"), spec: job(pod) });
        const schedule = { schedule: "* * * * *", startingDeadlineSeconds: 200, jobTemplate: { spec: job(pod) } };
        await api.create("cronjobs", { metadata: meta("cron"), spec: schedule });
        for (const kind of ["deploy", "job", "cron"]) {
          const name = `${kind}-${good}`;
          if (good === "whole") await until(async () => (await owned(name)).length > 0, 900);
          else await until(async () => (await events(name)).some((text: string) => /no weir-sidecar/.test(text)), 900);
        }
        if (good === "bare")
          for (const kind of ["deploy", "job", "cron"]) expect(await owned(`${kind}-bare`)).toEqual([]);
      }, 150_000);
    }
  });
});
