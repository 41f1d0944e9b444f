// What creating a pod costs with the webhook and the admission policies, beside an API server that has neither. With one client the kinds
// of pods take turns, pod by pod; with eight they take turns in blocks, so that none is slowed by another's load. Connections are warm.
import { inject } from "../../pkg/admission/inject.ts";
import { parseSettings } from "../../pkg/admission/settings.ts";
import { fromObjects } from "../../pkg/resources/parse-resources.ts";
import { whyNoApi } from "../cluster/start-api.ts";
import { databases, keys, plainPod } from "../e2e-api/governed-pod.ts";
import { type Kind, kinds, type Spent, startWorlds, type Worlds } from "./admission-worlds.ts";
import { median, short, table } from "./medians.ts";
import type { Bench, Section } from "./section.ts";

const CLIENTS = 8;
/** Pods of a kind in one block of eight clients. */
const BLOCK = 80;

type Times = Readonly<Record<Kind, number[]>>;

interface Found {
  readonly etcd: string;
  readonly alone: Times;
  readonly together: Times;
  /** Milliseconds of the API server's CPU a pod, with eight clients. */
  readonly cpu: Readonly<Record<Kind, number>>;
  /** One client: milliseconds of one call, as the API server sees it and as the operator does; and how many calls a pod. */
  readonly call: number;
  readonly answer: number;
  readonly calls: number;
  /** One client, without Weir: milliseconds until etcd has written a pod. */
  readonly write: number;
}

export async function measureAdmission(bench: Bench): Promise<readonly Section[]> {
  const missing = whyNoApi();
  if (missing !== undefined) {
    bench.say(`admission is left out: ${missing}`);
    return [];
  }
  const found: Found[] = [];
  for (const durable of [true, false]) {
    const worlds = await startWorlds(durable, CLIENTS);
    try {
      found.push(await measureIn(bench, worlds, durable ? "syncs to disk" : "does not sync"));
    } finally {
      await worlds.stop();
    }
  }
  return [section(found, injectionUs())];
}

async function measureIn(bench: Bench, worlds: Worlds, etcd: string): Promise<Found> {
  const pods = bench.isShort ? BLOCK : 500 * bench.rounds;
  await inTurn(worlds, 50, "warm");
  const look = async () => ({ ...(await worlds.webhook()), written: await worlds.etcd() });
  const before = await look();
  const alone = await inTurn(worlds, pods, "alone");
  const after = await look();
  bench.say(`admission, an etcd that ${etcd}: ${pods} pods of each kind by one client`);
  await inBlocks(worlds, 1, "warmer");
  const { times, cpu } = await inBlocks(worlds, Math.ceil(pods / BLOCK), "together");
  bench.say(`admission, an etcd that ${etcd}: as many by ${CLIENTS}`);
  const per = (what: keyof typeof before) => meanMs(before[what], after[what]);
  const calls = (after.called.count - before.called.count) / pods;
  const each = { call: per("called"), answer: per("answered"), write: per("written") };
  return { etcd, alone, together: times, cpu, calls, ...each };
}

function meanMs(before: Spent, after: Spent): number {
  return ((after.seconds - before.seconds) / (after.count - before.count)) * 1000;
}

/** Pod by pod, another kind first each time. */
async function inTurn(worlds: Worlds, pods: number, prefix: string): Promise<Times> {
  const times = empty();
  for (let n = 0; n < pods; n++)
    for (const [i] of kinds.entries()) {
      const kind = kinds[(i + n) % kinds.length]!;
      times[kind].push(await timed(worlds, kind, `${prefix}-${n}`));
    }
  return times;
}

async function inBlocks(worlds: Worlds, blocks: number, prefix: string) {
  const times = empty();
  const cpuMs = empty();
  for (let block = 0; block < blocks; block++)
    for (const [i] of kinds.entries()) {
      const kind = kinds[(i + block) % kinds.length]!;
      const before = worlds.cpuMs(kind);
      const clients = Array.from({ length: CLIENTS }, async (_, client) => {
        for (let n = 0; n < BLOCK / CLIENTS; n++)
          times[kind].push(await timed(worlds, kind, `${prefix}-${block}-${client}-${n}`));
      });
      await Promise.all(clients);
      cpuMs[kind].push((worlds.cpuMs(kind) - before) / BLOCK);
    }
  const cpu = Object.fromEntries(kinds.map((kind) => [kind, median(cpuMs[kind])])) as Record<Kind, number>;
  return { times, cpu };
}

const empty = () => Object.fromEntries(kinds.map((kind) => [kind, [] as number[]])) as Record<Kind, number[]>;

async function timed(worlds: Worlds, kind: Kind, name: string): Promise<number> {
  const startedMs = performance.now();
  await worlds.create(kind, `${name}-${kind.replace(" ", "-")}`);
  return performance.now() - startedMs;
}

/** The injection itself, of one pod, median of many. */
function injectionUs(): number {
  const text = JSON.stringify({ image: `weir@sha256:${"a".repeat(64)}`, cluster: "bench", environment: "bench" });
  const parsed = parseSettings(text);
  if (!parsed.ok) throw new Error(parsed.problems.join("\n"));
  const settings = { ...parsed.settings, bundleKeys: [keys], nativeSidecars: true, version: "0.1.0" };
  const namespace = { name: "shop", annotations: { "weir.dev/governance": "enabled" } };
  const known = fromObjects(databases("shop")).resources.flatMap((each) =>
    each.kind === "GovernedDatabase" ? [each.database] : [],
  );
  const times = Array.from({ length: 2_000 }, () => {
    const pod = plainPod("timed");
    const startedMs = performance.now();
    inject({ pod, settings, namespace, databases: known });
    return (performance.now() - startedMs) * 1000;
  });
  return median(times);
}

function at(times: readonly number[], share: number): number {
  return times.toSorted((a, b) => a - b)[Math.min(times.length - 1, Math.floor(times.length * share))]!;
}

/** The first is nearest to what an idle machine would give. */
const shares = [
  ["10 %", 0.1],
  ["median", 0.5],
  ["90 %", 0.9],
  ["99 %", 0.99],
] as const;

function section(found: readonly Found[], injection: number): Section {
  const runs = found.flatMap(({ etcd, alone, together }) => [
    { what: `${etcd}, 1 client`, times: alone },
    { what: `${etcd}, ${CLIENTS} clients`, times: together },
  ]);
  const ratios = runs.flatMap(({ what, times }) =>
    shares.map(([name, share]) => {
      const [without, among] = [at(times.without, share), at(times.with, share)];
      return [what, name, short(without), short(among), short(among / without)];
    }),
  );
  const made = runs.flatMap(({ what, times }) =>
    shares.slice(0, 2).map(([name, share]) => [what, name, ...kinds.map((kind) => short(at(times[kind], share)))]),
  );
  const cpu = found.map((each) => [each.etcd, "CPU", ...kinds.map((kind) => short(each.cpu[kind]))]);
  const calls = found.map(
    ({ etcd, call, answer, calls: each }) =>
      `${short(call)} ms, of which the operator works ${short(answer)} ms (etcd ${etcd}; ${short(each)} calls a pod)`,
  );
  const body = [
    `${runs[0]!.times.with.length} pods of each kind a run, by warm connections, on two API servers: one without Weir, one with the chart, the webhook (a process of its own, on loopback) and four GovernedDatabases. The pod is the smallest there is: one container with a name and an image.`,
    table(["etcd", "", "without, ms", "with webhook and policies, ms", "ratio"], ratios),
    "What it is made of, in milliseconds, and the API server's CPU a pod: the pod without Weir; the injected pod without Weir; the injected pod in a governed namespace, where only the policies work; the pod with webhook and policies; the pod in a namespace that is not governed, on the cluster with Weir; and there, when a webhook is asked and does nothing.",
    table(["etcd", "", ...kinds], [...made, ...cpu]),
    `Without Weir, of one client's pod etcd takes ${found.map(({ etcd, write }) => `${short(write)} ms (${etcd})`).join(", ")} on average. As the API server sees it, a call of the webhook that injects takes ${calls.join(", ")}; the injection itself ${short(injection)} µs of that.`,
  ].join("\n\n");
  const told = runs.map(({ what, times }) => {
    const [middle, last] = [0.5, 0.99].map((share) => short(at(times.with, share) / at(times.without, share)));
    return `${what}: ${middle} (median), ${last} (99 %)`;
  });
  const aim = "at most 1.3, p99 included";
  return {
    title: "Admission",
    body,
    aims: [{ what: "creating a pod, of the same without Weir", found: told.join("; "), aim }],
  };
}
