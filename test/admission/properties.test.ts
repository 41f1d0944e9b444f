import fc from "fast-check";
import jsonPatch from "fast-json-patch";
import { applyPatch } from "../../pkg/admission/apply-patch.ts";
import type { JsonObject } from "../../pkg/admission/json.ts";
import type { InjectionSettings } from "../../pkg/admission/settings.ts";
import { injectInto, type Loose, settings } from "../support/injection.ts";
import { breaksRestricted } from "../support/pod-security.ts";

const word = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/);
const key = fc.oneof(
  word,
  fc.constantFrom("a/b", "a~b", "x.y/z~0", "weir.dev/other", "kubectl.kubernetes.io/default-container"),
);
const texts = fc.dictionary(key, fc.string({ maxLength: 20 }), { maxKeys: 4 });
const secure = {
  runAsNonRoot: true,
  allowPrivilegeEscalation: false,
  capabilities: { drop: ["ALL"] },
  seccompProfile: { type: "RuntimeDefault" },
};
const container = fc.record(
  {
    name: fc.oneof(word, fc.constantFrom("istio-init", "istio-proxy", "linkerd-proxy")),
    image: word,
    env: fc.array(fc.record({ name: word, value: fc.string({ maxLength: 10 }) }), { maxLength: 2 }),
    securityContext: fc.option(fc.constant(secure), { nil: null }),
    ports: fc.array(fc.record({ containerPort: fc.integer({ min: 1, max: 65_535 }) }), { maxLength: 2 }),
    futureField: fc.jsonValue({ maxDepth: 2 }),
  },
  { requiredKeys: ["name", "image"] },
);
const volume = fc.record({ name: word, emptyDir: fc.constant({}) });
const list = <T>(item: fc.Arbitrary<T>) => fc.option(fc.array(item, { maxLength: 3 }), { nil: null });
const pods = fc.record({
  apiVersion: fc.constant("v1"),
  kind: fc.constant("Pod"),
  metadata: fc.record(
    { name: word, namespace: fc.constant("shop"), labels: texts, annotations: fc.option(texts, { nil: null }) },
    { requiredKeys: ["namespace"] },
  ),
  spec: fc.record(
    {
      containers: fc.array(container, { minLength: 1, maxLength: 3 }),
      initContainers: list(container),
      volumes: list(volume),
      hostAliases: list(fc.record({ ip: fc.ipV4(), hostnames: fc.array(word, { maxLength: 2 }) })),
      imagePullSecrets: list(fc.record({ name: word })),
      restartPolicy: fc.constantFrom("Always", "OnFailure"),
      futureField: fc.jsonValue({ maxDepth: 2 }),
    },
    { requiredKeys: ["containers"] },
  ),
}) as unknown as fc.Arbitrary<JsonObject>;
const into: fc.Arbitrary<InjectionSettings> = fc
  .record({
    mode: fc.constantFrom("native" as const, "legacy" as const, "auto" as const),
    openshift: fc.boolean(),
    imagePullSecrets: fc.constantFrom([], ["registry"]),
  })
  .map((some) => ({ ...settings, ...some }));

/** Without what injection may add, so that the rest must be as it was. */
function stripped(pod: JsonObject): unknown {
  const copy = JSON.parse(JSON.stringify(pod));
  const ours = (item: { name?: unknown; ip?: unknown }) =>
    String(item.name).startsWith("weir-") || String(item.ip).startsWith("127.83.") || item.name === "registry";
  for (const name of ["containers", "initContainers", "volumes", "hostAliases", "imagePullSecrets"]) {
    copy.spec[name] = (copy.spec[name] ?? []).filter((item: object) => !ours(item));
  }
  copy.metadata.annotations ??= {};
  for (const name of ["weir.dev/injected", "weir.dev/databases"]) delete copy.metadata.annotations[name];
  return copy;
}

test("a patch applies, in two implementations, and touches nothing but what is Weir's", () => {
  let injected = 0;
  fc.assert(
    fc.property(pods, into, (pod, with_) => {
      const before = JSON.stringify(pod);
      const outcome = injectInto(pod, with_);
      if (!outcome.injected) return;
      injected++;
      const after = applyPatch(pod, outcome.operations);
      expect(JSON.stringify(pod)).toBe(before);
      expect(
        jsonPatch.applyPatch(JSON.parse(before), structuredClone(outcome.operations) as never, true).newDocument,
      ).toEqual(JSON.parse(JSON.stringify(after)));
      const wanted = stripped(pod) as Loose;
      const got = stripped(after) as Loose;
      const key = "kubectl.kubernetes.io/default-container";
      if (!(key in wanted.metadata.annotations)) delete got.metadata.annotations[key];
      expect(got).toEqual(wanted);
    }),
  );
  expect(injected).toBeGreaterThan(50);
});

test("injected twice is injected once", () => {
  fc.assert(
    fc.property(pods, into, (pod, with_) => {
      const once = injectInto(pod, with_);
      if (!once.injected) return;
      expect(injectInto(applyPatch(pod, once.operations), with_)).toMatchObject({ injected: true, operations: [] });
    }),
  );
});

test("what Pod Security restricted let pass before, it lets pass after", () => {
  fc.assert(
    fc.property(pods, into, (pod, with_) => {
      const outcome = injectInto(pod, with_);
      if (outcome.injected)
        expect([...breaksRestricted(applyPatch(pod, outcome.operations))].sort()).toEqual(
          [...breaksRestricted(pod)].sort(),
        );
    }),
  );
});

test("the sidecar stands before every init container that is not a mesh's", () => {
  fc.assert(
    fc.property(pods, (pod) => {
      const outcome = injectInto(pod);
      if (!outcome.injected) return;
      const names = (applyPatch(pod, outcome.operations) as Loose).spec.initContainers.map((each: Loose) => each.name);
      const before = names.slice(0, names.indexOf("weir-sidecar"));
      expect(before.filter((name: string) => !settings.meshContainers.includes(name))).toEqual([]);
    }),
  );
});
