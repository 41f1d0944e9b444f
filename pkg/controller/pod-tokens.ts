// Who asks for a bundle: a token of our audience, bound to a pod that lives and carries our sidecar. Tokens that merely belong to the
// same account (another pod's, one made by hand) are refused. Whoever sends rubbish costs the API server little and others nothing.
import { createHash } from "node:crypto";
import type { KubeApi } from "../kube/api.ts";
import type { KubeObject } from "../kube/object.ts";
import { reviewToken } from "../kube/token-review.ts";
import { failureBudget } from "./failure-budget.ts";
import { hasSidecar, isAlive, SIDECAR } from "./governed.ts";
import { podPath } from "./paths.ts";
import { claimsOf, type TokenClaims } from "./token-claims.ts";

export interface PodIdentity {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export type Verified =
  | { readonly ok: true; readonly pod: PodIdentity }
  | { readonly ok: false; readonly status: 401 | 403 | 429 | 503; readonly error: string };

export interface PodTokensOptions {
  readonly api: KubeApi;
  readonly audience: string;
  readonly nowMs: () => number;
  readonly monotonicMs: () => number;
}

export interface PodTokens {
  /** `from`: the address that asks. */
  verify(authorization: string | undefined, from: string): Promise<Verified>;
}

const GOOD_FOR_MS = 60_000;
const BAD_FOR_MS = 5_000;
const GOOD_MAX = 20_000;
const BAD_MAX = 5_000;
const ASKING_MAX = 200;
const TOKEN_LENGTH_MAX = 16_384;
/** Of one address; apart, of each pod at it that has shown a good token: several may share their node's address. */
const FAILURES = { failuresMax: 20, perSecond: 1, askersMax: 10_000 };

export function podTokens({ api, audience, nowMs, monotonicMs }: PodTokensOptions): PodTokens {
  const good = bounded<Verified>(GOOD_MAX, monotonicMs);
  const bad = bounded<Verified>(BAD_MAX, monotonicMs);
  const asking = new Map<string, Promise<Verified>>();
  const knownPods = bounded<true>(GOOD_MAX, monotonicMs);
  const failures = failureBudget({ ...FAILURES, monotonicMs });

  async function review(token: string): Promise<Verified> {
    try {
      const reviewed = await reviewToken(api, token, audience);
      if (!reviewed.ok) return reviewed;
      const { account, podName: name, podUid: uid } = reviewed;
      if (account === null || name === null || uid === null)
        return refused(403, "the token is not bound to a pod; use the volume weir-identity");
      return await livePod(api, { namespace: account.namespace, name, uid });
    } catch {
      return refused(503, "the API server cannot be asked about the token");
    }
  }

  async function askOnce(key: string, token: string, claims: TokenClaims, from: string): Promise<Verified> {
    const who = knownPods.get(claims.podUid) === undefined ? from : `${from} ${claims.podUid}`;
    if (asking.size >= ASKING_MAX) return refused(503, "the operator is busy; try again");
    if (!failures.take(who)) return refused(429, "too many tokens from here were refused; try again in a while");
    const reviewed = review(token);
    asking.set(key, reviewed);
    const verified = await reviewed;
    asking.delete(key);
    if (verified.ok || verified.status === 503) failures.giveBack(who);
    if (verified.ok) {
      good.set(key, verified, Math.min(GOOD_FOR_MS, claims.endsAtMs - nowMs()));
      knownPods.set(verified.pod.uid, true, 60 * GOOD_FOR_MS);
    } else if (verified.status !== 503) bad.set(key, verified, BAD_FOR_MS);
    return verified;
  }

  return {
    async verify(authorization, from) {
      const token = /^Bearer ([A-Za-z0-9._~+/=-]+)$/i.exec(authorization ?? "")?.[1];
      if (token === undefined || token.length > TOKEN_LENGTH_MAX)
        return refused(401, "send the pod's token as Authorization: Bearer");
      const claimed = claimsOf(token, audience, nowMs());
      if (!claimed.ok) return claimed;
      const key = createHash("sha256").update(token).digest("base64");
      const known = good.get(key) ?? bad.get(key) ?? asking.get(key);
      return known ?? askOnce(key, token, claimed.claims, from);
    },
  };
}

/** What was kept first goes first when there are `max`; each for its own time. */
function bounded<T>(max: number, monotonicMs: () => number) {
  const entries = new Map<string, { readonly value: T; readonly endsAtMs: number }>();
  return {
    get(key: string): T | undefined {
      const entry = entries.get(key);
      if (entry === undefined || monotonicMs() < entry.endsAtMs) return entry?.value;
      entries.delete(key);
      return undefined;
    },
    set(key: string, value: T, forMs: number): void {
      entries.delete(key);
      for (const oldest of entries.keys()) {
        if (entries.size < max) break;
        entries.delete(oldest);
      }
      entries.set(key, { value, endsAtMs: monotonicMs() + forMs });
    },
  };
}

async function livePod(api: KubeApi, pod: PodIdentity): Promise<Verified> {
  const { status, body } = await api.call({ path: podPath(pod.namespace, pod.name) });
  if (status === 404) return refused(403, "the token's pod is gone");
  if (status !== 200) return refused(503, `the token's pod cannot be looked up: ${status}`);
  const found = body as KubeObject;
  if (found.metadata?.uid !== pod.uid || !isAlive(found)) return refused(403, "the token's pod is gone");
  if (!hasSidecar(found)) return refused(403, `the token's pod has no container ${SIDECAR}`);
  return { ok: true, pod };
}

function refused(status: 401 | 403 | 429 | 503, error: string): Verified & { readonly ok: false } {
  return { ok: false, status, error };
}
