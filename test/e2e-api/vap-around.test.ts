// What leads around a governed pod: updates, other ways to its sidecar's identity, its namespace, and what may go missing.
import { describeApi } from "../cluster/start-api.ts";
import { besideBrokered } from "./beside-brokered.ts";
import { databases, governedPod, type Json, keys, plainPod } from "./governed-pod.ts";
import { governedNamespaces, type Installed, labelled, until } from "./installed.ts";

describeApi("what the admission policies say around pods", () => {
  let api: Installed;

  beforeAll(async () => {
    api = await governedNamespaces();
  }, 180_000);

  afterAll(async () => {
    await api?.stop();
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

  describe("the size of a pod", () => {
    const many = <T>(count: number, make: (index: number) => T) => Array.from({ length: count }, (_, n) => make(n));
    const large = (): Json => {
      const pod = governedPod("large");
      const env = many(300, (n) => ({ name: `E${n}`, value: "v" }));
      const envFrom = many(60, () => ({ configMapRef: { name: "x" } }));
      const volumeMounts = many(60, (n) => ({ name: `v${n}`, mountPath: `/${n}` }));
      pod.spec.containers.push(...many(55, (n) => ({ name: `c${n}`, image: "x", env, envFrom, volumeMounts })));
      pod.spec.volumes.push(...many(100, (n) => ({ name: `v${n}`, emptyDir: {} })));
      pod.spec.hostAliases.push(
        ...many(240, () => ({ ip: "10.0.0.1", hostnames: many(60, (n) => `h${n}.example.com`) })),
      );
      return pod;
    };

    test.each([
      ["without the namespace's label", null],
      ["with it", "enabled"],
    ])(
      "within the bounds exhausts no policy's budget, %s: the large pod is judged like any other",
      async (_, label) => {
        await labelled(api, "shop", label);
        expect(await api.tryPod(large())).toMatchObject({ status: 201 });
        const taking = large();
        taking.spec.containers[40].envFrom[59] = { secretRef: { name: "vault-login" } };
        expect((await api.tryPod(taking)).body.message).toMatch(/env or envFrom.*vault-login/);
        await labelled(api, "shop", null);
      },
    );
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
        const send = (name: string) =>
          api.send("POST", `${pods}/debugged/${way}?container=${name}&command=x&stdout=true`);
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

  describe("beside brokered credentials", () => besideBrokered(() => api));

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
      api.send(
        "PATCH",
        `/api/v1/namespaces/kept${path}`,
        { metadata: { annotations: { "weir.dev/governance": value } } },
        editor,
      );

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
          expect((await annotate(value, path)).body.message).toMatch(
            /must stay "enabled".*weir-governance-disabler to eve/,
          );
      const { body } = await api.send("GET", "/api/v1/namespaces/kept", undefined, editor);
      delete body.metadata.annotations["weir.dev/governance"];
      for (const path of ["", "/finalize"])
        expect((await api.send("PUT", `/api/v1/namespaces/kept${path}`, body, editor)).body.message).toMatch(
          /must stay/,
        );
    });

    test("does not hold up other changes", async () => {
      const metadata = { labels: { team: "a", "weir.dev/governance": null }, annotations: { other: "x" } };
      expect(await api.send("PATCH", "/api/v1/namespaces/kept", { metadata }, editor)).toMatchObject({ status: 200 });
      await api.namespace("opened", {});
      const typo = { metadata: { annotations: { "weir.dev/governance": "enable" } } };
      expect((await api.send("PATCH", "/api/v1/namespaces/opened", typo)).body.message).toMatch(
        /must be enabled or disabled/,
      );
    });

    test("is open to who holds the permission in that namespace", async () => {
      const path = `${rbac}/namespaces/kept/rolebindings`;
      await api.send("POST", path, bind("may-end", "eve", "weir-governance-disabler"));
      await until(async () => (await annotate("disabled")).status === 200);
      expect(await annotate(null)).toMatchObject({ status: 200 });
    });
  });

  describe("the ConfigMap weir-bundle", () => {
    const configMap = (namespace: string, name: string, more: Json = {}) => ({
      metadata: { name, namespace },
      data: { "bundle.json": "an older one" },
      ...more,
    });
    const operator = {
      "impersonate-user": "system:serviceaccount:weir-system:weir-operator",
      "impersonate-group": "system:masters",
    };
    const path = (namespace: string, name = "") => `/api/v1/namespaces/${namespace}/configmaps/${name}`;

    test("is written by the operator alone, and may be deleted", async () => {
      const make = (name: string, as = {}) => api.send("POST", path("shop"), configMap("shop", name), as);
      expect((await make("weir-bundle")).body.message).toMatch(/written by weir-operator only/);
      expect(await make("weir-bundle", operator)).toMatchObject({ status: 201 });
      for (const change of [{ data: { "ca.crt": "other" } }, { immutable: true }, { metadata: { labels: { a: "b" } } }])
        expect((await api.send("PATCH", path("shop", "weir-bundle"), change)).body.message).toMatch(/Remedy: leave it/);
      expect(await api.send("DELETE", path("shop", "weir-bundle"))).toMatchObject({ status: 200 });
      expect(await make("another")).toMatchObject({ status: 201 });
    });

    test("is nobody's where nothing is governed", async () => {
      const made = await api.send("POST", path("free"), configMap("free", "weir-bundle"));
      expect(made).toMatchObject({ status: 201 });
    });
  });

  describe("what is missing stops no one else", () => {
    test("other keys than the published ones are refused; none published, too", async () => {
      const publish = (data: Json) =>
        api.send("PATCH", "/api/v1/namespaces/weir-system/configmaps/weir-public", { data });
      await publish({ keys: "other" });
      await until(async () => /env\[WEIR_BUNDLE_KEYS\]/.test((await api.tryPod(governedPod())).body.message));
      await publish({ keys: null });
      await until(async () => /env\[WEIR_BUNDLE_KEYS\]/.test((await api.tryPod(governedPod())).body.message));
      await publish({ keys });
      await until(async () => (await api.tryPod(governedPod())).status === 201);
    });

    test("without the ConfigMap of keys, governed pods are refused once labelled, and others start", async () => {
      const path = "/api/v1/namespaces/weir-system/configmaps/weir-public";
      await api.send("PATCH", "/api/v1/namespaces/shop", {
        metadata: { labels: { "weir.dev/governance": "enabled" } },
      });
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
});
