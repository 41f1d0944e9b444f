// A JWKS as the keys of it that can verify. Symmetric keys, keys for encryption and weak ones are left out; what is no JWKS at all
// is an error.
import { calculateJwkThumbprint, importJWK, type JWK } from "jose";
import type { Algorithm } from "./issuer.ts";

export interface VerifyingKey {
  /** RFC 7638; names the key whatever its issuer calls it. */
  readonly thumbprint: string;
  readonly kid: string | null;
  /** Algorithms that the key is for. */
  readonly algorithms: readonly Algorithm[];
  readonly key: Awaited<ReturnType<typeof importJWK>>;
}

const KEYS_MAX = 64;
const RSA_BITS_LEAST = 2048;

const rsa: readonly Algorithm[] = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];
const byCurve: Readonly<Record<string, Algorithm>> = {
  "P-256": "ES256",
  "P-384": "ES384",
  "P-521": "ES512",
  Ed25519: "EdDSA",
};

export class BadKeySet extends Error {}

/** @throws BadKeySet. A set without any key that verifies is good, and empty: the issuer has withdrawn what it had. */
export async function readKeySet(text: string): Promise<readonly VerifyingKey[]> {
  const found: VerifyingKey[] = [];
  for (const jwk of jwksIn(text)) {
    const key = await verifyingKey(jwk);
    if (key !== null) found.push(key);
  }
  return found;
}

function jwksIn(text: string): readonly JWK[] {
  let set: unknown;
  try {
    set = JSON.parse(text);
  } catch {
    throw new BadKeySet("it is no JSON");
  }
  const keys = (set as { keys?: unknown } | null)?.keys;
  if (!Array.isArray(keys)) throw new BadKeySet("it has no list of keys");
  if (keys.length > KEYS_MAX) throw new BadKeySet(`it has more than ${KEYS_MAX} keys`);
  return keys.filter((key): key is JWK => typeof key === "object" && key !== null);
}

async function verifyingKey(jwk: JWK): Promise<VerifyingKey | null> {
  const algorithms = algorithmsOf(jwk);
  if (algorithms.length === 0 || !isForSignatures(jwk)) return null;
  try {
    // What is private of a key that was published by mistake stays out.
    const { kty, n, e, crv, x, y } = jwk;
    const open = Object.fromEntries(Object.entries({ kty, n, e, crv, x, y }).filter(([, part]) => part !== undefined));
    const key = await importJWK(open as JWK, algorithms[0]!);
    const thumbprint = await calculateJwkThumbprint(open as JWK);
    return { thumbprint, kid: typeof jwk.kid === "string" ? jwk.kid : null, algorithms, key };
  } catch {
    return null;
  }
}

/** A key that names its algorithm is for that one only. */
function algorithmsOf({ kty, crv, alg, n }: JWK): readonly Algorithm[] {
  const possible = kty === "RSA" ? (isLong(n) ? rsa : []) : kty === "EC" || kty === "OKP" ? onCurve(crv) : [];
  return alg === undefined ? possible : possible.filter((each) => each === alg);
}

function onCurve(crv: string | undefined): readonly Algorithm[] {
  const algorithm = crv !== undefined && Object.hasOwn(byCurve, crv) ? byCurve[crv] : undefined;
  return algorithm === undefined ? [] : [algorithm];
}

function isLong(modulus: string | undefined): boolean {
  return modulus !== undefined && Buffer.from(modulus, "base64url").length * 8 >= RSA_BITS_LEAST;
}

function isForSignatures({ use, key_ops }: JWK): boolean {
  return (use === undefined || use === "sig") && (key_ops === undefined || key_ops.includes("verify"));
}
