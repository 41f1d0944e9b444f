// A token against the keys of a file: issuer, audience and expiry demanded, algorithms pinned, nothing fetched.
import { readFileSync, statSync } from "node:fs";
import { createLocalJWKSet, type JWTPayload, jwtVerify } from "jose";
import { refused, type Sender, type SourceProof, type Verified } from "./source.ts";

/** What a token says of its bearer. */
export type TokenSubject = Pick<Sender, "namespace" | "name" | "account" | "uid">;

const ALGORITHMS = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
];
const CLOCK_TOLERANCE_S = 5;
const LOOK_EVERY_MS = 10_000;

export interface JwksProof {
  readonly issuer: string;
  verify(token: string, nowMs: number): Promise<Verified<TokenSubject>>;
}

/** Follows changes of the file; while it cannot be read, the last good one counts. @throws when it cannot be read now. */
export function jwksProof({ file, issuer, audience }: SourceProof & { readonly kind: "jwks" }): JwksProof {
  let keys = keysOf(file);
  let changedMs = statSync(file).mtimeMs;
  let lookedMs = 0;

  function follow(nowMs: number): void {
    if (Math.abs(nowMs - lookedMs) < LOOK_EVERY_MS) return;
    lookedMs = nowMs;
    try {
      const now = statSync(file).mtimeMs;
      if (now !== changedMs) keys = keysOf(file);
      changedMs = now;
    } catch {
      // A file that is being replaced; the next look finds it.
    }
  }

  return {
    issuer,
    async verify(token, nowMs) {
      follow(nowMs);
      try {
        const options = { issuer, audience, algorithms: ALGORITHMS, clockTolerance: CLOCK_TOLERANCE_S };
        const { payload } = await jwtVerify(token, keys, {
          ...options,
          requiredClaims: ["exp", "sub"],
          currentDate: new Date(nowMs),
        });
        return { ok: true, who: subjectOf(payload) };
      } catch {
        return refused(401, "the token is not good, or not for this audience");
      }
    },
  };
}

function keysOf(file: string) {
  return createLocalJWKSet(JSON.parse(readFileSync(file, "utf8")));
}

interface KubernetesClaims {
  readonly namespace?: string;
  readonly pod?: { readonly name?: string; readonly uid?: string };
  readonly serviceaccount?: { readonly name?: string };
}

/** Claims of a Kubernetes ServiceAccount token where there are some. */
function subjectOf(payload: JWTPayload): TokenSubject {
  const { namespace, pod, serviceaccount } = (payload["kubernetes.io"] ?? {}) as KubernetesClaims;
  const subject = String(payload.sub);
  const isAccount = typeof namespace === "string" && typeof serviceaccount?.name === "string";
  return {
    namespace: isAccount ? namespace : null,
    account: isAccount ? `${namespace}/${serviceaccount.name}` : subject,
    name: typeof pod?.name === "string" ? pod.name : subject,
    uid: typeof pod?.uid === "string" ? pod.uid : null,
  };
}

/** Whether a token may be one of this issuer; without any trust in it. */
export function claimsIssuer(token: string, issuer: string): boolean {
  try {
    return JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()).iss === issuer;
  } catch {
    return false;
  }
}
