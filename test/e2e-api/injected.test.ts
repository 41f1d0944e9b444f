// Injector and admission policies agree: what the one makes of a pod the other accepts, and what it leaves the other refuses.
import { applyPatch } from "../../pkg/admission/apply-patch.ts";
import { inject } from "../../pkg/admission/inject.ts";
import type { JsonObject } from "../../pkg/admission/json.ts";
import { type InjectionSettings, parseSettings } from "../../pkg/admission/settings.ts";
import { fromObjects } from "../../pkg/resources/parse-resources.ts";
import { describeApi } from "../cluster/start-api.ts";
import { shape, shapes } from "../support/injection.ts";
import { databases, type Json, keys } from "./governed-pod.ts";
import { governedNamespaces, type Installed, until } from "./installed.ts";

const hosts: Json = {
  "dotted.name": { host: "pg-0.pg.data.svc", credentials: "Brokered", credentialsSecret: "login" },
  "four-address": { host: "10.1.2.3" },
  "six-address": { host: "2001:db8::1" },
  "two-labels": { host: "example.com" },
  "zz-same-endpoint": { host: "orders-db.agreed.svc", port: 5433 },
  "zz-other-port": { host: "orders-db.agreed", port: 5499 },
};
/** Reasons to leave a pod alone that the policies share. */
const spared = ["OptedOut", "NoDatabases", "NotGoverned", "ProtectedNamespace"];

describeApi("the injector and the admission policies", () => {
  const governed = { name: "agreed", annotations: { "weir.dev/governance": "enabled" } };
  const objects = [
    ...databases("agreed"),
    ...Object.entries(hosts).map(([name, spec]) => ({
      apiVersion: "weir.dev/v1alpha1",
      kind: "GovernedDatabase",
      metadata: { name, namespace: "agreed" },
      spec: { engine: "PostgreSQL", ...(spec as Json) },
    })),
  ];
  const { resources, problems } = fromObjects(objects);
  const known = resources.flatMap((each) => (each.kind === "GovernedDatabase" ? [each.database] : []));
  let api: Installed;
  let settings: InjectionSettings;

  beforeAll(async () => {
    api = await governedNamespaces();
    await api.namespace("agreed", governed.annotations);
    for (const object of objects) await api.create("governeddatabases", object);
    const { body } = await api.send("GET", "/api/v1/namespaces/weir-system/configmaps/weir-injection");
    const parsed = parseSettings(body.data["settings.json"]);
    if (!parsed.ok) throw new Error(parsed.problems.join("\n"));
    settings = { ...parsed.settings, bundleKeys: [keys], nativeSidecars: true, version: "0.1.0" };
    const plain = {
      metadata: { name: "plain", namespace: "agreed" },
      spec: { containers: [{ name: "a", image: "a" }] },
    };
    await until(async () => /zz-other-port|no weir-sidecar/.test((await api.tryPod(plain)).body.message ?? ""));
  }, 180_000);

  afterAll(async () => {
    await api?.stop();
  });

  test("the databases make sense", () => {
    expect(problems).toEqual([]);
  });

  for (const mode of ["native", "legacy"] as const)
    for (const name of shapes)
      test(`${name}, ${mode}: injected and accepted, or left and refused`, async () => {
        const pod: Json = structuredClone(shape(name));
        Object.assign(pod.metadata, { namespace: "agreed", name: "x" });
        delete pod.metadata.generateName;
        delete pod.spec.serviceAccountName;
        const outcome = inject({ pod, settings: { ...settings, mode }, namespace: governed, databases: known });
        if (!outcome.injected) {
          const { status } = await api.tryPod(pod);
          return expect([outcome.reason, status]).toEqual([
            outcome.reason,
            spared.includes(outcome.reason) ? 201 : 403,
          ]);
        }
        const { status, body } = await api.tryPod(applyPatch(pod, outcome.operations) as JsonObject);
        expect([status, body.message]).toEqual([201, undefined]);
      });
});
