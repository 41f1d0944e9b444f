// One kind's objects in memory, kept by LIST and WATCH for as long as the process lives. No error ends it: a broken stream is taken up
// again where it ended, an expired one begins with a new list, a server in trouble is left alone for a while.

import { type Pause, pauseMs, realPause } from "../runtime/backoff.ts";
import { type KubeApi, KubeError } from "./api.ts";
import { ListFailed, listAll } from "./list-all.ts";
import type { KubeObject } from "./object.ts";
import { objectStore } from "./object-store.ts";
import { type WatchEnd, watchOnce } from "./watch-once.ts";
import { workQueue } from "./work-queue.ts";

export interface ReflectorOptions<T> {
  readonly api: KubeApi;
  /** Of the collection, such as `/api/v1/namespaces`. */
  readonly path: string;
  /** labelSelector, fieldSelector. */
  readonly query?: Readonly<Record<string, string>>;
  /** What is kept of an object. */
  keep(object: KubeObject): T;
  /**
   * Called for one object after the other, with what is known now, undefined once it is gone. Changes of an object while one is worked on
   * are told once. What it throws is told to `onError` and the object comes again.
   */
  onChange?(key: string, object: T | undefined): void | Promise<void>;
  /** Whatever goes wrong; a text without secrets. */
  onError(what: string): void;
  readonly monotonicMs?: () => number;
  readonly random?: () => number;
  readonly pause?: Pause;
  /** A watch that is silent for so long is taken for dead; bookmarks come about once a minute. */
  readonly silenceMs?: number;
}

export interface Reflector<T> {
  get(key: string): T | undefined;
  list(): readonly T[];
  /** Everything has been listed once. */
  hasSynced(): boolean;
  /** Resolves at `hasSynced`, or when stopped. */
  synced(): Promise<void>;
  /** Since the API server was last heard of. */
  staleMs(): number;
  stop(): Promise<void>;
}

const SILENCE_MS = 150_000;

export function startReflector<T>(options: ReflectorOptions<T>): Reflector<T> {
  const { random = Math.random, pause = realPause, monotonicMs = () => performance.now() } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  let heardAtMs = monotonicMs();
  const told = workQueue({
    work: (key) => options.onChange?.(key, store.get(key)),
    onError: (key, error) => options.onError(`${options.path}: ${key}: ${error.message}`),
    random,
    pause,
  });
  const store = objectStore(options.keep, told.add);
  const heard = () => {
    heardAtMs = monotonicMs();
  };

  /** The version to watch from. @throws KubeError */
  async function relist(): Promise<string> {
    const { objects, resourceVersion } = await listAll(options.api, options.path, options.query ?? {}, signal);
    heard();
    store.replace(objects);
    return resourceVersion;
  }

  async function run(): Promise<void> {
    let version: string | null = null;
    let failures = 0;
    while (!signal.aborted) {
      const end: WatchEnd = version === null ? await relistOutcome() : await watch(version);
      if (signal.aborted) return;
      // A list that succeeds between watches that fail is no recovery.
      if (end.why !== null) failures += 1;
      else if (version !== null) failures = 0;
      version = end.version;
      if (end.why === null) continue;
      options.onError(`${options.path}: ${end.why}`);
      await pause(pauseMs(failures, random(), end.retryAfterMs), signal);
    }
  }

  async function relistOutcome(): Promise<WatchEnd> {
    try {
      return { version: await relist(), why: null, retryAfterMs: null };
    } catch (error) {
      const retryAfterMs = error instanceof ListFailed ? error.retryAfterMs : null;
      const why = error instanceof KubeError ? error.message : `listing failed: ${(error as Error).message}`;
      return { version: null, why, retryAfterMs };
    }
  }

  function watch(version: string): Promise<WatchEnd> {
    return watchOnce({
      ...options,
      query: options.query ?? {},
      version,
      signal,
      timeoutS: 300 + Math.floor(random() * 300),
      silenceMs: options.silenceMs ?? SILENCE_MS,
      heard,
      set: store.set,
      remove: store.remove,
    });
  }

  const running = run();
  signal.addEventListener("abort", store.release);
  return {
    get: store.get,
    list: store.list,
    hasSynced: store.hasSynced,
    synced: store.synced,
    staleMs: () => monotonicMs() - heardAtMs,
    async stop() {
      stopping.abort();
      await Promise.all([running, told.stop()]);
    },
  };
}
