// What a token says of itself, read without asking anybody: enough to see that it cannot be a pod's token of our audience. Nothing here
// is verified; whoever passes is asked about. The issuer is not compared: it is no secret, and an API server may have several.

export interface TokenClaims {
  /** Of the pod that it says it is bound to. */
  readonly podUid: string;
  /** Epoch, milliseconds. */
  readonly endsAtMs: number;
}

export type Claimed =
  | { readonly ok: true; readonly claims: TokenClaims }
  | { readonly ok: false; readonly status: 401 | 403; readonly error: string };

const PART = /^[A-Za-z0-9_-]+$/;
const SIGNATURE_LENGTH_MAX = 2048;
/** For clocks that differ. */
const SKEW_MS = 60_000;

/** A ServiceAccount token as RFC 7519 and the API server write it: three parts, `aud` a list, `kubernetes.io.pod`. */
export function claimsOf(token: string, audience: string, nowMs: number): Claimed {
  const [head, body, signature, ...rest] = token.split(".");
  if (rest.length > 0 || ![head, body, signature].every((part) => part !== undefined && PART.test(part)))
    return refused(401, "the token is no JWT; send the file of the volume weir-identity as it is");
  if (signature!.length > SIGNATURE_LENGTH_MAX || typeof objectIn(head!)?.alg !== "string")
    return refused(401, "the token is no JWT that an API server signs");
  const { aud, exp, "kubernetes.io": bound } = objectIn(body!) ?? {};
  if (!(Array.isArray(aud) ? aud : [aud]).includes(audience))
    return refused(401, "the token is not for this audience; use the volume weir-identity");
  if (typeof exp !== "number" || !Number.isFinite(exp)) return refused(401, "the token has no end (exp)");
  if (exp * 1000 + SKEW_MS < nowMs) return refused(401, "the token has run out; read its file again");
  const podUid = (bound as { pod?: { uid?: unknown } } | undefined)?.pod?.uid;
  if (typeof podUid !== "string" || podUid.length > 128)
    return refused(403, "the token is not bound to a pod; use the volume weir-identity");
  return { ok: true, claims: { podUid, endsAtMs: exp * 1000 + SKEW_MS } };
}

function objectIn(part: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

function refused(status: 401 | 403, error: string): Claimed {
  return { ok: false, status, error };
}
