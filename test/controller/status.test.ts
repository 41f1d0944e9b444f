import { appliedCount, parseCounts } from "../../pkg/controller/applied-counts.ts";
import type { Verdict } from "../../pkg/controller/bundle-content.ts";
import { isOptedIn, labelChange, namespaceSeen, podSeen } from "../../pkg/controller/governed.ts";
import type { Outcome } from "../../pkg/controller/namespace-reconciler.ts";
import { podCounts } from "../../pkg/controller/pod-counts.ts";
import { nextBundle } from "../../pkg/controller/published.ts";
import { situations } from "../../pkg/controller/situations.ts";
import { differs, joinVerdicts, type Situation, statusOf } from "../../pkg/controller/status.ts";
import type { Watches } from "../../pkg/controller/watches.ts";

const verdict: Verdict = { of: "uid 4", accepted: true, problems: [], missing: [], reach: 1, inForce: "this" };
const problem = {
  severity: "error" as const,
  file: "",
  line: 0,
  column: 0,
  path: "spec.mode",
  message: "is not known",
  remedy: "use Enforce",
};
const bad: Verdict = { ...verdict, accepted: false, problems: [problem], inForce: "earlier" };
const policy = { kind: "DataPolicy", metadata: { name: "privacy", namespace: "shop", generation: 4 } };
const of = (situation: Partial<Situation>, object: object = policy) =>
  statusOf(
    object as typeof policy,
    { verdict, pods: { desired: 2, applied: 2 }, governed: true, blocked: null, ...situation },
    "2026-01-01T00:00:00Z",
  );
const said = (situation: Partial<Situation>) =>
  of(situation).conditions.map(({ type, status, reason }) => `${type}=${status} ${reason}`);

test("conditions say how far a policy has come", () => {
  expect(said({})).toEqual(["Accepted=True Valid", "ResolvedRefs=True Resolved", "Programmed=True Programmed"]);
  expect(said({ pods: { desired: 2, applied: 1 } })[2]).toBe("Programmed=False Pending");
  expect(said({ governed: false })[2]).toBe("Programmed=False NotGoverned");
  expect(said({ blocked: "too long" })[2]).toBe("Programmed=False BundleBlocked");
  expect(said({ verdict: { ...verdict, missing: ["billing"] } })[1]).toBe("ResolvedRefs=False RefNotFound");
  expect(of({ verdict: { ...verdict, missing: ["billing"] } }).conditions[0]!.message).toBe(
    "warning: There is no GovernedDatabase billing; add it, or correct spec.databases.",
  );
  expect(said({ verdict: bad })).toEqual([
    "Accepted=False Invalid",
    "ResolvedRefs=True Resolved",
    "Programmed=True Programmed",
  ]);
  expect(said({ verdict: { ...bad, inForce: "none" } })[2]).toBe("Programmed=False Invalid");
});

test("every problem is listed, and whether an earlier version stays is said", () => {
  const status = of({ verdict: bad });
  expect(status.problems).toEqual([{ field: "spec.mode", message: "is not known", remedy: "use Enforce" }]);
  expect(status.conditions[0]!.message).toBe(
    "Its last good version stays in force until this is corrected.\nspec.mode: is not known; use Enforce",
  );
  expect(of({ verdict: { ...bad, inForce: "none" } }).conditions[0]!.message).toMatch(
    /the databases that it concerns refuse logins/,
  );
});

test("generation is on the status and each condition, and the time of a change stays until the next", () => {
  const status = of({});
  expect(status.observedGeneration).toBe(4);
  expect(status.conditions.map(({ observedGeneration }) => observedGeneration)).toEqual([4, 4, 4]);
  const later = statusOf(
    { ...policy, status },
    { verdict, pods: { desired: 3, applied: 2 }, governed: true, blocked: null },
    "2026-02-02T00:00:00Z",
  );
  expect(later.conditions.map(({ lastTransitionTime }) => lastTransitionTime.slice(0, 7))).toEqual([
    "2026-01",
    "2026-01",
    "2026-02",
  ]);
});

test("a database says what going round the sidecar would take", () => {
  const database = (credentials?: string) => of({}, { ...policy, kind: "GovernedDatabase", spec: { credentials } });
  expect(database()).toMatchObject({ protection: "Steering", policies: 1 });
  expect(database("Brokered")).toMatchObject({ protection: "Custody" });
  expect(database("Brokered").conditions[0]!.message).toMatch(
    /^Brokered, but without a login: .* set spec.credentialsSecret/,
  );
  expect(database()).not.toHaveProperty("databases");
});

test("nothing is said of a version that has not been looked at everywhere", () => {
  const outcome = (of: string): Outcome => ({
    verdicts: new Map([["ClusterDataPolicy baseline", { ...verdict, of }]]),
    governed: true,
    version: null,
    blocked: null,
  });
  const outcomes = new Map([
    ["shop", outcome("uid 4")],
    ["billing", outcome("uid 3")],
  ]);
  const watches = { applied: { list: () => [] } } as unknown as Watches;
  const situation = situations({ watches, pods: podCounts(), outcomes, monotonicMs: () => 0 });
  const baseline = { kind: "ClusterDataPolicy", metadata: { name: "baseline", uid: "uid", generation: 4 } };
  expect(situation(baseline)).toBeUndefined();
  outcomes.set("billing", outcome("uid 4"));
  expect(situation(baseline)).toMatchObject({ governed: true, verdict: { reach: 2 } });
});

test("mere counts are told apart from conditions", () => {
  const status = of({ pods: { desired: 3, applied: 1 } });
  expect(differs(undefined, status)).toBe("conditions");
  expect(differs(structuredClone(status), status)).toBe("no");
  expect(differs(status, of({ pods: { desired: 3, applied: 2 } }))).toBe("counts");
  expect(differs(status, of({ pods: { desired: 3, applied: 3 } }))).toBe("conditions");
  expect(differs(of({ verdict: bad }), of({ verdict: { ...bad, problems: [] } }))).toBe("conditions");
});

test("a ClusterDataPolicy is missing a database only where no namespace has it", () => {
  const joined = joinVerdicts([
    { ...verdict, missing: ["orders", "billing"] },
    { ...verdict, missing: ["billing"] },
  ]);
  expect(joined).toMatchObject({ accepted: true, missing: ["billing"], reach: 2 });
  expect(joinVerdicts([bad, bad]).problems).toHaveLength(1);
});

test("applied pods are those that said so lately, never more than there are", () => {
  const server = (counts: string, seenAtMs = 0) => ({ name: "a", counts: parseCounts(counts), seenAtMs });
  const servers = [server('{"shop":{"v1":2,"v0":5}}'), server('{"shop":{"v1":1}}'), server("{nonsense")];
  const count = (version: string | null, monotonicMs = 0, desired = 10) =>
    appliedCount(servers, "shop", version, { desired, monotonicMs });
  expect([count("v1"), count("v2"), count(null), count("v1", 0, 2), count("v1", 200_000)]).toEqual([3, 0, 0, 2, 0]);
  expect(appliedCount(servers, "constructor", "name", { desired: 1, monotonicMs: 0 })).toBe(0);
});

test("the label follows the annotation, which alone counts", () => {
  const seen = (annotation?: string, label?: string) =>
    namespaceSeen({
      metadata: {
        name: "shop",
        ...(annotation !== undefined && { annotations: { "weir.dev/governance": annotation } }),
        ...(label !== undefined && { labels: { "weir.dev/governance": label } }),
      },
    });
  expect(labelChange(seen("enabled"))).toBe("enabled");
  expect(labelChange(seen("enabled", "enabled"))).toBeUndefined();
  expect(labelChange(seen("enabled", "no"))).toBe("enabled");
  expect(labelChange(seen(undefined, "enabled"))).toBeNull();
  expect(labelChange(seen("disabled"))).toBeUndefined();
  expect(isOptedIn(seen(undefined, "enabled"))).toBe(false);
});

test("pods count while they live with our sidecar", () => {
  const counts = podCounts();
  const pod = (name: string, containers: string[], status = {}) =>
    podSeen({
      metadata: { name, namespace: "shop", uid: name },
      spec: { containers: containers.map((each) => ({ name: each })) },
      status,
    });
  expect(counts.note("shop/a", pod("a", ["weir-sidecar"]))).toBe("shop");
  expect(counts.note("shop/a", pod("a", ["weir-sidecar"]))).toBeNull();
  expect(counts.note("shop/b", pod("b", ["app"]))).toBeNull();
  expect(counts.desired("shop")).toBe(1);
  expect(counts.note("shop/a", pod("a", ["weir-sidecar"], { phase: "Failed" }))).toBe("shop");
  expect(counts.note("shop/a", undefined)).toBeNull();
  expect(counts.desired("shop")).toBe(0);
});

test("a bundle that says the same keeps its generation; a new one is above all before, whatever the clock says", () => {
  const parts = { cluster: "west", namespace: "shop", resources: [], labels: {}, closed: {} };
  const first = nextBundle(parts, null, 0, 1000);
  expect(first.generation).toBe(1000);
  expect(nextBundle(parts, first, 1000, 2000)).toBe(first);
  expect(nextBundle({ ...parts, cluster: "east" }, first, 1000, 500).generation).toBe(1001);
  // Somebody put an old one back: even if it says the same, sidecars would refuse it.
  expect(nextBundle(parts, first, 1500, 1200).generation).toBe(1501);
});
