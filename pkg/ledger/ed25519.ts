// Ed25519 keys as raw bytes (RFC 8032), which is how notes, chain keys and strangers' tools have them.
import { createPrivateKey, createPublicKey, hash as digest, type KeyObject, sign, verify } from "node:crypto";

export const PUBLIC_KEY_BYTES = 32;
export const SEED_BYTES = 32;
export const SIGNATURE_BYTES = 64;

/** What stands before the raw bytes in PKCS #8 and SubjectPublicKeyInfo (RFC 8410). */
const PRIVATE_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");
const PUBLIC_PREFIX = Buffer.from("302a300506032b6570032100", "hex");

export type Sign = (message: Uint8Array) => Buffer;

export interface SigningKey {
  readonly publicKey: Buffer;
  readonly sign: Sign;
}

/** The key of 32 secret bytes. They are not kept in any form but the key's. */
export function keyOfSeed(seed: Uint8Array): SigningKey {
  if (seed.length !== SEED_BYTES) throw new RangeError(`an Ed25519 seed has ${SEED_BYTES} bytes, not ${seed.length}`);
  const key = createPrivateKey({ key: Buffer.concat([PRIVATE_PREFIX, seed]), format: "der", type: "pkcs8" });
  const spki = createPublicKey(key).export({ format: "der", type: "spki" });
  return {
    publicKey: Buffer.from(spki.subarray(PUBLIC_PREFIX.length)),
    sign: (message) => sign(null, message, key),
  };
}

/** Whether the signature over the message is that of the raw public key. Never throws: bytes that are no key sign nothing. */
export function isSignedBy(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== PUBLIC_KEY_BYTES || signature.length !== SIGNATURE_BYTES) return false;
  try {
    return verify(null, message, publicKeyOf(publicKey), signature);
  } catch {
    return false;
  }
}

function publicKeyOf(raw: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([PUBLIC_PREFIX, raw]), format: "der", type: "spki" });
}

/** The name of a chain's key: the first 16 hex digits of the SHA-256 of its raw bytes. */
export function keyIdOf(publicKey: Uint8Array): string {
  return digest("sha256", publicKey, "hex").slice(0, 16);
}

/** Base64 with nothing left out or left over; null for any other text, so that one value has one spelling. */
export function strictBase64(text: string): Buffer | null {
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64") === text ? bytes : null;
}
