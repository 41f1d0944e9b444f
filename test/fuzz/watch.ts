// What a sidecar holds when nobody but the control session is there: memory after a collection of garbage, descriptors, timers, sessions.
import { setTimeout as delay } from "node:timers/promises";
import type { SidecarProcess } from "../support/sidecar-process.ts";

export interface Sample {
  readonly minutes: number;
  readonly residentMiB: number;
  /** Live objects: after a full collection. */
  readonly heapMiB: number;
  readonly externalMiB: number;
  /** What its cache of analyses says that it weighs. */
  readonly analysesMiB: number;
  readonly descriptors: number;
  readonly timers: number;
}

const REST_MS_MAX = 180_000;
const mib = (bytes: number) => Math.round(bytes / 2 ** 17) / 8;

/** `sessions`: how many are ours. Rejects when the sidecar keeps more than those. */
export async function atRest(sidecar: SidecarProcess, sessions: number, startedMs: number): Promise<Sample> {
  const startMs = Date.now();
  for (;;) {
    const [open, logins, buffered] = await Promise.all(
      ["weir_sessions", "weir_logins", "weir_buffered_bytes"].map((name) => sidecar.metric(name)),
    );
    if (open === sessions && logins === 0 && buffered === 0) break;
    if (Date.now() - startMs > REST_MS_MAX)
      throw new Error(`left behind: ${open! - sessions} sessions, ${logins} logins, ${buffered} bytes`);
    await delay(200);
  }
  await delay(1_000);
  await collectGarbage(sidecar);
  const [heap, external, analyses, timers] = await Promise.all(
    [
      "nodejs_heap_size_used_bytes",
      "nodejs_external_memory_bytes",
      "weir_analysis_bytes",
      'nodejs_active_resources{type="Timeout"}',
    ].map((name) => metricOf(sidecar, name)),
  );
  return {
    minutes: Math.round((Date.now() - startedMs) / 6_000) / 10,
    residentMiB: mib(sidecar.residentBytes()),
    heapMiB: mib(heap!),
    externalMiB: mib(external!),
    analysesMiB: mib(analyses!),
    descriptors: sidecar.descriptors(),
    timers: timers!,
  };
}

async function metricOf(sidecar: SidecarProcess, name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${sidecar.admin}/metrics`)).text();
  const line = text.split("\n").find((each) => each.startsWith(`${name} `));
  return line === undefined ? 0 : Number(line.slice(name.length + 1));
}

/** Through Node's inspector, which the sidecar of these runs was started with. */
async function collectGarbage(sidecar: SidecarProcess): Promise<void> {
  const address = /Debugger listening on (ws:\S+)/.exec(sidecar.log())?.[1];
  if (address === undefined) throw new Error("the sidecar runs without --inspect");
  const socket = new WebSocket(address);
  await new Promise((resolve, reject) => {
    socket.onopen = () => socket.send(JSON.stringify({ id: 1, method: "HeapProfiler.collectGarbage" }));
    socket.onmessage = resolve;
    socket.onerror = () => reject(new Error("the inspector does not answer"));
  });
  socket.close();
  await delay(200);
}

/** What has grown between the middle and the last third of a run. Short runs tell about descriptors and timers only. */
export function growth(samples: readonly Sample[]): readonly string[] {
  const [first, last] = [samples[0]!, samples.at(-1)!];
  const left = [
    ...(last.descriptors > first.descriptors + 6
      ? [`descriptors: ${first.descriptors}, then ${last.descriptors}`]
      : []),
    ...(last.timers > first.timers + 6 ? [`timers: ${first.timers}, then ${last.timers}`] : []),
  ];
  if (samples.length < 9) return left;
  const third = Math.floor(samples.length / 3);
  const [middle, end] = [samples.slice(third, 2 * third), samples.slice(-third)];
  const grown = (["heapMiB", "externalMiB", "residentMiB"] as const).flatMap((what) => {
    const [before, after] = [median(middle.map((one) => one[what])), median(end.map((one) => one[what]))];
    const allowed = what === "residentMiB" ? Math.max(32, before * 0.15) : Math.max(6, before * 0.1);
    return after > before + allowed ? [`${what}: ${before}, then ${after}`] : [];
  });
  return [...left, ...grown];
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
