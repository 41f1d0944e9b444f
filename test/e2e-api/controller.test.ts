// The controller and the bundle server on a real API server.

import { startKnown } from "../../cmd/operator/known.ts";
import { publicKeys } from "../../pkg/bundle/keys.ts";
import { unwrap } from "../../pkg/bundle/wrap.ts";
import { describeApi } from "../cluster/start-api.ts";
import {
  AUDIENCE,
  condition,
  good,
  made,
  pathOf,
  policy,
  RELEASE,
  resource,
  startWorld,
  type World,
  type webhook,
} from "./operator-world.ts";

describeApi("the controller and the bundle server on a real API server", () => {
  let world: World;

  beforeAll(async () => {
    world = await startWorld();
  }, 180_000);
  afterAll(() => world?.stop(), 60_000);

  test("the annotation becomes the label, and the namespace gets its signed bundle and the CA", async () => {
    await made(world.api.call("POST", "/api/v1/namespaces", { body: { metadata: { name: "shop" } } }));
    await world.apply(resource("GovernedDatabase", "shop", "orders", { engine: "PostgreSQL", host: "orders-db" }));
    await world.apply(policy(good));
    await world.annotate("shop", "enabled");
    await world.eventually(
      () => world.read("/api/v1/namespaces/shop"),
      ({ body }) => body.metadata.labels["weir.dev/governance"] === "enabled",
    );
    const { names, configMap } = await world.eventually(
      () => world.bundleOf("shop"),
      ({ names }) => names.length === 2,
    );
    expect(names).toEqual(["DataPolicy privacy", "GovernedDatabase orders"]);
    expect(configMap.data["ca.crt"]).toBe(world.certificates.trust());
  });

  test("statuses tell of it with the generation that they speak of", async () => {
    const { body } = await world.eventually(
      () => world.read(pathOf(policy(good))),
      ({ body }) => condition(body, "Programmed")?.status === "True",
    );
    expect(body.status).toMatchObject({
      observedGeneration: body.metadata.generation,
      pods: 0,
      podsCurrent: 0,
      databases: 1,
    });
    expect(condition(body, "Accepted")).toMatchObject({ status: "True", reason: "Valid" });
    expect(condition(body, "ResolvedRefs")).toMatchObject({ status: "True" });
    const database = await world.eventually(
      () => world.read("/apis/weir.dev/v1alpha1/namespaces/shop/governeddatabases/orders"),
      ({ body }) => body.status?.policies === 1,
    );
    expect(database.body.status).toMatchObject({ protection: "Steering" });
  });

  test("a policy that goes bad keeps its last good version in the bundle, and its status lists every problem", async () => {
    const before = await world.bundleOf("shop");
    await world.apply(
      policy({
        databases: ["orders"],
        when: "1 +",
        detect: ["Email"],
      }),
    );
    const { body } = await world.eventually(
      () => world.read(pathOf(policy(good))),
      ({ body }) => condition(body, "Accepted")?.status === "False",
    );
    expect(condition(body, "Accepted")).toMatchObject({
      reason: "Invalid",
      message: expect.stringMatching(/^Its last good version stays in force/),
    });
    expect(body.status.problems.length).toBeGreaterThan(1);
    const after = await world.bundleOf("shop");
    expect(after.configMap.data["bundle.json"]).toBe(before.configMap.data["bundle.json"]);
    await world.apply(policy(good));
    await world.eventually(
      () => world.read(pathOf(policy(good))),
      ({ body }) => condition(body, "Accepted")?.status === "True",
    );
  });

  test("a status never speaks of a generation that was not looked at", async () => {
    for (const when of ["1 +", "true", "2 +", "true", "3 +"]) {
      await world.apply(policy({ ...good, when }));
      const { body } = await world.eventually(
        () => world.read(pathOf(policy(good))),
        ({ body }) => body.status.observedGeneration === body.metadata.generation,
      );
      expect([when, condition(body, "Accepted")?.status]).toEqual([when, when === "true" ? "True" : "False"]);
    }
    await world.apply(policy(good));
    await world.eventually(
      () => world.read(pathOf(policy(good))),
      ({ body }) => condition(body, "Accepted")?.status === "True",
    );
  });

  test("a policy that went bad while no controller ran stays in its last good version, as published", async () => {
    const before = await world.bundleOf("shop");
    await world.restartController(() => world.apply(policy({ ...good, when: "1 +" })));
    const { body } = await world.eventually(
      () => world.read(pathOf(policy(good))),
      ({ body }) => body.status.observedGeneration === body.metadata.generation,
    );
    expect(condition(body, "Accepted")).toMatchObject({
      status: "False",
      message: expect.stringMatching(/^Its last good version stays in force/),
    });
    const after = await world.bundleOf("shop");
    expect(after.configMap.data["bundle.json"]).toBe(before.configMap.data["bundle.json"]);
    await world.apply(policy(good));
    await world.eventually(
      () => world.read(pathOf(policy(good))),
      ({ body }) => condition(body, "Accepted")?.status === "True",
    );
  });

  test("a policy that was never good closes the databases that it names, until it is corrected", async () => {
    const before = await world.bundleOf("shop");
    const never = policy({ databases: ["orders"], when: "1 +" }, "never");
    await world.apply(never);
    const closed = await world.eventually(
      () => world.bundleOf("shop"),
      ({ outcome }) => outcome.good && outcome.bundle.closed !== undefined,
    );
    expect(closed.outcome.good && closed.outcome.bundle.closed).toEqual({
      orders: expect.stringContaining("DataPolicy shop/never has errors"),
    });
    const { body } = await world.eventually(
      () => world.read(pathOf(never)),
      ({ body }) => condition(body, "Accepted")?.status === "False",
    );
    expect(condition(body, "Accepted")?.message).toContain("the databases that it concerns refuse logins");
    await made(world.api.call("DELETE", pathOf(never)));
    const after = await world.eventually(
      () => world.bundleOf("shop"),
      ({ outcome }) => outcome.good && outcome.bundle.closed === undefined,
    );
    expect(after.names).toEqual(before.names);
  });

  test("a second database of the same host and port is under the policies of both, and both statuses say so", async () => {
    const second = resource("GovernedDatabase", "shop", "a-second", {
      engine: "PostgreSQL",
      host: "orders-db.shop.svc",
    });
    await world.apply(second);
    const { outcome } = await world.eventually(
      () => world.bundleOf("shop"),
      ({ names }) => names.includes("GovernedDatabase a-second"),
    );
    const resources = outcome.good ? outcome.bundle.resources : [];
    const privacy = resources.find(({ metadata }) => metadata.name === "privacy");
    expect(privacy?.spec).toMatchObject({ databases: ["a-second", "orders"] });
    for (const [database, other] of [
      [second, "orders"],
      [resource("GovernedDatabase", "shop", "orders", {}), "a-second"],
    ] as const)
      await world.eventually(
        () => world.read(pathOf(database)),
        ({ body }) =>
          String(condition(body, "Accepted")?.message).includes(`GovernedDatabase ${other} has the same host`),
      );
    await made(world.api.call("DELETE", pathOf(second)));
    await world.eventually(
      () => world.bundleOf("shop"),
      ({ names }) => !names.includes("GovernedDatabase a-second"),
    );
  });

  test("a database that is missing is told and does not take the rest of the policy away", async () => {
    const both = policy({ ...good, databases: ["orders", "billing"] }, "both");
    await world.apply(both);
    const { body } = await world.eventually(
      () => world.read(pathOf(both)),
      ({ body }) => condition(body, "ResolvedRefs")?.status === "False",
    );
    expect(condition(body, "ResolvedRefs")).toMatchObject({
      reason: "RefNotFound",
      message: expect.stringContaining("billing"),
    });
    const { outcome } = await world.eventually(
      () => world.bundleOf("shop"),
      ({ names }) => names.includes("DataPolicy both"),
    );
    expect(outcome.good && outcome.bundle.resources[0]!.spec).toMatchObject({ databases: ["orders"] });
    await made(world.api.call("DELETE", pathOf(both)));
    await world.eventually(
      () => world.bundleOf("shop"),
      ({ names }) => !names.includes("DataPolicy both"),
    );
  });

  test("a ClusterDataPolicy is in the bundles of the namespaces that it selects, by labels as they change", async () => {
    const cluster = resource("ClusterDataPolicy", undefined, "baseline", {
      namespaceSelector: { matchLabels: { tier: "production" } },
      guard: [{ name: "no-ddl", effects: ["Drop"], action: "Deny" }],
    });
    await world.apply(cluster);
    const { body } = await world.eventually(
      () => world.read(pathOf(cluster)),
      ({ body }) => condition(body, "Programmed") !== undefined,
    );
    expect(condition(body, "Programmed")).toMatchObject({ status: "False", reason: "NotGoverned" });
    expect((await world.bundleOf("shop")).names).not.toContain("ClusterDataPolicy baseline");
    await made(
      world.api.call("PATCH", "/api/v1/namespaces/shop", {
        body: { metadata: { labels: { tier: "production" } } },
        contentType: "application/merge-patch+json",
      }),
    );
    await world.eventually(
      () => world.bundleOf("shop"),
      ({ names }) => names.includes("ClusterDataPolicy baseline"),
    );
    await world.eventually(
      () => world.read(pathOf(cluster)),
      ({ body }) => condition(body, "Programmed")?.status === "True",
    );
  });

  test("a bundle that somebody changed is put right again", async () => {
    const before = await world.bundleOf("shop");
    await made(
      world.api.call("PATCH", "/api/v1/namespaces/shop/configmaps/weir-bundle", {
        body: { data: { "bundle.json": "{}" } },
        contentType: "application/merge-patch+json",
      }),
    );
    const after = await world.eventually(
      () => world.bundleOf("shop"),
      ({ outcome }) => outcome.good,
    );
    expect(after.names).toEqual(before.names);
  });

  test("a bundle that somebody made immutable is made anew", async () => {
    await made(
      world.api.call("PATCH", "/api/v1/namespaces/shop/configmaps/weir-bundle", {
        body: { immutable: true, data: { "bundle.json": "{}" } },
        contentType: "application/merge-patch+json",
      }),
    );
    const after = await world.eventually(
      () => world.bundleOf("shop"),
      ({ outcome }) => outcome.good,
    );
    expect(after.configMap.immutable).toBeUndefined();
  });

  test("the webhook trusts the CA, again after somebody takes that away", async () => {
    const trusted = Buffer.from(world.certificates.trust()).toString("base64");
    const path = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/weir";
    const isRight = ({ body }: { body: typeof webhook }) =>
      body.webhooks.every(({ clientConfig }) => (clientConfig as { caBundle?: string }).caBundle === trusted);
    await world.eventually(() => world.read(path), isRight);
    const body = [{ op: "remove", path: "/webhooks/0/clientConfig/caBundle" }];
    await made(world.api.call("PATCH", path, { body, contentType: "application/json-patch+json" }));
    await world.eventually(() => world.read(path), isRight);
  });

  test("a pod's own token gets the bundle of its namespace; nothing else does", async () => {
    await world.eventually(
      () => world.read("/api/v1/namespaces/shop/serviceaccounts/default"),
      ({ status }) => status === 200,
    );
    const pod = await world.sidecarPod("api");
    const mine = await world.token(AUDIENCE, pod);
    const answer = await world.eventually(
      () => world.fetchBundle(mine),
      ({ status }) => status === 200,
    );
    const { configMap, outcome } = await world.bundleOf("shop");
    expect(answer.text).toBe(configMap.data["bundle.json"]);
    expect(answer.etag).toBe(`"${outcome.good && outcome.version}"`);

    const refused = async (bearer: string | null) => {
      const { status, text } = await world.fetchBundle(bearer);
      return [status, JSON.parse(text).error];
    };
    expect(await refused(null)).toEqual([401, expect.stringContaining("Authorization")]);
    expect(await refused("none")).toEqual([401, expect.stringContaining("no JWT")]);
    const forged = `${mine.slice(0, mine.lastIndexOf("."))}.${"A".repeat(342)}`;
    expect(await refused(forged)).toEqual([401, expect.stringContaining("not good")]);
    expect(await refused(await world.token("https://kubernetes.default.svc", pod))).toEqual([
      401,
      expect.stringContaining("audience"),
    ]);
    expect(await refused(await world.token(AUDIENCE))).toEqual([403, expect.stringContaining("not bound to a pod")]);
    const plain = await world.sidecarPod("plain", [{ name: "app", image: "localhost/app:1" }]);
    expect(await refused(await world.token(AUDIENCE, plain))).toEqual([
      403,
      expect.stringContaining("no container weir-sidecar"),
    ]);
  });

  test("a pod that is gone gets nothing", async () => {
    const pod = await world.sidecarPod("dead");
    const its = await world.token(AUDIENCE, pod);
    await made(world.api.call("DELETE", "/api/v1/namespaces/shop/pods/dead?gracePeriodSeconds=0"));
    await world.eventually(
      () => world.read("/api/v1/namespaces/shop/pods/dead"),
      ({ status }) => status === 404,
    );
    const { status } = await world.fetchBundle(its);
    expect([401, 403]).toContain(status);
  });

  test("a long poll ends when the bundle changes, and what sidecars apply shows in the status", async () => {
    const mine = await world.token(AUDIENCE, (await world.read("/api/v1/namespaces/shop/pods/api")).body);
    const { etag } = await world.fetchBundle(mine);
    const version = etag!.slice(1, -1);
    expect(await world.fetchBundle(mine, { "if-none-match": etag!, "weir-applied": version })).toMatchObject({
      status: 304,
    });
    const waiting = world.fetchBundle(mine, { "if-none-match": etag!, "weir-applied": version }, 50);
    await world.eventually(
      () => world.read(pathOf(policy(good))),
      ({ body }) => body.status.pods === 1 && body.status.podsCurrent === 1,
    );
    await world.apply(policy({ ...good, mode: "Observe" }));
    const answer = await waiting;
    expect(answer.status).toBe(200);
    expect(answer.etag).not.toBe(etag);
    const { body } = await world.eventually(
      () => world.read(pathOf(policy(good))),
      ({ body }) => condition(body, "Programmed")?.status === "False",
    );
    expect(condition(body, "Programmed")).toMatchObject({ reason: "Pending", message: "In force in 0 of 1 pods." });
  });

  test("the signing key is replaced when that is asked for, and whoever knows the old one takes the new one's bundles", async () => {
    const published = `/api/v1/namespaces/${RELEASE}/configmaps/weir-public`;
    const keysOf = async () => (await world.read(published)).body.data.keys as string;
    const before = await world.bundleOf("shop");
    const old = await keysOf();
    await made(
      world.api.call("PATCH", `/api/v1/namespaces/${RELEASE}/secrets/weir-bundle-key`, {
        body: { stringData: { rotate: "now" } },
        contentType: "application/merge-patch+json",
      }),
    );
    const keys = await world.eventually(keysOf, (now) => now !== old);
    expect(keys.split(",")).toEqual([expect.not.stringMatching(old.slice(0, 20)), old]);
    const signedBy = (text: string) => JSON.parse(text).keyId as string;
    const text = (now: typeof before) => now.configMap.data["bundle.json"] as string;
    const after = await world.eventually(
      () => world.bundleOf("shop"),
      (now) => signedBy(text(now)) !== signedBy(text(before)),
    );
    const accepts = { keys: publicKeys(old) as never, namespace: "shop", generationMin: 0 };
    expect(unwrap(text(after), accepts)).toMatchObject({ good: true });
    expect(after.names).toEqual(before.names);
    const mine = await world.token(AUDIENCE, (await world.read("/api/v1/namespaces/shop/pods/api")).body);
    await world.eventually(
      () => world.fetchBundle(mine),
      (answer) => answer.text === text(after),
    );
  });

  test("all of it is done with the operator's own rights: it reads no other Secret and is refused nothing that it needs", async () => {
    const status = async (path: string) => (await world.kube.call({ path })).status;
    expect(await status("/api/v1/secrets")).toBe(403);
    expect(await status(`/api/v1/namespaces/${RELEASE}/secrets/another`)).toBe(403);
    expect(await status(`/api/v1/namespaces/${RELEASE}/secrets/weir-ca`)).toBe(200);
    expect(world.problems.filter((problem) => problem.includes("403"))).toEqual([]);
  });

  test("what the webhook asks for is known", async () => {
    const known = await startKnown({ api: world.kube, releaseNamespace: RELEASE, onError: () => {} });
    await world.eventually(
      async () => known.waitsFor(),
      (waits) => waits.length === 0,
    );
    expect(await known.namespace("shop")).toMatchObject({
      name: "shop",
      annotations: { "weir.dev/governance": "enabled" },
    });
    expect(await known.namespace("nowhere")).toBeNull();
    expect(await known.databases("shop")).toMatchObject([{ name: "orders", host: "orders-db", port: 5432 }]);
    expect(known.bundleKeys()).toHaveLength(2); // the key, and the one before
    expect(known.nativeSidecars()).toBe(true);
    await known.stop();
  });

  test("all goes on after the API server was away", async () => {
    if (process.env.KUBECONFIG) return;
    const unseen = await world.token(AUDIENCE, (await world.read("/api/v1/namespaces/shop/pods/api")).body);
    await world.api.part("stop", "kube-apiserver");
    const mine = await world.fetchBundle(unseen);
    expect(mine.status).toBe(503);
    await world.api.part("start", "kube-apiserver");
    await world.eventually(
      () => world.read("/readyz").catch(() => ({ status: 0, body: "" })),
      ({ status }) => status === 200,
    );
    await world.apply(policy(good));
    await world.eventually(
      () => world.bundleOf("shop"),
      ({ outcome }) =>
        outcome.good && outcome.bundle.resources.every(({ spec }) => (spec as { mode?: string }).mode !== "Observe"),
    );
    await world.eventually(
      () => world.read(pathOf(policy(good))),
      ({ body }) => body.status.observedGeneration === body.metadata.generation,
    );
  }, 120_000);

  test("taking the annotation away takes the label; the bundle stays while a governed pod runs, then goes", async () => {
    await world.annotate("shop", null);
    await world.eventually(
      () => world.read("/api/v1/namespaces/shop"),
      ({ body }) => body.metadata.labels["weir.dev/governance"] === undefined,
    );
    expect((await world.bundleOf("shop")).outcome.good).toBe(true);
    await made(world.api.call("DELETE", "/api/v1/namespaces/shop/pods/api?gracePeriodSeconds=0"));
    await world.eventually(
      () => world.read("/api/v1/namespaces/shop/configmaps/weir-bundle"),
      ({ status }) => status === 404,
    );
  });
});
