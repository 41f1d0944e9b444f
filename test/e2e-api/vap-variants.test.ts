// The chart's values that change what the admission policies say, and what the chart as a whole promises.
import { parseAllDocuments } from "yaml";
import { describeApi } from "../cluster/start-api.ts";
import { governedPod, type Json, legacyPod, plainPod } from "./governed-pod.ts";
import { chart, governedNamespaces, type Installed, until } from "./installed.ts";
import { sidecarOf } from "./mutation.ts";

describeApi("the chart's values", () => {
  let api: Installed;

  beforeAll(async () => {
    api = await governedNamespaces();
  }, 180_000);

  afterAll(async () => {
    await api?.stop();
  });

  const says = async (pod: Json) => (await api.tryPod(pod)).body.message ?? "accepted";
  const optedOut = () => {
    const pod = plainPod();
    pod.metadata.annotations = { "weir.dev/inject": "false", "weir.dev/inject-reason": "no database" };
    return pod;
  };
  const user = (runAsUser: number | undefined, more: Json = {}) => {
    const pod = governedPod();
    sidecarOf(pod).securityContext = { ...sidecarOf(pod).securityContext, ...more, runAsUser };
    return pod;
  };

  test("injection.optOut: Denied", async () => {
    expect(await says(optedOut())).toBe("accepted");
    await api.install("injection.optOut=Denied");
    await until(async () => /allows no pod to opt out|no weir-sidecar/.test(await says(optedOut())));
  });

  test("injection.mode: native, unless the pod's annotation says legacy", async () => {
    await api.install("injection.mode=native");
    await until(async () => /its list must be spec.initContainers/.test(await says(legacyPod())));
    const annotated = legacyPod();
    annotated.metadata.annotations["weir.dev/sidecar-mode"] = "legacy";
    expect([await says(annotated), await says(governedPod())]).toEqual(["accepted", "accepted"]);
  });

  test("injection.openshift: any user id but root's, and SELinux labels", async () => {
    expect(await says(user(1_000_650_000))).toMatch(/securityContext must be/);
    await api.install("injection.openshift=true");
    await until(async () => (await says(user(1_000_650_000))) === "accepted");
    expect(await says(user(undefined, { seLinuxOptions: { level: "s0:c26,c5" } }))).toBe("accepted");
    expect(await says(user(0))).toMatch(/securityContext must be/);
    expect(await says(user(1000, { readOnlyRootFilesystem: false }))).toMatch(/securityContext must be/);
    expect(await says(user(1000, { privileged: true }))).toMatch(/securityContext must be|privileged/);
    expect(await says(user(1000, { capabilities: { drop: [] } }))).toMatch(/securityContext must be/);
  });

  test("collector: none, one elsewhere, and the release's own, each exactly", async () => {
    const shipping = (url: string | null) => {
      const pod = governedPod();
      const { env } = sidecarOf(pod);
      if (url === null) sidecarOf(pod).env = env.filter(({ name }: Json) => !name.startsWith("WEIR_COLLECTOR_"));
      else env.find(({ name }: Json) => name === "WEIR_COLLECTOR_URL").value = url;
      return pod;
    };
    const elsewhere = "https://ledger.example.com:4318";
    const settings = async () => {
      const { body } = await api.send("GET", "/api/v1/namespaces/weir-system/configmaps/weir-injection");
      return JSON.parse(body.data["settings.json"]).collectorUrl;
    };
    const statefulSet = async () =>
      (await api.send("GET", "/apis/apps/v1/namespaces/weir-system/statefulsets/weir-collector")).status;
    expect([await says(governedPod()), await statefulSet()]).toEqual(["accepted", 200]);
    expect(await says(shipping(null))).toMatch(/env must be exactly WEIR_LISTENERS to WEIR_COLLECTOR_CA/);
    await api.install("collector.enabled=false");
    await until(async () => (await says(shipping(null))) === "accepted");
    expect([await settings(), await statefulSet()]).toEqual(["", 404]);
    expect(await says(governedPod())).toMatch(/env must be exactly WEIR_LISTENERS to WEIR_WORKLOAD/);
    await api.install(`collector.url=${elsewhere}`, "collector.ca=-----BEGIN CERTIFICATE-----");
    await until(async () => (await says(shipping(elsewhere))) === "accepted");
    expect([await settings(), await statefulSet()]).toEqual([elsewhere, 404]);
    expect(await says(governedPod())).toMatch(/env\[WEIR_COLLECTOR_URL\] must be/);
    await expect(api.install(`collector.url=${elsewhere}`)).rejects.toThrow(/collector.*ca/s);
    await expect(api.install("collector.keepDays=0")).rejects.toThrow(/keepDays/);
    await api.install();
    await until(async () => (await says(governedPod())) === "accepted");
  }, 60_000);

  test("injection.meshContainers: no other may come first", async () => {
    await api.install("injection.meshContainers={mesh}");
    await until(async () => /its place must be/.test(await says(governedPod())));
    const pod = governedPod();
    pod.spec.initContainers[0].name = "mesh";
    expect(await says(pod)).toBe("accepted");
  });

  test("injection.foreignEnv and foreignMounts: none", async () => {
    const cloud = governedPod();
    sidecarOf(cloud).env.push({ name: "AWS_REGION", value: "eu-west-1" });
    await api.install();
    await until(async () => (await says(cloud)) === "accepted");
    const none = ["aws-iam-token", "azure-identity-token", "eks-pod-identity-token"];
    await api.install("injection.foreignEnv=null", ...none.map((name) => `injection.foreignMounts.${name}=null`));
    await until(async () => /env must be/.test(await says(cloud)));
    expect(await says(governedPod())).toBe("accepted");
    await expect(api.install("injection.foreignEnv={NODE_OPTIONS}")).rejects.toThrow(/foreignEnv/);
    await expect(api.install("injection.foreignMounts.x=/weir")).rejects.toThrow(/foreignMounts/);
  });

  describe("governedNamespaces", () => {
    const enabled = { "weir.dev/governance": "enabled" };
    const make = (name: string, annotations = {}, labels = {}) =>
      api.send("POST", "/api/v1/namespaces?dryRun=All", { metadata: { name, annotations, labels } });

    test("required: no namespace of these names is made without the annotation, whoever asks", async () => {
      expect(await make("prod-eu")).toMatchObject({ status: 201 });
      await api.install("governedNamespaces.required={prod-*,till}");
      await until(async () => (await make("prod-eu")).status === 403);
      expect((await make("till")).body.message).toMatch(
        /namespace till must have the annotation .*governs prod-\*, till/,
      );
      expect(await make("prod-eu", enabled)).toMatchObject({ status: 201 });
      for (const name of ["nonprod-eu", "prod", "till-2"]) expect(await make(name)).toMatchObject({ status: 201 });
    });

    test("fixedLabels: only who may relabel changes them on a namespace that is there", async () => {
      await api.namespace("staged", {});
      const stage = (value: string | null) => ({ metadata: { labels: { stage: value } } });
      expect(await api.send("PATCH", "/api/v1/namespaces/staged", stage("production"))).toMatchObject({ status: 200 });
      const rules = [{ apiGroups: [""], resources: ["namespaces"], verbs: ["get", "update", "patch"] }];
      const rbac = "/apis/rbac.authorization.k8s.io/v1";
      const bind = (role: string) =>
        api.send("POST", `${rbac}/clusterrolebindings`, {
          metadata: { name: `zoe-${role}` },
          roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role },
          subjects: [{ kind: "User", name: "zoe" }],
        });
      await api.send("POST", `${rbac}/clusterroles`, { metadata: { name: "edits-namespaces" }, rules });
      await bind("edits-namespaces");
      await api.install("governedNamespaces.fixedLabels={stage}");
      const zoe = { "impersonate-user": "zoe", "impersonate-group": "system:authenticated" };
      const change = (body: Json) => api.send("PATCH", "/api/v1/namespaces/staged?dryRun=All", body, zoe);
      await until(async () =>
        /stage must stay as they are.*relabeller to zoe/.test((await change(stage("test"))).body.message),
      );
      expect((await change(stage(null))).body.message).toMatch(/must stay as they are/);
      expect(await change({ metadata: { labels: { other: "x" } } })).toMatchObject({ status: 200 });
      await bind("weir-namespace-relabeller");
      await until(async () => (await change(stage("test"))).status === 200);
    });
  });

  test("enforcement.action: Audit lets pods through", async () => {
    await api.install("enforcement.action=Audit");
    await until(async () => (await says(plainPod())) === "accepted");
    await api.install();
    await until(async () => /no weir-sidecar/.test(await says(plainPod())));
  });

  test("unknown and wrong values are refused with their names", async () => {
    await expect(api.install("injecton.mode=native")).rejects.toThrow(/injecton/);
    await expect(api.install("injection.mode=both")).rejects.toThrow(/injection.*mode/s);
    await expect(api.install("image.digest=sha256:1")).rejects.toThrow(/image.*digest/s);
    await expect(api.install("injection.meshContainers={weir-sidecar}")).rejects.toThrow(/meshContainers/);
  });

  describe("rendered", () => {
    const render = () => api.helm("template", "weir", chart, "-n", "weir-system", "--kube-version", "1.34.0");
    const objects = async (): Promise<Json[]> =>
      parseAllDocuments(await render())
        .map((each) => each.toJS())
        .filter((each) => each !== null);

    test("twice is the same: nothing random, no certificate, no caBundle", async () => {
      const text = await render();
      expect(await render()).toBe(text);
      expect(JSON.stringify((await objects()).filter(({ kind }) => kind !== "CustomResourceDefinition"))).not.toMatch(
        /caBundle"|BEGIN /,
      );
    });

    test("no rule of the operator has a wildcard, and Secrets and webhooks are named", async () => {
      const rules = (await objects())
        .filter(({ kind, metadata }) => /Role$/.test(kind) && metadata.name === "weir-operator")
        .flatMap((role) => role.rules);
      expect(rules.length).toBeGreaterThan(10);
      for (const rule of rules) expect([...rule.apiGroups, ...rule.resources, ...rule.verbs]).not.toContain("*");
      const clusterWide = (await objects()).find(
        ({ kind, metadata }) => kind === "ClusterRole" && metadata.name === "weir-operator",
      );
      expect(clusterWide.rules.filter((rule: Json) => rule.resources.includes("secrets"))).toEqual([]);
      for (const rule of [...clusterWide.rules, ...rules.filter((each: Json) => each.resources.includes("secrets"))]) {
        const named = ["secrets", "configmaps", "mutatingwebhookconfigurations"].some((each) =>
          rule.resources.includes(each),
        );
        if (named) expect(rule.resourceNames).toBeDefined();
      }
    });

    test("the webhook fails open, and every enforcing policy that could reach other namespaces cannot lose its parameter", async () => {
      const all = await objects();
      expect(all.find(({ kind }) => kind === "MutatingWebhookConfiguration").webhooks[0]).toMatchObject({
        failurePolicy: "Ignore",
        timeoutSeconds: 3,
      });
      for (const { kind, metadata, spec } of all) {
        if (kind !== "ValidatingAdmissionPolicy" || spec.paramKind?.apiVersion !== "weir.dev/v1alpha1") continue;
        const labelled = spec.matchConstraints.namespaceSelector.matchExpressions.some(
          (each: Json) => each.key === "weir.dev/governance" && each.operator === "In",
        );
        expect([metadata.name, spec.failurePolicy]).toEqual([metadata.name, labelled ? "Fail" : "Ignore"]);
      }
    });

    test("no policy reads the namespace in its matchConditions", async () => {
      for (const { spec } of (await objects()).filter(({ kind }) => kind === "ValidatingAdmissionPolicy"))
        expect(JSON.stringify(spec.matchConditions ?? [])).not.toMatch(/namespaceObject/);
    });
  });
});
