// One writer among the replicas: a Lease of coordination.k8s.io. A remote clock is never trusted: another's lease has run out when it
// has not changed for its duration as we saw it; ours ends, as far as we are concerned, well before that.

import { type Pause, realPause } from "../runtime/backoff.ts";
import { type KubeApi, KubeError, messageOf } from "./api.ts";

export interface ElectorOptions {
  readonly api: KubeApi;
  readonly namespace: string;
  readonly name: string;
  /** Of this replica, such as its pod's name and a random part. */
  readonly identity: string;
  /** Runs while elected; must end soon after `signal`. What it throws ends this term. */
  lead(signal: AbortSignal): Promise<void>;
  onError(what: string): void;
  readonly nowMs: () => number;
  readonly monotonicMs?: () => number;
  readonly random?: () => number;
  readonly pause?: Pause;
  readonly durationS?: number;
  readonly renewDeadlineMs?: number;
  readonly retryMs?: number;
}

export interface Elector {
  isLeader(): boolean;
  /** Ends the work, then gives the Lease away. */
  stop(): Promise<void>;
}

interface Seen {
  readonly version: string;
  readonly atMs: number;
}

interface Term {
  readonly ending: AbortController;
  readonly work: Promise<void>;
}

export function startElector(options: ElectorOptions): Elector {
  const { monotonicMs = () => performance.now(), random = Math.random, pause = realPause } = options;
  const { durationS = 15, renewDeadlineMs = 10_000, retryMs = 2000 } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  let seen: Seen | undefined;
  let renewedAtMs = Number.NEGATIVE_INFINITY;
  let term: Term | undefined;
  let deadline: NodeJS.Timeout | undefined;

  /** True when the Lease is ours as of now. */
  async function hold(): Promise<boolean> {
    const call = { timeoutMs: renewDeadlineMs / 2, signal };
    const at = monotonicMs();
    const { status, body } = await options.api.call({ path: pathOf(options), ...call });
    if (status === 404) return write("POST", collectionOf(options), undefined, at);
    if (status !== 200) throw new KubeError(`Lease ${options.name}: ${status} ${messageOf(body)}`, status);
    const version = String(body.metadata?.resourceVersion);
    if (seen?.version !== version) seen = { version, atMs: monotonicMs() };
    const holder = body.spec?.holderIdentity ?? "";
    const lastsMs = (body.spec?.leaseDurationSeconds ?? durationS) * 1000;
    const free = holder === "" || holder === options.identity || monotonicMs() - seen.atMs > lastsMs;
    return free && write("PUT", pathOf(options), body, at);
  }

  /** With the version read as a precondition: of several only one succeeds. */
  async function write(method: "PUT" | "POST", path: string, before: LeaseBody | undefined, at: number) {
    const body = leaseOf(options, before, durationS);
    const answer = await options.api.call({ method, path, body, timeoutMs: renewDeadlineMs / 2, signal });
    if (answer.status === 409) return false;
    if (answer.status >= 300) throw new KubeError(`Lease ${options.name}: ${answer.status} ${messageOf(answer.body)}`);
    seen = { version: String(answer.body.metadata?.resourceVersion), atMs: monotonicMs() };
    renewedAtMs = at;
    clearTimeout(deadline);
    deadline = setTimeout(() => void end(), renewDeadlineMs).unref();
    return true;
  }

  async function attempt(): Promise<void> {
    try {
      if (await hold()) term ??= begin();
      else await end();
    } catch (error) {
      if (signal.aborted) return;
      options.onError((error as Error).message);
      if (monotonicMs() - renewedAtMs > renewDeadlineMs) await end();
    }
  }

  function begin(): Term {
    const ending = new AbortController();
    const work = options
      .lead(ending.signal)
      .catch((error: Error) => options.onError(error.message))
      .then(() => {
        if (term?.ending === ending) term = undefined; // the work begins again with the next renewal
      });
    return { ending, work };
  }

  async function end(): Promise<void> {
    const ended = term;
    term = undefined;
    clearTimeout(deadline);
    ended?.ending.abort();
    await ended?.work;
  }

  async function run(): Promise<void> {
    while (!signal.aborted) {
      await attempt();
      await pause(retryMs * (1 + random() * 0.2), signal);
    }
  }

  const running = run();
  return {
    isLeader: () => term !== undefined && monotonicMs() - renewedAtMs <= renewDeadlineMs,
    async stop() {
      const held = term !== undefined;
      stopping.abort();
      await running;
      await end();
      if (held) await release(options).catch((error: Error) => options.onError(error.message));
    },
  };
}

// biome-ignore lint/suspicious/noExplicitAny: as the API server sent it
type LeaseBody = any;

function leaseOf(
  { namespace, name, identity, nowMs }: ElectorOptions,
  before: LeaseBody,
  durationS: number,
): LeaseBody {
  const now = `${new Date(nowMs()).toISOString().slice(0, -1)}000Z`; // MicroTime
  const mine = before?.spec?.holderIdentity === identity;
  const transitions = (before?.spec?.leaseTransitions ?? 0) + (mine || before === undefined ? 0 : 1);
  return {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: before?.metadata ?? { namespace, name },
    spec: {
      holderIdentity: identity,
      leaseDurationSeconds: durationS,
      acquireTime: mine ? before.spec.acquireTime : now,
      renewTime: now,
      leaseTransitions: transitions,
    },
  };
}

/** So that the next one need not wait. */
async function release(options: ElectorOptions): Promise<void> {
  const { status, body } = await options.api.call({ path: pathOf(options) });
  if (status !== 200 || body.spec?.holderIdentity !== options.identity) return;
  const spec = { ...body.spec, holderIdentity: "", leaseDurationSeconds: 1 };
  await options.api.call({ method: "PUT", path: pathOf(options), body: { ...body, spec } });
}

function collectionOf({ namespace }: ElectorOptions): string {
  return `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;
}

function pathOf(options: ElectorOptions): string {
  return `${collectionOf(options)}/${options.name}`;
}
