// What an issuer has given, as far as it is needed afterwards.
import { decodeJwt } from "jose";
import type { TokenEndpointResponse } from "openid-client";
import { LoginProblem } from "./login-problem.ts";

export interface Tokens {
  /** What proves a login: a signed token. */
  readonly token: string;
  /** Milliseconds since the Unix epoch. */
  readonly expiresAtMs: number;
  readonly refreshToken: string | null;
}

/** Which of the issuer's tokens is shown to Weir. */
export type TokenUse = "access" | "id";

const TOKEN_CHARS_MAX = 64 * 1024;

/** @throws LoginProblem */
export function tokensOf(
  answer: TokenEndpointResponse,
  use: TokenUse,
  refreshTokenBefore: string | null = null,
): Tokens {
  const token = use === "id" ? answer.id_token : answer.access_token;
  if (token === undefined) throw new LoginProblem("the issuer gave no ID token; ask for the scope openid");
  return {
    token,
    expiresAtMs: claimsOf(token).expiresAtMs,
    refreshToken: answer.refresh_token ?? refreshTokenBefore,
  };
}

export interface SeenClaims {
  readonly expiresAtMs: number;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** Read, not verified: whoever takes the token does that. @throws LoginProblem */
export function claimsOf(token: string): SeenClaims {
  try {
    if (token.length > TOKEN_CHARS_MAX) throw new Error("too long");
    const claims = decodeJwt(token);
    if (typeof claims.exp !== "number") throw new Error("no exp");
    return { expiresAtMs: claims.exp * 1000, claims };
  } catch {
    throw new LoginProblem(
      "the token is no signed token (JWT) that expires, so no sidecar or gateway can take it; ask the issuer for one with --resource, or use its ID token with --token id",
    );
  }
}
