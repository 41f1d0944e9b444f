// One WATCH from a version on, until it ends in any way; says where and how to go on.
import { type KubeApi, KubeError, messageOf } from "./api.ts";
import { linesOf } from "./lines.ts";
import type { KubeObject } from "./object.ts";

export interface WatchOptions {
  readonly api: KubeApi;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** Opaque. */
  readonly version: string;
  readonly signal: AbortSignal;
  readonly timeoutS: number;
  readonly silenceMs: number;
  heard(): void;
  set(object: KubeObject): void;
  remove(object: KubeObject): void;
}

export interface WatchEnd {
  /** From where to watch next; null: list again. */
  readonly version: string | null;
  /** null when it ended as watches do. */
  readonly why: string | null;
  readonly retryAfterMs: number | null;
}

type Event = { readonly type: string; readonly object: KubeObject };

export async function watchOnce(options: WatchOptions): Promise<WatchEnd> {
  const silence = silenceTimer(options.silenceMs);
  const signal = AbortSignal.any([options.signal, silence.signal]);
  let version = options.version;
  let lines = 0;
  try {
    const { status, retryAfterMs, bytes } = await options.api.stream({
      path: options.path,
      query: {
        ...options.query,
        watch: "true",
        allowWatchBookmarks: "true",
        resourceVersion: version,
        timeoutSeconds: String(options.timeoutS),
      },
      signal,
    });
    if (status !== 200) {
      bytes.destroy();
      if (status === 410) return listAgain("the version to watch from has expired");
      return { version, why: `WATCH answered ${status}`, retryAfterMs };
    }
    options.heard();
    const onBytes = () => {
      silence.restart();
      options.heard();
    };
    for await (const line of linesOf(bytes, onBytes)) {
      const event = parseEvent(line);
      if (event === null) return listAgain("an event cannot be read");
      if (event.type === "ERROR") return afterError(event.object, version);
      lines += 1;
      take(event, options);
      version = event.object.metadata.resourceVersion ?? version;
    }
    // A server that ends watches at once, without a word, must not be asked again and again without a pause.
    return { version, why: lines === 0 && !silence.lived() ? "WATCH ended at once" : null, retryAfterMs: null };
  } catch (error) {
    if (silence.signal.aborted) return { version, why: null, retryAfterMs: null };
    const { message } = error as Error;
    if (error instanceof KubeError) return { version, why: message, retryAfterMs: null };
    return listing(error as Error) ? listAgain(message) : { version, why: message, retryAfterMs: null };
  } finally {
    silence.stop();
  }
}

function take(event: Event, { set, remove }: WatchOptions): void {
  if (event.type === "ADDED" || event.type === "MODIFIED") set(event.object);
  else if (event.type === "DELETED") remove(event.object);
}

/** A Status object; 410 says that the version is too old. */
function afterError(status: KubeObject, version: string): WatchEnd {
  if (status.code === 410 || status.reason === "Expired" || status.reason === "Gone")
    return listAgain("the version to watch from has expired");
  const seconds = status.details?.retryAfterSeconds;
  const retryAfterMs = typeof seconds === "number" ? seconds * 1000 : null;
  return { version, why: `WATCH: ${status.code ?? ""} ${messageOf(status)}`, retryAfterMs };
}

function parseEvent(line: string): Event | null {
  try {
    const event = JSON.parse(line);
    const object = event?.object;
    if (typeof event?.type !== "string" || typeof object !== "object" || object === null) return null;
    const named = event.type === "ERROR" || event.type === "BOOKMARK" || typeof object.metadata?.name === "string";
    return named ? { type: event.type, object: { metadata: {}, ...object } } : null;
  } catch {
    return null;
  }
}

function listAgain(why: string): WatchEnd {
  return { version: null, why, retryAfterMs: null };
}

function listing(error: Error): boolean {
  return error.name === "LineTooLong" || error instanceof TypeError;
}

/** Aborts when nothing restarts it for so long. */
function silenceTimer(ms: number) {
  const silent = new AbortController();
  let restarted = false;
  const timer = setTimeout(() => silent.abort(), ms).unref();
  return {
    signal: silent.signal,
    restart() {
      restarted = true;
      timer.refresh();
    },
    lived: () => restarted,
    stop: () => clearTimeout(timer),
  };
}
