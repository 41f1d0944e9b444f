// Statuses of our resources, written when they say something new: conditions at once, mere counts at most once in a while each.
import type { KubeApi } from "../kube/api.ts";
import { applyStatus } from "../kube/apply.ts";
import type { KubeObject } from "../kube/object.ts";
import { type WorkQueue, workQueue } from "../kube/work-queue.ts";
import type { Pause } from "../runtime/backoff.ts";
import { resourcePath } from "./paths.ts";
import { differs, type Situation, statusOf } from "./status.ts";

export interface StatusWriterOptions {
  readonly api: KubeApi;
  /** undefined when it is gone. */
  object(key: string): KubeObject | undefined;
  /** undefined when nothing can be said yet. */
  situation(object: KubeObject): Situation | undefined;
  readonly nowMs: () => number;
  readonly monotonicMs: () => number;
  onError(what: string): void;
  readonly pause?: Pause;
}

const COUNTS_EVERY_MS = 10_000;

/** Keys are `resourceKey`s. */
export function statusWriter(options: StatusWriterOptions): WorkQueue {
  const writtenAt = new Map<string, number>();
  const queue = workQueue({
    work: write,
    onError: (key, error) => options.onError(`status of ${key}: ${error.message}`),
    ...(options.pause === undefined ? {} : { pause: options.pause }),
  });

  async function write(key: string): Promise<void> {
    const object = options.object(key);
    const situation = object === undefined ? undefined : options.situation(object);
    if (object === undefined) writtenAt.delete(key);
    if (object === undefined || situation === undefined) return;
    const status = statusOf(object, situation, new Date(options.nowMs()).toISOString().replace(/\.\d+Z$/, "Z"));
    const difference = differs(object.status, status);
    if (difference === "no") return;
    const waitMs = (writtenAt.get(key) ?? Number.NEGATIVE_INFINITY) + COUNTS_EVERY_MS - options.monotonicMs();
    if (difference === "counts" && waitMs > 0) return queue.addAfter(key, waitMs);
    const { kind, metadata } = object;
    const path = resourcePath(String(kind), metadata.namespace, metadata.name);
    await applyStatus(options.api, path, { apiVersion: "weir.dev/v1alpha1", kind: String(kind), metadata }, status);
    writtenAt.set(key, options.monotonicMs());
  }

  return queue;
}
