// A program's login at an issuer: its secret, its key or a token that the platform gives it, each from a file and read anew each time.
import { createPrivateKey } from "node:crypto";
import { type CryptoKey, importJWK, importPKCS8, type JWK } from "jose";
import { type ClientAuth, ClientSecretPost, None, PrivateKeyJwt } from "openid-client";
import { UsageError } from "../command.ts";
import { readGiven } from "./read-given.ts";

export interface MachineFiles {
  readonly clientSecretFile?: string | undefined;
  readonly clientKeyFile?: string | undefined;
  readonly clientAssertionFile?: string | undefined;
}

export function isMachine(files: MachineFiles): boolean {
  return [files.clientSecretFile, files.clientKeyFile, files.clientAssertionFile].some((file) => file !== undefined);
}

/** `None` without any of the files. Rejects with UsageError. */
export async function clientAuth(files: MachineFiles): Promise<ClientAuth> {
  const { clientSecretFile: secret, clientKeyFile: key, clientAssertionFile: assertion } = files;
  if ([secret, key, assertion].filter((file) => file !== undefined).length > 1)
    throw new UsageError("give one of --client-secret-file, --client-key-file and --client-assertion-file");
  if (secret !== undefined) return ClientSecretPost(readGiven("--client-secret-file", secret));
  if (key !== undefined) {
    const { privateKey, keyId } = await signingKeyIn("--client-key-file", key);
    return PrivateKeyJwt(keyId === undefined ? privateKey : { key: privateKey, kid: keyId });
  }
  if (assertion === undefined) return None();
  return (_issuer, client, body) => {
    body.set("client_id", client.client_id);
    body.set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    body.set("client_assertion", readGiven("--client-assertion-file", assertion));
  };
}

export interface SigningKey {
  readonly privateKey: CryptoKey;
  readonly algorithm: string;
  readonly keyId: string | undefined;
}

/** A private JWK, or PKCS #8 as PEM. Rejects with UsageError, which holds nothing of the file. */
export async function signingKeyIn(option: string, file: string): Promise<SigningKey> {
  const text = readGiven(option, file);
  try {
    if (!text.startsWith("{")) {
      const algorithm = algorithmOf(createPrivateKey(text).export({ format: "jwk" }) as JWK);
      return { privateKey: await importPKCS8(text, algorithm), algorithm, keyId: undefined };
    }
    const jwk = JSON.parse(text) as JWK;
    const algorithm = jwk.alg ?? algorithmOf(jwk);
    const privateKey = await importJWK(jwk, algorithm);
    if (privateKey instanceof Uint8Array || privateKey.type !== "private") throw new Error("no private key");
    return { privateKey, algorithm, keyId: jwk.kid };
  } catch {
    throw new UsageError(
      `${option}: ${file} holds no private key of RSA, P-256, P-384 or Ed25519, as a JWK or in PKCS #8`,
    );
  }
}

function algorithmOf({ kty, crv }: JWK): string {
  if (kty === "RSA") return "RS256";
  const algorithm = { "P-256": "ES256", "P-384": "ES384", Ed25519: "EdDSA" }[crv ?? ""];
  if (algorithm === undefined) throw new Error("unknown kind of key");
  return algorithm;
}
