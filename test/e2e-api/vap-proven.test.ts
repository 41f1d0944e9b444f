// The short cut of the admission policies: of a pod that is as it should be, a condition tells so, and the policy is not asked at all.
// Here a twin of each policy has its condition and refuses whatever it is asked about.
import { describeApi } from "../cluster/start-api.ts";
import { governedPod, type Json, legacyPod, plainPod } from "./governed-pod.ts";
import { governedNamespaces, type Installed, labelled, until } from "./installed.ts";
import { sidecarOf } from "./mutation.ts";

const group = "/apis/admissionregistration.k8s.io/v1";

describeApi("the admission policies are not asked about", () => {
  let api: Installed;

  beforeAll(async () => {
    api = await governedNamespaces();
    await labelled(api, "shop", "enabled");
    for (const name of ["weir-pod", "weir-capture"]) await twin(name);
    const bare = legacyPod("bare");
    await until(
      async () => /twin of weir-pod/.test(await says(bare)) && (await says(plainPod("x", "free"))) === "accepted",
    );
  }, 240_000);

  afterAll(async () => {
    await api?.stop();
  });

  const says = async (pod: Json): Promise<string> => (await api.tryPod(pod)).body.message ?? "accepted";

  async function twin(name: string): Promise<void> {
    const { body: policy } = await api.send("GET", `${group}/validatingadmissionpolicies/${name}`);
    const { variables: _, ...spec } = policy.spec;
    const validations = [{ expression: "false", message: `the twin of ${name} was asked` }];
    await api.send("POST", `${group}/validatingadmissionpolicies`, {
      metadata: { name: `twin-${name}` },
      spec: { ...spec, validations },
    });
    const { body: bindings } = await api.send("GET", `${group}/validatingadmissionpolicybindings`);
    for (const binding of bindings.items.filter((each: Json) => each.spec.policyName === name))
      await api.send("POST", `${group}/validatingadmissionpolicybindings`, {
        metadata: { name: `twin-${binding.metadata.name}` },
        spec: { ...binding.spec, policyName: `twin-${name}` },
      });
  }

  test("a pod as the injector makes it", async () => {
    expect(await says(governedPod())).toBe("accepted");
  });

  test("one with the API token's mount, that the API server adds", async () => {
    const pod = governedPod();
    pod.spec.automountServiceAccountToken = true;
    expect(await says(pod)).toBe("accepted");
  });

  test("one that a database does not select by its labels", async () => {
    const pod = governedPod();
    pod.metadata.labels = {};
    expect(await says(pod)).toBe("accepted");
  });

  test("pods that have nothing of ours, where nothing is governed", async () => {
    expect(await says(plainPod("plain", "free"))).toBe("accepted");
  });

  test.each<[string, (pod: Json) => void]>([
    ["other probes", (pod) => Object.assign(sidecarOf(pod).readinessProbe, { periodSeconds: 3 })],
    ["an opt-out", (pod) => Object.assign(pod.metadata.annotations, { "weir.dev/inject": "false" })],
    ["host aliases led elsewhere", (pod) => pod.spec.hostAliases.push({ ip: "10.0.0.1", hostnames: ["orders-db"] })],
    [
      "a Secret of brokered credentials",
      (pod) => pod.spec.volumes.push({ name: "s", secret: { secretName: "vault-login" } }),
    ],
    [
      "a larger pod",
      (pod) => pod.spec.containers.push(...Array.from({ length: 40 }, (_, n) => ({ name: `c${n}`, image: "x" }))),
    ],
  ])("but about %s", async (_, change) => {
    const pod = governedPod();
    change(pod);
    expect(await says(pod)).toMatch(/twin of|weir: /);
  });
});
