// The admission policies with their short cut and without it say the same of every pod, as far as random changes of good pods go.
// FUZZ_PODS and FUZZ_SEED make a longer run and another one.
import { applyPatch } from "../../pkg/admission/apply-patch.ts";
import { inject } from "../../pkg/admission/inject.ts";
import type { JsonObject } from "../../pkg/admission/json.ts";
import { type InjectionSettings, parseSettings } from "../../pkg/admission/settings.ts";
import { fromObjects } from "../../pkg/resources/parse-resources.ts";
import { seeded } from "../audit/seeded.ts";
import { describeApi } from "../cluster/start-api.ts";
import { databases, governedPod, type Json, keys, legacyPod, plainPod, sidecarless } from "./governed-pod.ts";
import { governedNamespaces, type Installed, labelled, until } from "./installed.ts";
import { changed, withEphemeral } from "./random-changes.ts";
import { pick, type Random } from "./random-pieces.ts";
import { makeTwins, verdictsOf } from "./twins.ts";

const total = Number(process.env.FUZZ_PODS ?? 160);
const seed = Number(process.env.FUZZ_SEED ?? 1);
const annotations = { "weir.dev/governance": "enabled" };
/** `shop` has the databases of governed-pod.ts and its label; `many` these; `early` has no label yet; `free` is not governed. */
const hosts: Json = {
  "dotted.name": { host: "pg-0.pg.data.svc", credentials: "Brokered", credentialsSecret: "vault-login" },
  mixed: { host: "Mixed.Example.com" },
  "two-labels": { host: "orders-db.many" },
  labels: { host: "reports-db", workloads: { matchLabels: { app: "reports", tier: "" } } },
  brokered: {
    host: "printer",
    port: 6000,
    credentials: "Brokered",
    credentialsSecret: "other",
    workloads: { matchLabels: { app: "x" } },
  },
  expressions: {
    host: "x.y.svc.cluster.local",
    port: 6001,
    workloads: { matchExpressions: [{ key: "app", operator: "NotIn", values: ["reports"] }] },
  },
  "trailing-dot": { host: "dot.example.com." },
  local: { host: "localhost", port: 6002 },
  address: { host: "10.9.8.7" },
  socket: { host: "/var/run/pg" },
};

describeApi("the admission policies with and without their short cut", () => {
  let api: Installed;
  let bases: Json[] = [];
  let kept: Json[] = [];

  beforeAll(async () => {
    api = await governedNamespaces();
    await api.send("DELETE", "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/weir");
    for (const name of ["many", "early"]) await api.namespace(name, annotations);
    for (const database of databases("early")) await api.create("governeddatabases", database);
    const many = (
      await Promise.all(Object.entries(hosts).map(([name, spec]) => madeDatabase(name, spec as Json)))
    ).flat();
    await labelled(api, "shop", "enabled");
    bases = ["shop", "early", "free"].flatMap((name) => [
      governedPod("x", name),
      governedPod("x", name),
      legacyPod("x", name),
      plainPod("x", name),
      sidecarless("x", name),
    ]);
    bases.push(...(await injectedInto(many)));
    await api.send("PATCH", "/api/v1/namespaces/many", { metadata: { labels: annotations } });
    kept = [await keptPod(governedPod("kept", "shop")), await keptPod(plainPod("kept", "free"))];
    await makeTwins(api, ["weir-pod", "weir-capture"]);
    await until(async () =>
      /fast-weir-capture(.|\n)*slow-weir-capture|slow-weir-capture(.|\n)*fast-weir-capture/.test(
        (await api.tryPod(sidecarless("x", "many"))).warnings,
      ),
    );
  }, 300_000);

  afterAll(async () => {
    await api?.stop();
  });

  async function madeDatabase(name: string, spec: Json): Promise<Json[]> {
    const object = {
      apiVersion: "weir.dev/v1alpha1",
      kind: "GovernedDatabase",
      metadata: { name, namespace: "many" },
      spec: { engine: "PostgreSQL", ...spec },
    };
    const made = await api.send("POST", "/apis/weir.dev/v1alpha1/namespaces/many/governeddatabases", object);
    return made.status === 201 ? [object] : [];
  }

  async function keptPod(pod: Json): Promise<Json> {
    const { body } = await api.send("POST", `/api/v1/namespaces/${pod.metadata.namespace}/pods`, pod);
    return body;
  }

  /** As the injector leaves pods whose labels select more and less. */
  async function injectedInto(objects: readonly Json[]): Promise<Json[]> {
    const { body } = await api.send("GET", "/api/v1/namespaces/weir-system/configmaps/weir-injection");
    const parsed = parseSettings(body.data["settings.json"]);
    if (!parsed.ok) throw new Error(parsed.problems.join("\n"));
    const settings: InjectionSettings = {
      ...parsed.settings,
      bundleKeys: [keys],
      nativeSidecars: true,
      version: "0.1.0",
    };
    const known = fromObjects(objects).resources.flatMap((each) =>
      each.kind === "GovernedDatabase" ? [each.database] : [],
    );
    return [{}, { app: "reports" }, { app: "reports", tier: "" }, { app: "x" }].map((labels) => {
      const pod = { ...plainPod("x", "many") };
      pod.metadata.labels = labels;
      const outcome = inject({ pod, settings, namespace: { name: "many", annotations }, databases: known });
      if (!outcome.injected) throw new Error(outcome.message);
      return applyPatch(pod, outcome.operations) as JsonObject;
    });
  }

  /** What is sent: mostly a new pod, else a change of one that is there. */
  function attempt(random: Random): { method: string; path: string; pod: Json } {
    if (random() < 0.85) {
      const pod = changed(pick(random, bases), random);
      return { method: "POST", path: `/api/v1/namespaces/${pod.metadata.namespace}/pods?dryRun=All`, pod };
    }
    const pod = pick(random, kept);
    const path = `/api/v1/namespaces/${pod.metadata.namespace}/pods/${pod.metadata.name}`;
    if (random() < 0.6)
      return { method: "PUT", path: `${path}/ephemeralcontainers?dryRun=All`, pod: withEphemeral(pod, random) };
    return { method: "PUT", path: `${path}?dryRun=All`, pod: changed(pod, random) };
  }

  test(`${total} pods of seed ${seed}`, async () => {
    const random = seeded(seed);
    const seen = { accepted: 0, refused: 0, invalid: 0, untold: 0 };
    const differences: string[] = [];
    const one = async () => {
      const { method, path, pod } = attempt(random);
      const answer = await api.send(method, path, pod);
      seen[answer.status < 300 ? "accepted" : answer.status === 403 ? "refused" : "invalid"]++;
      const verdicts = verdictsOf(answer.warnings);
      if (verdicts === null) seen.untold++;
      else if (String(verdicts.fast) !== String(verdicts.slow))
        differences.push(JSON.stringify({ path, verdicts, pod }));
    };
    for (let done = 0; done < total; done += 4) await Promise.all([one(), one(), one(), one()]);
    if (process.env.FUZZ_PODS !== undefined) process.stderr.write(`${JSON.stringify(seen)}\n`);
    expect(differences.slice(0, 3)).toEqual([]);
    expect(seen.accepted).toBeGreaterThan(total / 20);
    expect(seen.refused).toBeGreaterThan(total / 20);
  }, 3_600_000);
});
