// A token put before the API server of its cluster (TokenReview). The pod that it is bound to may be on its way out: records of its last
// minute are the ones that must arrive.
import type { KubeApi } from "../kube/api.ts";
import { reviewToken } from "../kube/token-review.ts";
import type { TokenSubject } from "./jwks-proof.ts";
import { refused, type Verified } from "./source.ts";

const TIMEOUT_MS = 10_000;

export async function reviewedSender(api: KubeApi, token: string, audience: string): Promise<Verified<TokenSubject>> {
  const reviewed = await reviewToken(api, token, audience, TIMEOUT_MS);
  if (!reviewed.ok) return reviewed;
  const { account: owner, podName, podUid: uid } = reviewed;
  if (owner === null) return refused(403, "the token is not one of a ServiceAccount");
  const account = `${owner.namespace}/${owner.name}`;
  return { ok: true, who: { namespace: owner.namespace, account, name: podName ?? account, uid } };
}

/** Whether a pod is gone for good: not there, or another one of its name. null: not known. */
export async function podIsGone(api: KubeApi, namespace: string, name: string, uid: string): Promise<boolean | null> {
  try {
    const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}`;
    const { status, body } = await api.call({ path, timeoutMs: TIMEOUT_MS });
    if (status === 404) return true;
    return status === 200 ? body.metadata?.uid !== uid : null;
  } catch {
    return null;
  }
}
