// This bundle server's counts of what sidecars run, in a ConfigMap of its own; at most every ten seconds, and once in a while anyway.
import type { KubeApi } from "../kube/api.ts";
import { applyObject } from "../kube/apply.ts";
import { type Pause, realPause } from "../runtime/backoff.ts";
import { type AppliedCounts, HEARTBEAT_MS } from "./applied-counts.ts";
import { configMapPath } from "./paths.ts";
import { APPLIED_LABEL } from "./watches.ts";

export interface AppliedWriterOptions {
  readonly api: KubeApi;
  readonly releaseNamespace: string;
  /** Of this replica, such as its pod's name. */
  readonly identity: string;
  counts(): AppliedCounts;
  readonly monotonicMs: () => number;
  onError(what: string): void;
  readonly pause?: Pause;
}

const EVERY_MS = 10_000;

/** `stop` takes the ConfigMap away. */
export function startAppliedWriter(options: AppliedWriterOptions): { stop(): Promise<void> } {
  const { api, releaseNamespace: namespace, identity, monotonicMs, onError, pause = realPause } = options;
  const name = `weir-applied-${identity}`;
  const path = configMapPath(namespace, name);
  const stopping = new AbortController();
  let written = "";
  let writtenAtMs = Number.NEGATIVE_INFINITY;

  async function write(): Promise<void> {
    const counts = JSON.stringify(options.counts());
    if (counts === written && monotonicMs() - writtenAtMs < HEARTBEAT_MS) return;
    const metadata = { name, namespace, labels: { [APPLIED_LABEL]: "true" } };
    // The time makes each write a change, so that the controller hears of it.
    const data = { "counts.json": counts, beat: String(Math.floor(monotonicMs())) };
    await applyObject(api, path, { apiVersion: "v1", kind: "ConfigMap", metadata, data });
    written = counts;
    writtenAtMs = monotonicMs();
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      await write().catch((error: Error) => onError(error.message));
      await pause(EVERY_MS, stopping.signal);
    }
  }

  const running = run();
  return {
    async stop() {
      stopping.abort();
      await running;
      await api.call({ method: "DELETE", path }).catch(() => {});
    },
  };
}
