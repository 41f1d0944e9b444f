// A token put before the API server of its cluster (TokenReview). The pod that it is bound to may be on its way out: records of its last
// minute are the ones that must arrive.
import { type KubeApi, messageOf } from "../kube/api.ts";
import type { TokenSubject } from "./jwks-proof.ts";
import { refused, type Verified } from "./source.ts";

const POD_NAME = "authentication.kubernetes.io/pod-name";
const POD_UID = "authentication.kubernetes.io/pod-uid";
const account = /^system:serviceaccount:([^:]+):([^:]+)$/;

export async function reviewToken(api: KubeApi, token: string, audience: string): Promise<Verified<TokenSubject>> {
  const { status, body } = await api.call({
    method: "POST",
    path: "/apis/authentication.k8s.io/v1/tokenreviews",
    body: { apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", spec: { token, audiences: [audience] } },
    timeoutMs: 10_000,
  });
  if (status !== 200 && status !== 201)
    return refused(503, `the token cannot be reviewed: ${status} ${messageOf(body)}`);
  const { authenticated, audiences, user } = body.status ?? {};
  if (authenticated !== true) return refused(401, "the token is not good, or not for this audience");
  // An API server without audiences would take any token: only its own word counts.
  if (!Array.isArray(audiences) || !audiences.includes(audience))
    return refused(401, "the token is not for this audience");
  const [, namespace, name] = account.exec(String(user?.username)) ?? [];
  if (namespace === undefined) return refused(403, "the token is not one of a ServiceAccount");
  const [pod, uid] = [user?.extra?.[POD_NAME]?.[0], user?.extra?.[POD_UID]?.[0]];
  return {
    ok: true,
    who: {
      namespace,
      account: `${namespace}/${name}`,
      name: typeof pod === "string" ? pod : `${namespace}/${name}`,
      uid: typeof uid === "string" ? uid : null,
    },
  };
}

/** Whether a pod is gone for good: not there, or another one of its name. null: not known. */
export async function podIsGone(api: KubeApi, namespace: string, name: string, uid: string): Promise<boolean | null> {
  try {
    const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}`;
    const { status, body } = await api.call({ path, timeoutMs: 10_000 });
    if (status === 404) return true;
    return status === 200 ? body.metadata?.uid !== uid : null;
  } catch {
    return null;
  }
}
