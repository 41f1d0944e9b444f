// A compact JWS to its claims, once its signature holds: the algorithm is pinned by the issuer and by the key, never taken from the
// token. The header's own keys (jwk, jku, x5c, x5u) are not looked at.
import { compactVerify, decodeProtectedHeader, errors } from "jose";
import { type Claims, isObject } from "./claims.ts";
import type { Algorithm, Issuer } from "./issuer.ts";
import type { KeySource } from "./key-source.ts";
import { Refuse } from "./refused-token.ts";

export const TOKEN_BYTES_MAX = 16_384;

export interface Signed {
  readonly claims: Claims;
  readonly thumbprint: string;
}

/** What a token says of itself, with nothing verified: to find the issuer whose keys can tell. @throws Refuse */
export function issuerTold(token: string): string {
  if (token.length > TOKEN_BYTES_MAX) throw new Refuse("tooLong");
  const parts = token.split(".");
  if (parts.length !== 3 || !parts.every((part) => /^[\w-]+$/.test(part))) {
    // `none` has an empty signature: told apart, because that is what is wrong with it.
    throw new Refuse(parts.length === 3 && parts[2] === "" ? "algorithm" : "malformed");
  }
  const { iss } = jsonIn(Buffer.from(parts[1]!, "base64url"));
  if (typeof iss !== "string") throw new Refuse("issuer");
  return iss;
}

/** Rejects with Refuse. */
export async function verifySignature(token: string, issuer: Issuer, keys: KeySource): Promise<Signed> {
  const header = headerOf(token);
  const algorithm = issuer.algorithms.find((each) => each === header.alg);
  if (algorithm === undefined) throw new Refuse("algorithm");
  const type = typeof header.typ === "string" ? header.typ.toLowerCase().replace(/^application\//, "") : "jwt";
  if (!issuer.types.includes(type)) throw new Refuse("type");
  const found = await keys.find(typeof header.kid === "string" ? header.kid : undefined, algorithm);
  const payload = await payloadOf(token, found.key, algorithm);
  return { claims: jsonIn(payload), thumbprint: found.thumbprint };
}

function headerOf(token: string): Readonly<Record<string, unknown>> {
  try {
    return decodeProtectedHeader(token);
  } catch {
    throw new Refuse("malformed");
  }
}

async function payloadOf(
  token: string,
  key: Parameters<typeof compactVerify>[1],
  algorithm: Algorithm,
): Promise<Uint8Array> {
  try {
    return (
      await compactVerify(token, key as Exclude<typeof key, (...args: never[]) => unknown>, { algorithms: [algorithm] })
    ).payload;
  } catch (error) {
    throw new Refuse(error instanceof errors.JWSSignatureVerificationFailed ? "signature" : "malformed");
  }
}

function jsonIn(bytes: Uint8Array): Claims {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new Refuse("malformed");
  }
  if (!isObject(value)) throw new Refuse("malformed");
  return value;
}
