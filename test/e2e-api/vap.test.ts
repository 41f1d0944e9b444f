// Invariant 10 on a real API server: a governed pod cannot start ungoverned, with neither webhook nor operator running.
import { databases, governedPod, image, type Json, keys, legacyPod, plainPod } from "./governed-pod.ts";
import { type Installed, installed, until } from "./installed.ts";
import { legacyOnly, type Mutation, mutations, nativeOnly, sidecarOf } from "./mutations.ts";

let api: Installed;

beforeAll(async () => {
  api = await installed(image, keys);
  await api.namespace("shop", { "weir.dev/governance": "enabled" });
  await api.namespace("free", {});
  for (const database of databases("shop")) await api.create("governeddatabases", database);
  for (const database of databases("free")) await api.create("governeddatabases", database);
  await api.settled("shop");
}, 180_000);

afterAll(async () => {
  await api?.stop();
});

const refused = (mutation: Mutation, pod: Json) => async () => {
  mutation.change(pod);
  const answer = await api.tryPod(pod);
  expect(answer.body.message ?? "accepted").toMatch(mutation.says);
  expect([403, 422]).toContain(answer.status);
};

describe("a native sidecar", () => {
  test("as the injector makes it is accepted", async () => {
    expect(await api.tryPod(governedPod())).toMatchObject({ status: 201 });
  });
  for (const mutation of [...mutations, ...nativeOnly])
    test(`refused: ${mutation.what}`, refused(mutation, governedPod()));
});

describe("a legacy sidecar", () => {
  test("as the injector makes it is accepted", async () => {
    expect(await api.tryPod(legacyPod())).toMatchObject({ status: 201 });
  });
  for (const mutation of [...mutations, ...legacyOnly])
    test(`refused: ${mutation.what}`, refused(mutation, legacyPod()));
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
      await api.create("deployments", { metadata: meta("deploy"), spec: { selector: labels, template: template(pod) } });
      await api.create("jobs", { metadata: meta("job"), spec: job(pod) });
      const schedule = { schedule: "* * * * *", startingDeadlineSeconds: 200, jobTemplate: { spec: job(pod) } };
      await api.create("cronjobs", { metadata: meta("cron"), spec: schedule });
      for (const kind of ["deploy", "job", "cron"]) {
        const name = `${kind}-${good}`;
        if (good === "whole") await until(async () => (await owned(name)).length > 0, 900);
        else await until(async () => (await events(name)).some((text: string) => /no weir-sidecar/.test(text)), 900);
      }
      if (good === "bare") for (const kind of ["deploy", "job", "cron"]) expect(await owned(`${kind}-bare`)).toEqual([]);
    }, 150_000);
  }
});

describe("updates", () => {
  const path = (name: string) => `/api/v1/namespaces/later/pods/${name}`;
  const patch = (name: string, body: Json) => api.send("PATCH", path(name), body);
  const strategic = { "content-type": "application/strategic-merge-patch+json" };
  const images = (list: string, name: string, image: string) => ({ spec: { [list]: [{ name, image }] } });

  beforeAll(async () => {
    await api.namespace("later", {});
    for (const database of databases("later")) await api.create("governeddatabases", database);
    for (const pod of [plainPod("old", "later"), governedPod("good", "later")]) await api.create("pods", pod);
    await api.namespace("later", { "weir.dev/governance": "enabled" });
    await until(async () => (await api.tryPod(plainPod("plain", "later"))).status === 403);
  });

  test("of labels, finalizers and owners pass, also for pods that are older than governance", async () => {
    for (const name of ["old", "good"]) {
      const metadata = { labels: { a: "b" }, finalizers: ["example.com/x"], annotations: { c: "d" } };
      expect(await patch(name, { metadata })).toMatchObject({ status: 200 });
      expect(await patch(name, { metadata: { finalizers: null } })).toMatchObject({ status: 200 });
    }
  });

  test("of images: the application's pass beside a whole sidecar, others are refused", async () => {
    const send = (name: string, list: string, container: string) =>
      api.send("PATCH", path(name), images(list, container, "other"), strategic);
    expect(await send("good", "containers", "app")).toMatchObject({ status: 200 });
    expect((await send("good", "initContainers", "weir-sidecar")).body.message).toMatch(/image must be/);
    expect((await send("old", "containers", "app")).body.message).toMatch(/no weir-sidecar/);
  });
});

describe("ways to the sidecar's identity", () => {
  const pods = "/api/v1/namespaces/shop/pods";
  const debug = (fields: Json) =>
    api.send("PATCH", `${pods}/debugged/ephemeralcontainers`, {
      spec: { ephemeralContainers: [{ name: "debug", image: "debug", ...fields }] },
    });
  beforeAll(async () => {
    await api.create("pods", governedPod("debugged"));
  });

  test("no ephemeral container looks into it, mounts its volumes or reads brokered credentials", async () => {
    const volumeMounts = [{ name: "weir-state", mountPath: "/x" }];
    const valueFrom = { secretKeyRef: { name: "vault-login", key: "password" } };
    expect((await debug({ targetContainerName: "weir-sidecar" })).body.message).toMatch(/targetContainerName/);
    expect((await debug({ volumeMounts })).body.message).toMatch(/volumeMounts has a weir-\*/);
    expect((await debug({ env: [{ name: "P", valueFrom }] })).body.message).toMatch(/env or envFrom.*vault-login/);
    expect((await debug({ envFrom: [{ secretRef: { name: "vault-login" } }] })).body.message).toMatch(/vault-login/);
    expect(await debug({ targetContainerName: "app" })).toMatchObject({ status: 200 });
  });

  test("no exec and no attach into it; the application's containers stay open", async () => {
    for (const way of ["exec", "attach"]) {
      const send = (name: string) => api.send("POST", `${pods}/debugged/${way}?container=${name}&command=x&stdout=true`);
      expect((await send("weir-sidecar")).body.message).toMatch(/exec and attach are closed/);
      expect(JSON.stringify((await send("app")).body)).not.toMatch(/weir/);
    }
  });

  test("no token of its audience from the API, but for the kubelet", async () => {
    const ask = (audiences: string[], as: Record<string, string> = {}) =>
      api.send("POST", "/api/v1/namespaces/shop/serviceaccounts/default/token", { spec: { audiences } }, as);
    expect((await ask(["weir.dev/weir-system"])).body.message).toMatch(/tokens of the audience/);
    expect((await ask(["x", "weir.dev/weir-system"])).body.message).toMatch(/tokens of the audience/);
    expect(await ask(["x"])).toMatchObject({ status: 201 });
    const node = { "impersonate-user": "admin", "impersonate-group": "system:masters" };
    expect((await ask(["weir.dev/weir-system"], node)).body.message).toMatch(/tokens of the audience/);
  });

  test("opting out does not open them", async () => {
    const pod = governedPod("out");
    Object.assign(pod.metadata.annotations, { "weir.dev/inject": "false", "weir.dev/inject-reason": "try" });
    pod.spec.initContainers = [];
    pod.spec.volumes = [{ name: "cache", emptyDir: {} }];
    expect(await api.tryPod(pod)).toMatchObject({ status: 201 });
    const sources = [{ serviceAccountToken: { audience: "weir.dev/weir-system", path: "token" } }];
    for (const [volume, says] of [
      [{ projected: { sources } }, /only weir-identity may hold/],
      [{ secret: { secretName: "vault-login" } }, /mounts the Secret vault-login/],
    ] as const) {
      const changed = { ...pod, spec: { ...pod.spec, volumes: [...pod.spec.volumes, { name: "mine", ...volume }] } };
      expect((await api.tryPod(changed)).body.message).toMatch(says);
    }
    const named = { ...pod, spec: { ...pod.spec, volumes: [...pod.spec.volumes, { name: "weir-x", emptyDir: {} }] } };
    expect((await api.tryPod(named)).body.message).toMatch(/the pod has none/);
  });
});

describe("ending governance of a namespace", () => {
  const editor = { "impersonate-user": "eve", "impersonate-group": "system:authenticated" };
  const role = (name: string, rules: Json) => ({ metadata: { name }, rules });
  const rbac = "/apis/rbac.authorization.k8s.io/v1";
  const bind = (name: string, user: string, to = name) => ({
    metadata: { name },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: to },
    subjects: [{ kind: "User", name: user }],
  });
  const annotate = (value: string | null, path = "") =>
    api.send("PATCH", `/api/v1/namespaces/kept${path}`, { metadata: { annotations: { "weir.dev/governance": value } } }, editor);

  beforeAll(async () => {
    await api.namespace("kept", { "weir.dev/governance": "enabled" });
    const resources = ["namespaces", "namespaces/status", "namespaces/finalize"];
    const rules = [{ apiGroups: [""], resources, verbs: ["get", "update", "patch"] }];
    await api.send("POST", `${rbac}/clusterroles`, role("namespace-editor", rules));
    await api.send("POST", `${rbac}/clusterrolebindings`, bind("namespace-editor", "eve"));
  });

  test("is refused to an editor of namespaces, through every path, with the remedy", async () => {
    for (const path of ["", "/status"])
      for (const value of [null, "disabled", "", "Enabled"])
        expect((await annotate(value, path)).body.message).toMatch(/must stay "enabled".*weir-governance-disabler to eve/);
    const { body } = await api.send("GET", "/api/v1/namespaces/kept", undefined, editor);
    delete body.metadata.annotations["weir.dev/governance"];
    for (const path of ["", "/finalize"])
      expect((await api.send("PUT", `/api/v1/namespaces/kept${path}`, body, editor)).body.message).toMatch(/must stay/);
  });

  test("does not hold up other changes", async () => {
    const metadata = { labels: { team: "a", "weir.dev/governance": null }, annotations: { other: "x" } };
    expect(await api.send("PATCH", "/api/v1/namespaces/kept", { metadata }, editor)).toMatchObject({ status: 200 });
    await api.namespace("opened", {});
    const typo = { metadata: { annotations: { "weir.dev/governance": "enable" } } };
    expect((await api.send("PATCH", "/api/v1/namespaces/opened", typo)).body.message).toMatch(/must be enabled or disabled/);
  });

  test("is open to who holds the permission in that namespace", async () => {
    const path = `${rbac}/namespaces/kept/rolebindings`;
    await api.send("POST", path, bind("may-end", "eve", "weir-governance-disabler"));
    await until(async () => (await annotate("disabled")).status === 200);
    expect(await annotate(null)).toMatchObject({ status: 200 });
  });
});

describe("what is missing stops no one else", () => {
  test("other keys than the published ones are refused; none published, too", async () => {
    const publish = (data: Json) => api.send("PATCH", "/api/v1/namespaces/weir-system/configmaps/weir-public", { data });
    await publish({ keys: "other" });
    await until(async () => /env\[WEIR_BUNDLE_KEYS\]/.test((await api.tryPod(governedPod())).body.message));
    await publish({ keys: null });
    await until(async () => /env\[WEIR_BUNDLE_KEYS\]/.test((await api.tryPod(governedPod())).body.message));
    await publish({ keys });
    await until(async () => (await api.tryPod(governedPod())).status === 201);
  });

  test("without the ConfigMap of keys, governed pods are refused once labelled, and others start", async () => {
    const path = "/api/v1/namespaces/weir-system/configmaps/weir-public";
    await api.send("PATCH", "/api/v1/namespaces/shop", { metadata: { labels: { "weir.dev/governance": "enabled" } } });
    await api.send("DELETE", path);
    await until(async () => /no params found/.test((await api.tryPod(governedPod())).body.message));
    expect(await api.tryPod(plainPod("plain", "free"))).toMatchObject({ status: 201 });
    await api.install();
    await until(async () => (await api.tryPod(governedPod())).status === 201);
  });

  test("after an uninstall pods start, and after another install keys that are published then are read", async () => {
    await api.helm("uninstall", "weir", "-n", "weir-system", "--wait");
    await until(async () => (await api.tryPod(plainPod("plain", "shop"))).status === 201);
    await api.install();
    await api.settled("shop");
    await api.send("PATCH", "/api/v1/namespaces/weir-system/configmaps/weir-public", { data: { keys: "newer" } });
    await until(async () => /env\[WEIR_BUNDLE_KEYS\]/.test((await api.tryPod(governedPod())).body.message));
  });

  test("without our resource definitions there is no governed database, and other namespaces' pods start", async () => {
    await api.send("DELETE", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/governeddatabases.weir.dev");
    await until(async () => (await api.send("GET", "/apis/weir.dev/v1alpha1/governeddatabases")).status === 404);
    for (let round = 0; round < 30; round++)
      expect(await api.tryPod(plainPod("plain", "free"))).toMatchObject({ status: 201 });
  });
});
