import fc from "fast-check";
import type { BundleResource } from "../../pkg/bundle/bundle.ts";
import { bundleContent, bundleResource, problemsTogether } from "../../pkg/controller/bundle-content.ts";
import { lastGoodResources } from "../../pkg/controller/last-good-resources.ts";
import { resourceKey } from "../../pkg/controller/resource-key.ts";
import type { KubeObject } from "../../pkg/kube/object.ts";

const object = (kind: string, name: string, spec: object): KubeObject => ({
  apiVersion: "weir.dev/v1alpha1",
  kind,
  metadata: kind === "ClusterDataPolicy" ? { name } : { name, namespace: "shop", uid: `uid-${name}`, generation: 3 },
  spec,
  status: { anything: true },
});
const guard = [{ name: "no-ddl", effects: ["Drop"], action: "Deny" }];
const orders = object("GovernedDatabase", "orders", { engine: "PostgreSQL", host: "orders-db" });
const privacy = object("DataPolicy", "privacy", { databases: ["orders"], guard });
const broken = object("DataPolicy", "privacy", { databases: ["orders"], guard, when: "1 +", mode: "Perhaps" });
const baseline = (namespaceSelector: object) => object("ClusterDataPolicy", "baseline", { namespaceSelector, guard });

const content = (objects: readonly KubeObject[], lastGood: Record<string, BundleResource> = {}, labels = {}) =>
  bundleContent({
    namespace: "shop",
    labels,
    objects,
    clusterDomain: "cluster.local",
    lastGood: (key) => lastGood[key],
  });
const keys = (resources: readonly BundleResource[]) => resources.map(resourceKey);

test("a bundle holds what is good, without what the API server added", () => {
  const { resources, verdicts } = content([privacy, orders]);
  expect(resources).toEqual([
    {
      apiVersion: "weir.dev/v1alpha1",
      kind: "DataPolicy",
      metadata: { name: "privacy", namespace: "shop" },
      spec: { databases: ["orders"], guard },
    },
    {
      apiVersion: "weir.dev/v1alpha1",
      kind: "GovernedDatabase",
      metadata: { name: "orders", namespace: "shop" },
      spec: { engine: "PostgreSQL", host: "orders-db" },
    },
  ]);
  expect(verdicts.get("DataPolicy shop/privacy")).toEqual({
    of: "uid-privacy 3",
    accepted: true,
    problems: [],
    missing: [],
    reach: 1,
    inForce: "this",
  });
  expect(problemsTogether(resources, "shop", {})).toEqual([]);
});

test("a policy with errors stays in its last good version, and every problem is told", () => {
  const good = bundleResource(privacy);
  const { resources, verdicts } = content([orders, broken], { "DataPolicy shop/privacy": good });
  expect(resources[0]).toEqual(good);
  const verdict = verdicts.get("DataPolicy shop/privacy")!;
  expect(verdict).toMatchObject({ accepted: false, inForce: "earlier" });
  expect(verdict.problems.map(({ path }) => path)).toEqual(["spec.mode", "spec.when"]);
});

test("a database without a name that could lead pods to their sidecar is told", () => {
  const at = (host: string) => {
    const database = object("GovernedDatabase", "orders", { engine: "PostgreSQL", host });
    const { accepted, problems } = content([database]).verdicts.get("GovernedDatabase shop/orders")!;
    return [accepted, problems.map(({ message }) => message)];
  };
  const told = [true, [expect.stringContaining("go round it")]];
  expect([at("10.0.0.7"), at("localhost"), at("orders-db"), at("/run/postgresql")]).toEqual([
    told,
    told,
    [true, []],
    [true, []],
  ]);
});

test("a policy that was never good closes the databases that it concerns; the others stay open", () => {
  const other = object("DataPolicy", "other", { guard });
  const billing = object("GovernedDatabase", "billing", { engine: "PostgreSQL", host: "billing-db" });
  const why = expect.stringContaining("DataPolicy shop/privacy has errors and no earlier good version");
  const { resources, verdicts, closed } = content([orders, billing, broken, other]);
  expect(closed).toEqual({ orders: why });
  expect(keys(resources)).toEqual([
    "DataPolicy shop/other",
    "GovernedDatabase shop/billing",
    "GovernedDatabase shop/orders",
  ]);
  expect(verdicts.get("DataPolicy shop/privacy")).toMatchObject({ accepted: false, inForce: "none" });
  for (const databases of [undefined, [], "orders", [7]])
    expect(content([orders, billing, { ...broken, spec: { ...broken.spec, databases } }]).closed).toEqual({
      billing: why,
      orders: why,
    });
});

test("a policy that was never good closes nothing when it only observes, or is not for this namespace, or an earlier version holds", () => {
  const observing = { ...broken, spec: { ...broken.spec, mode: "Observe" } };
  expect(content([orders, observing]).closed).toEqual({});
  expect(content([orders, broken], { "DataPolicy shop/privacy": bundleResource(privacy) }).closed).toEqual({});
  const cluster = (namespaceSelector: unknown) =>
    content([orders, object("ClusterDataPolicy", "baseline", { namespaceSelector, guard, when: "1 +" })]).closed;
  expect(cluster({ matchLabels: { tier: "production" } })).toEqual({});
  expect(cluster({ matchLabels: { "kubernetes.io/metadata.name": "shop" } })).toHaveProperty("orders");
  expect(cluster("production")).toHaveProperty("orders");
});

test("a database is closed whatever its name, also that of a property which every object has", () => {
  const named = object("GovernedDatabase", "constructor", { engine: "PostgreSQL", host: "c-db" });
  const policy = object("DataPolicy", "privacy", { databases: ["constructor"], guard, when: "1 +" });
  expect(Object.keys(content([named, policy]).closed)).toEqual(["constructor"]);
});

test("two databases of one host and port are under the policies of both, however they are spelled, and told", () => {
  const first = object("GovernedDatabase", "aaa", { engine: "PostgreSQL", host: "orders-db.shop.svc", port: 5432 });
  const elsewhere = object("GovernedDatabase", "other", { engine: "PostgreSQL", host: "orders-db", port: 5433 });
  const { resources, verdicts } = content([first, orders, elsewhere, privacy]);
  expect(resources.find(({ kind }) => kind === "DataPolicy")!.spec).toEqual({ databases: ["aaa", "orders"], guard });
  for (const [name, other] of [
    ["aaa", "orders"],
    ["orders", "aaa"],
  ]) {
    const { accepted, reach, problems } = verdicts.get(`GovernedDatabase shop/${name}`)!;
    expect([accepted, reach, problems.map(({ message }) => message)]).toEqual([
      true,
      1,
      [expect.stringContaining(`GovernedDatabase ${other} has the same host and port`)],
    ]);
  }
  expect(verdicts.get("GovernedDatabase shop/other")).toMatchObject({ reach: 0, problems: [] });
  expect(Object.keys(content([first, orders, broken]).closed)).toEqual(["aaa", "orders"]);
});

test("a database with errors stays in its last good version too, so that its policies keep what they govern", () => {
  const bad = object("GovernedDatabase", "orders", { engine: "PostgreSQL", host: "no host" });
  const { resources, verdicts } = content([bad, privacy], { "GovernedDatabase shop/orders": bundleResource(orders) });
  expect(keys(resources)).toEqual(["DataPolicy shop/privacy", "GovernedDatabase shop/orders"]);
  expect(verdicts.get("DataPolicy shop/privacy")).toMatchObject({ accepted: true, missing: [] });
});

test("names of databases that are missing are told; what is left of the policy stays", () => {
  const both = object("DataPolicy", "privacy", { databases: ["billing", "orders"], guard });
  const { resources, verdicts } = content([orders, both]);
  expect(resources[0]!.spec).toEqual({ databases: ["orders"], guard });
  expect(verdicts.get("DataPolicy shop/privacy")).toMatchObject({ accepted: true, missing: ["billing"], reach: 1 });
});

test("a policy whose databases are all missing never becomes one of all databases", () => {
  const lost = object("DataPolicy", "privacy", { databases: ["billing"], guard });
  const { resources, verdicts } = content([orders, lost]);
  expect(keys(resources)).toEqual(["GovernedDatabase shop/orders"]);
  expect(verdicts.get("DataPolicy shop/privacy")).toMatchObject({ missing: ["billing"], reach: 0 });
});

test("an empty list of databases is an error, not a policy of all or none", () => {
  const { verdicts } = content([orders, object("DataPolicy", "privacy", { databases: [], guard })]);
  expect(verdicts.get("DataPolicy shop/privacy")).toMatchObject({ accepted: false });
});

test("a ClusterDataPolicy is there where its selector matches, by the namespace's name too", () => {
  const by = (selector: object, labels = {}) => keys(content([baseline(selector)], {}, labels).resources);
  const there = ["ClusterDataPolicy baseline"];
  expect(by({})).toEqual(there);
  expect(by({ matchLabels: { tier: "production" } })).toEqual([]);
  expect(by({ matchLabels: { tier: "production" } }, { tier: "production" })).toEqual(there);
  expect(by({ matchLabels: { "kubernetes.io/metadata.name": "shop" } })).toEqual(there);
  expect(by({ matchExpressions: [{ key: "tier", operator: "DoesNotExist" }] })).toEqual(there);
});

test("a ClusterDataPolicy is where it names the namespace, whatever the labels say", () => {
  const named = (namespaceNames: unknown, namespaceSelector?: object) =>
    object("ClusterDataPolicy", "baseline", { namespaceNames, ...(namespaceSelector && { namespaceSelector }), guard });
  const by = (policy: KubeObject, labels = {}) => keys(content([policy], {}, labels).resources);
  expect(by(named(["sh*"]))).toEqual(["ClusterDataPolicy baseline"]);
  expect(by(named(["billing"]))).toEqual([]);
  expect(by(named(["shop"], { matchLabels: { tier: "production" } }), { tier: "test" })).toHaveLength(1);
  const { resources } = content([orders, named(["shop"])]);
  expect(problemsTogether(resources, "shop", {})).toEqual([]);
  const broken = (namespaceNames: unknown) =>
    content([orders, { ...named(namespaceNames), spec: { namespaceNames, guard, when: "1 +" } }]).closed;
  expect([broken(["billing"]), broken(["shop"]), broken("shop")].map((closed) => "orders" in closed)).toEqual([
    false,
    true,
    true,
  ]);
});

test("a broken ClusterDataPolicy stays where its last good version was, even if the broken one selects elsewhere", () => {
  const kept = bundleResource(baseline({ matchLabels: { tier: "production" } }));
  const now = object("ClusterDataPolicy", "baseline", { namespaceSelector: "production", guard });
  const at = (labels: object) => keys(content([now], { "ClusterDataPolicy baseline": kept }, labels).resources);
  expect(at({ tier: "production" })).toEqual(["ClusterDataPolicy baseline"]);
  expect(at({ tier: "test" })).toEqual([]);
});

test("what a broken ClusterDataPolicy selects counts as little as the rest of it, where that is well written, too", () => {
  const kept = bundleResource(baseline({ matchLabels: { tier: "production" } }));
  const elsewhere = { ...baseline({ matchLabels: { tier: "test" } }) };
  const now = { ...elsewhere, spec: { ...(elsewhere.spec as object), databases: [] } };
  const at = (tier: string) => content([orders, now], { "ClusterDataPolicy baseline": kept }, { tier });
  expect(keys(at("production").resources)).toContain("ClusterDataPolicy baseline");
  expect(at("production").verdicts.get("ClusterDataPolicy baseline")).toMatchObject({ inForce: "earlier" });
  expect(keys(at("test").resources)).toEqual(["GovernedDatabase shop/orders"]);
});

test("whatever is broken beside them, good policies stay as they are, in any order, and a sidecar takes the whole", () => {
  const spec = fc.oneof(
    fc.constant({ guard }),
    fc.constant({ databases: ["orders"], guard }),
    fc.constant({ databases: ["billing"], guard }),
    fc.constant({ when: "1 +" }),
    fc.constant({ mask: [{ classes: ["PII"], method: "Redact" }] }),
    fc.dictionary(fc.constantFrom("databases", "mode", "guard", "when", "mask", "x"), fc.jsonValue()),
  );
  const policies = fc.uniqueArray(fc.record({ name: fc.stringMatching(/^[a-z]{1,3}$/), spec }), {
    selector: ({ name }) => name,
    maxLength: 6,
  });
  fc.assert(
    fc.property(policies, fc.boolean(), (some, reverse) => {
      const objects = [orders, privacy, ...some.map(({ name, spec }) => object("DataPolicy", `p-${name}`, spec))];
      const { resources } = content(reverse ? objects.reverse() : objects);
      expect(resources).toContainEqual(bundleResource(privacy));
      expect(problemsTogether(resources, "shop", {})).toEqual([]);
      expect(keys(resources)).toEqual([...keys(resources)].sort());
    }),
  );
});

describe("the memory of last good resources", () => {
  const named = (databases: readonly string[]): BundleResource => ({
    ...bundleResource(baseline({})),
    spec: { databases },
  });
  test("prefers what was written, then the namespace's own copy, then another's; a deletion forgets all", () => {
    const memory = lastGoodResources();
    const key = "ClusterDataPolicy baseline";
    expect(memory.get("shop", key)).toBeUndefined();
    memory.seed("billing", [named(["b"])]);
    expect(memory.get("shop", key)).toEqual(named(["b"]));
    memory.seed("shop", [named(["a"])]);
    expect(memory.get("shop", key)).toEqual(named(["a"]));
    memory.remember(named(["a", "b"]));
    expect(memory.get("shop", key)).toEqual(named(["a", "b"]));
    memory.forget(key);
    expect(memory.get("shop", key)).toBeUndefined();
  });
});
