import fc from "fast-check";
import { type KnownContent, knownFrom } from "../../pkg/admission/known.ts";
import { type ReviewAnswer, reviewer } from "../../pkg/admission/review.ts";
import { databases, injectInto, type Loose, settings, shape } from "../support/injection.ts";

const content: KnownContent = {
  namespaces: [
    { name: "shop", annotations: { "weir.dev/governance": "enabled" } },
    { name: "free", annotations: {} },
  ],
  databases,
  bundleKeys: settings.bundleKeys,
  nativeSidecars: true,
};
const review = reviewer({ known: knownFrom(() => content), settings: () => settings, version: settings.version });

const request = (changes: object = {}) => ({
  apiVersion: "admission.k8s.io/v1",
  kind: "AdmissionReview",
  request: {
    uid: "705ab4f5-6393-11e8-b7cc-42010a800002",
    resource: { group: "", version: "v1", resource: "pods" },
    operation: "CREATE",
    namespace: "shop",
    object: shape("django-migrate"),
    dryRun: false,
    ...changes,
  },
});
const ask = (changes: object = {}): Promise<ReviewAnswer> => review(Buffer.from(JSON.stringify(request(changes))));
const responseOf = (answer: ReviewAnswer) => answer.body.response as Loose;

test("a pod of a governed namespace is patched, with the decision for the API server's audit log", async () => {
  const answer = await ask();
  const { patch, ...response } = responseOf(answer);
  expect(response).toEqual({
    uid: "705ab4f5-6393-11e8-b7cc-42010a800002",
    allowed: true,
    patchType: "JSONPatch",
    auditAnnotations: { decision: "Injected", databases: "billing,orders" },
  });
  const direct = injectInto(shape("django-migrate"));
  expect(JSON.parse(Buffer.from(patch, "base64").toString())).toEqual(direct.injected && direct.operations);
  expect(answer.outcome).toEqual({ kind: "injected", operations: 7 });
});

test("the namespace is the request's, whatever the pod says", async () => {
  const pod = { ...shape("django-migrate"), metadata: { generateName: "x-" } };
  expect((await ask({ object: pod })).outcome.kind).toBe("injected");
  expect((await ask({ namespace: "free" })).outcome).toEqual({ kind: "skipped", reason: "NotGoverned" });
  expect((await ask({ namespace: "gone" })).outcome).toEqual({ kind: "skipped", reason: "NamespaceUnknown" });
});

test("the reason comes as a warning where a sidecar was to be expected, and as an audit annotation always", async () => {
  const answer = await ask({ object: shape("daemonset-host-network") });
  expect(responseOf(answer)).toMatchObject({
    allowed: true,
    warnings: [expect.stringMatching(/^weir: no sidecar: HostNetwork: .*; remove hostNetwork, or use a Weir gateway$/)],
    auditAnnotations: { decision: "HostNetwork" },
  });
  const silent = responseOf(await ask({ namespace: "free" }));
  expect(silent).not.toHaveProperty("warnings");
  expect(silent).not.toHaveProperty("patch");
});

test("anything but the creation of a pod passes", async () => {
  for (const changes of [
    { operation: "UPDATE" },
    { operation: "DELETE", object: null },
    { subResource: "ephemeralcontainers" },
    { resource: { group: "apps", version: "v1", resource: "deployments" } },
    { object: "a pod" },
  ])
    expect((await ask(changes)).outcome).toEqual({ kind: "skipped", reason: "NotAPodCreation" });
});

test("a rehearsal is patched alike and marked as one", async () => {
  const [rehearsed, real] = [await ask({ dryRun: true }), await ask()];
  expect(rehearsed.body).toEqual(real.body);
  expect([rehearsed.dryRun, real.dryRun]).toEqual([true, false]);
});

test("an error of our own lets the pod pass as it came, with a warning", async () => {
  const broken = reviewer({
    known: { ...knownFrom(() => content), databases: () => Promise.reject(new Error("the store is gone")) },
    settings: () => settings,
    version: "0",
  });
  const answer = await broken(Buffer.from(JSON.stringify(request())));
  expect(answer.status).toBe(200);
  expect(responseOf(answer)).toEqual({
    uid: "705ab4f5-6393-11e8-b7cc-42010a800002",
    allowed: true,
    warnings: ["weir: an error of the webhook's own left this pod as it came; see weir-operator's log"],
    auditAnnotations: { decision: "Failed" },
  });
  expect(answer.outcome).toEqual({ kind: "failed", error: new Error("the store is gone") });
});

test("bytes that are no AdmissionReview are answered 400, whatever they are", async () => {
  const whole = JSON.stringify(request());
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.uint8Array({ maxLength: 200 }),
        fc.nat(whole.length - 1).map((length) => Buffer.from(whole.slice(0, length))),
        fc.jsonValue().map((value) => Buffer.from(JSON.stringify(value))),
      ),
      async (bytes) => {
        expect(await review(bytes)).toMatchObject({ status: 400, outcome: { kind: "unreadable" } });
      },
    ),
  );
});

test("a review whose parts are anything at all is answered, and never with a refusal", async () => {
  const spoilt = fc.tuple(
    fc.constantFrom(
      ["spec"],
      ["metadata"],
      ["metadata", "annotations"],
      ["spec", "containers"],
      ["spec", "initContainers"],
      ["spec", "volumes"],
      ["spec", "hostAliases"],
      ["spec", "containers", "0"],
    ),
    fc.jsonValue({ maxDepth: 3 }),
  );
  await fc.assert(
    fc.asyncProperty(spoilt, async ([path, value]) => {
      const object = structuredClone(shape("django-migrate")) as Loose;
      const holder = path.slice(0, -1).reduce((here, key) => here[key], object);
      holder[path.at(-1)!] = value;
      const answer = await ask({ object });
      expect([answer.status, responseOf(answer).allowed]).toEqual([200, true]);
      expect(answer.outcome.kind).not.toBe("failed");
    }),
  );
});
