// Who asks for a bundle: a token of our audience, bound to a pod that lives and carries our sidecar. Tokens that merely belong to the
// same account (another pod's, one made by hand) are refused.
import { createHash } from "node:crypto";
import { type KubeApi, messageOf } from "../kube/api.ts";
import type { KubeObject } from "../kube/object.ts";
import { hasSidecar, isAlive, SIDECAR } from "./governed.ts";
import { podPath, TOKEN_REVIEWS } from "./paths.ts";

export interface PodIdentity {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export type Verified =
  | { readonly ok: true; readonly pod: PodIdentity }
  | { readonly ok: false; readonly status: 401 | 403 | 503; readonly error: string };

export interface PodTokensOptions {
  readonly api: KubeApi;
  readonly audience: string;
  readonly monotonicMs: () => number;
}

export interface PodTokens {
  verify(authorization: string | undefined): Promise<Verified>;
}

const GOOD_FOR_MS = 60_000;
const BAD_FOR_MS = 5_000;
const CACHE_MAX = 20_000;
const ASKING_MAX = 200;
const TOKEN_LENGTH_MAX = 16_384;

export function podTokens({ api, audience, monotonicMs }: PodTokensOptions): PodTokens {
  const cache = new Map<string, { readonly verified: Promise<Verified>; endsAtMs: number }>();
  let asking = 0;

  async function review(token: string): Promise<Verified> {
    if (asking >= ASKING_MAX) return refused(503, "the operator is busy; try again");
    asking += 1;
    try {
      const pod = await reviewToken(api, token, audience);
      return "ok" in pod ? pod : await livePod(api, pod);
    } catch {
      return refused(503, "the API server cannot be asked about the token");
    } finally {
      asking -= 1;
    }
  }

  function cached(token: string): Promise<Verified> {
    const key = createHash("sha256").update(token).digest("base64");
    const now = monotonicMs();
    const known = cache.get(key);
    if (known !== undefined && now < known.endsAtMs) return known.verified;
    cache.delete(key);
    for (const oldest of cache.keys()) {
      if (cache.size < CACHE_MAX) break;
      cache.delete(oldest);
    }
    const entry = { verified: review(token), endsAtMs: now + GOOD_FOR_MS };
    cache.set(key, entry);
    void entry.verified.then((verified) => {
      if (verified.ok) return;
      if (verified.status === 503) cache.delete(key);
      else entry.endsAtMs = monotonicMs() + BAD_FOR_MS;
    });
    return entry.verified;
  }

  return {
    async verify(authorization) {
      const token = /^Bearer ([A-Za-z0-9._~+/=-]+)$/i.exec(authorization ?? "")?.[1];
      if (token === undefined || token.length > TOKEN_LENGTH_MAX)
        return refused(401, "send the pod's token as Authorization: Bearer");
      return cached(token);
    },
  };
}

const POD_NAME = "authentication.kubernetes.io/pod-name";
const POD_UID = "authentication.kubernetes.io/pod-uid";
const account = /^system:serviceaccount:([^:]+):[^:]+$/;

async function reviewToken(api: KubeApi, token: string, audience: string): Promise<PodIdentity | Verified> {
  const { status, body } = await api.call({
    method: "POST",
    path: TOKEN_REVIEWS,
    body: {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenReview",
      spec: { token, audiences: [audience] },
    },
  });
  if (status !== 201 && status !== 200)
    return refused(503, `the token cannot be reviewed: ${status} ${messageOf(body)}`);
  const { authenticated, audiences, user } = body.status ?? {};
  if (authenticated !== true) return refused(401, "the token is not good, or not for this audience");
  // An API server without audiences would take any token: only its own word counts.
  if (!Array.isArray(audiences) || !audiences.includes(audience))
    return refused(401, "the token is not for this audience");
  const namespace = account.exec(String(user?.username))?.[1];
  const [name, uid] = [user?.extra?.[POD_NAME]?.[0], user?.extra?.[POD_UID]?.[0]];
  if (namespace === undefined || typeof name !== "string" || typeof uid !== "string")
    return refused(403, "the token is not bound to a pod; use the volume weir-identity");
  return { namespace, name, uid };
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

function refused(status: 401 | 403 | 503, error: string): Verified & { readonly ok: false } {
  return { ok: false, status, error };
}
