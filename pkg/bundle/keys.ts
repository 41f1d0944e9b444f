// The Ed25519 keys that bundles are signed with. A public key travels as base64 of its 32 raw bytes, several as a comma list.
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";

/** SubjectPublicKeyInfo of Ed25519 up to the key itself (RFC 8410). */
const spkiPrefix = Buffer.from("302a300506032b6570032100", "hex");
const rawKey = /^[A-Za-z0-9+/]{43}=$/;

export interface PublicKey {
  /** First 16 hex digits of the SHA-256 of the raw key. */
  readonly id: string;
  /** base64 of the 32 raw bytes. */
  readonly text: string;
  readonly key: KeyObject;
}

export interface SigningKey {
  readonly key: KeyObject;
  readonly public: PublicKey;
}

/** A comma list of public keys; a text says what is wrong. */
export function publicKeys(list: string): readonly PublicKey[] | string {
  const texts = list.split(",").map((each) => each.trim());
  const bad = texts.findIndex((each) => !rawKey.test(each));
  if (bad !== -1) return `key ${bad + 1} is not an Ed25519 public key; write base64 of its 32 raw bytes`;
  return texts.map(publicKey);
}

/** PKCS #8 PEM of a new key. */
export function newSigningKeyPem(): string {
  return generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}

/** @throws when it is not the PKCS #8 PEM of an Ed25519 key. */
export function signingKey(pem: string): SigningKey {
  const key = createPrivateKey(pem);
  if (key.asymmetricKeyType !== "ed25519") throw new Error("the bundle signing key is not an Ed25519 key");
  const spki = createPublicKey(key).export({ type: "spki", format: "der" });
  return { key, public: publicKey(spki.subarray(spkiPrefix.length).toString("base64")) };
}

function publicKey(text: string): PublicKey {
  const raw = Buffer.from(text, "base64");
  return {
    id: createHash("sha256").update(raw).digest("hex").slice(0, 16),
    text,
    key: createPublicKey({ key: Buffer.concat([spkiPrefix, raw]), format: "der", type: "spki" }),
  };
}
