import type { KubeAnswer, KubeApi, KubeCall } from "../../pkg/kube/api.ts";
import { type Elector, startElector } from "../../pkg/kube/lease.ts";

/** A fake of one Lease with the API server's preconditions, and a clock that pauses move. */
function fakeLease() {
  let stored: { metadata: { resourceVersion: string }; spec: Record<string, unknown> } | undefined;
  let version = 0;
  let reachable = true;
  const answer = (status: number, body: unknown = {}): KubeAnswer => ({ status, body, retryAfterMs: null });
  const api: KubeApi = {
    async call({ method = "GET", body }: KubeCall) {
      if (!reachable) throw new Error("no answer");
      if (method === "GET") return stored === undefined ? answer(404) : answer(200, structuredClone(stored));
      const given = body as NonNullable<typeof stored>;
      const before = stored?.metadata.resourceVersion;
      if (method === "POST" ? stored !== undefined : given.metadata.resourceVersion !== before) return answer(409);
      stored = { ...structuredClone(given), metadata: { ...given.metadata, resourceVersion: String(++version) } };
      return answer(200, structuredClone(stored));
    },
    stream: () => Promise.reject(new Error("not here")),
    close() {},
  };
  return {
    api,
    holder: () => stored?.spec.holderIdentity,
    spec: () => stored?.spec,
    cut: (now: boolean) => {
      reachable = !now;
    },
  };
}

/** Two replicas that take turns; `step` lets each make one attempt and moves time by two seconds. */
function world(names: readonly string[]) {
  const lease = fakeLease();
  let nowMs = 0;
  const told: string[] = [];
  const resumes: (() => void)[] = [];
  const electors = new Map<string, Elector>();
  for (const identity of names) {
    electors.set(
      identity,
      startElector({
        api: lease.api,
        namespace: "weir-system",
        name: "weir-controller",
        identity,
        async lead(signal) {
          told.push(`${identity} begins`);
          await new Promise((ended) => signal.addEventListener("abort", ended));
          told.push(`${identity} ends`);
        },
        onError: () => {},
        nowMs: () => 1_000_000 + nowMs,
        monotonicMs: () => nowMs,
        random: () => 0,
        pause: (_, signal) =>
          new Promise((resolve) => {
            resumes.push(resolve);
            signal.addEventListener("abort", () => resolve());
          }),
      }),
    );
  }
  const settle = async () => {
    for (let i = 0; i < 50; i++) await new Promise(setImmediate);
  };
  return {
    ...lease,
    told,
    electors,
    settle,
    async step(count = 1) {
      for (let i = 0; i < count; i++) {
        await settle();
        nowMs += 2000;
        for (const resume of resumes.splice(0)) resume();
        await settle();
      }
    },
    stop: async () => {
      for (const elector of electors.values()) await elector.stop();
    },
  };
}

test("of two replicas one leads, for as long as it renews", async () => {
  const { told, step, electors, spec, stop } = world(["a", "b"]);
  await step(20);
  expect(told).toEqual(["a begins"]);
  expect([electors.get("a")!.isLeader(), electors.get("b")!.isLeader()]).toEqual([true, false]);
  expect(spec()).toMatchObject({ holderIdentity: "a", leaseDurationSeconds: 15, leaseTransitions: 0 });
  expect(spec()!.renewTime).toMatch(/^\d{4}-.*\.\d{6}Z$/);
  await stop();
});

test("a leader that stops gives the Lease away, and the other begins at once", async () => {
  const { told, step, electors, holder, stop } = world(["a", "b"]);
  await step();
  await electors.get("a")!.stop();
  expect(holder()).toBe("");
  await step();
  expect(told).toEqual(["a begins", "a ends", "b begins"]);
  await stop();
});

test("a leader that cannot renew ends its work before another may take over", async () => {
  const { told, step, cut, stop } = world(["a", "b"]);
  await step();
  cut(true);
  await step(6);
  expect(told).toEqual(["a begins", "a ends"]);
  cut(false);
  await step(12);
  expect(told).toHaveLength(3);
  await stop();
});

test("another's lease runs out by what was seen of it here, not by the times written in it", async () => {
  const { told, step, api, holder, stop } = world([]);
  const path = "/apis/coordination.k8s.io/v1/namespaces/weir-system/leases";
  const spec = { holderIdentity: "dead", leaseDurationSeconds: 15, renewTime: "1970-01-01T00:00:00.000000Z" };
  await api.call({ method: "POST", path, body: { metadata: {}, spec } });
  await stop();
  void [told, step];
  let nowMs = 0;
  const begun: number[] = [];
  const elector = startElector({
    api,
    namespace: "weir-system",
    name: "weir-controller",
    identity: "c",
    lead: async (signal) => {
      begun.push(nowMs);
      await new Promise((ended) => signal.addEventListener("abort", ended));
    },
    onError: () => {},
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    random: () => 0,
    pause: async (ms, signal) => {
      nowMs += ms;
      if (begun.length > 0 && !signal.aborted) await new Promise((end) => signal.addEventListener("abort", end));
    },
  });
  while (begun.length === 0) await new Promise(setImmediate);
  expect(begun).toEqual([16_000]);
  expect(holder()).toBe("c");
  await elector.stop();
});
