// A token of a ServiceAccount put before the API server that issued it (TokenReview), for an audience.
import { type KubeApi, messageOf } from "./api.ts";

export const TOKEN_REVIEWS = "/apis/authentication.k8s.io/v1/tokenreviews";

export interface ReviewedToken {
  /** null: it is none of a ServiceAccount. */
  readonly account: { readonly namespace: string; readonly name: string } | null;
  /** Of the pod that it is bound to; null: to none. */
  readonly podName: string | null;
  readonly podUid: string | null;
}

export type TokenReview =
  | ({ readonly ok: true } & ReviewedToken)
  /** 503: there was no answer to go by. */
  | { readonly ok: false; readonly status: 401 | 503; readonly error: string };

const POD_NAME = "authentication.kubernetes.io/pod-name";
const POD_UID = "authentication.kubernetes.io/pod-uid";
const SERVICE_ACCOUNT = /^system:serviceaccount:([^:]+):([^:]+)$/;

/** Rejects when the API server cannot be reached. `timeoutMs`: of the call; absent: the connection's own. */
export async function reviewToken(
  api: KubeApi,
  token: string,
  audience: string,
  timeoutMs?: number,
): Promise<TokenReview> {
  const { status, body } = await api.call({
    method: "POST",
    path: TOKEN_REVIEWS,
    body: { apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", spec: { token, audiences: [audience] } },
    ...(timeoutMs !== undefined && { timeoutMs }),
  });
  if (status !== 200 && status !== 201)
    return { ok: false, status: 503, error: `the token cannot be reviewed: ${status} ${messageOf(body)}` };
  const { authenticated, audiences, user } = body.status ?? {};
  if (authenticated !== true)
    return { ok: false, status: 401, error: "the token is not good, or not for this audience" };
  // An API server without audiences would take any token: only its own word counts.
  if (!Array.isArray(audiences) || !audiences.includes(audience))
    return { ok: false, status: 401, error: "the token is not for this audience" };
  const [, namespace, name] = SERVICE_ACCOUNT.exec(String(user?.username)) ?? [];
  return {
    ok: true,
    account: namespace === undefined ? null : { namespace, name: name! },
    podName: textOrNull(user?.extra?.[POD_NAME]?.[0]),
    podUid: textOrNull(user?.extra?.[POD_UID]?.[0]),
  };
}

function textOrNull(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
