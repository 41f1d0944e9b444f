// `GET /v1/bundle` for sidecars: whoever shows a live governed pod's token gets the bundle of that pod's namespace, at once when it is
// another than If-None-Match names, else when it changes or the wait is over.
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { AppliedBook } from "./applied-book.ts";
import type { PodTokens } from "./pod-tokens.ts";
import type { ServedBundles } from "./served-bundles.ts";

export interface BundleRoutesOptions {
  readonly tokens: PodTokens;
  readonly bundles: ServedBundles;
  readonly applied: AppliedBook;
  /** Aborted at the end: waits end with 304, and sidecars go to another replica. */
  readonly stopping: AbortSignal;
  /** How many may wait at a time. */
  readonly waitingMax?: number;
  /** Requests by status, for metrics. */
  onAnswer?(status: number): void;
}

const WAIT_MAX_S = 60;
const WAITING_MAX = 20_000;
const BACK_OFF_S = 30;
/** One pod's: a sidecar has one at a time, and a second while a broken connection has not been noticed. */
const WAITING_OF_POD_MAX = 4;

/** A fastify plugin. */
export function bundleRoutes(options: BundleRoutesOptions) {
  const waiting = new Map<string, number>();
  return async (server: FastifyInstance): Promise<void> => {
    server.get("/v1/bundle", (request, reply) => answer(request, reply, options, waiting));
  };
}

/** `waiting`: how many requests of each pod are here, by its uid. */
async function answer(
  request: FastifyRequest,
  reply: FastifyReply,
  options: BundleRoutesOptions,
  waiting: Map<string, number>,
) {
  const { tokens, bundles, applied, onAnswer = () => {} } = options;
  const refuse = (status: number, error: string) => {
    onAnswer(status);
    return reply.code(status).send({ error });
  };
  const later = (status: number, seconds: number, error: string) => {
    reply.header("retry-after", String(seconds));
    return refuse(status, error);
  };
  const verified = await tokens.verify(request.headers.authorization, request.ip);
  if (!verified.ok && verified.status === 429) return later(429, BACK_OFF_S, verified.error);
  if (!verified.ok) return refuse(verified.status, verified.error);
  const { pod } = verified;
  applied.note(pod, headerOf(request, "weir-applied"));
  const known = /^"([^"]{1,100})"$/.exec(headerOf(request, "if-none-match") ?? "")?.[1] ?? null;
  const waitS = waitOf(request);
  if ((waiting.get(pod.uid) ?? 0) >= WAITING_OF_POD_MAX)
    return later(429, 5, "this pod has other requests that wait; end them first");
  // An answer at once would be one more question at once: whoever only wants to wait comes back later.
  if (waitS > 0 && bundles.waiting() >= (options.waitingMax ?? WAITING_MAX) && bundles.has(pod.namespace, known))
    return later(503, BACK_OFF_S, "too many sidecars wait here; yours has the newest bundle");
  const signal = AbortSignal.any([options.stopping, AbortSignal.timeout(waitS * 1000), gone(reply)]);
  count(waiting, pod.uid, 1);
  const bundle = await bundles.next(pod.namespace, known, waitS === 0 ? AbortSignal.abort() : signal);
  count(waiting, pod.uid, -1);
  if (bundle === null) return refuse(503, `there is no bundle of namespace ${pod.namespace} yet`);
  reply.header("etag", `"${bundle.version}"`).header("cache-control", "no-store");
  const status = bundle.version === known ? 304 : 200;
  onAnswer(status);
  if (status === 304) return reply.code(304).send();
  return reply.code(200).type("application/json").send(bundle.text);
}

function count(waiting: Map<string, number>, uid: string, change: 1 | -1): void {
  const now = (waiting.get(uid) ?? 0) + change;
  if (now === 0) waiting.delete(uid);
  else waiting.set(uid, now);
}

function waitOf({ query }: FastifyRequest): number {
  const wait = Number((query as { wait?: unknown }).wait ?? 0);
  return Number.isFinite(wait) ? Math.min(WAIT_MAX_S, Math.max(0, wait)) : 0;
}

function headerOf({ headers }: FastifyRequest, name: string): string | null {
  const value = headers[name];
  return typeof value === "string" ? value : null;
}

/** When the sidecar hangs up. */
function gone({ raw }: FastifyReply): AbortSignal {
  const controller = new AbortController();
  raw.once("close", () => controller.abort());
  return controller.signal;
}
