// What a sidecar tells the collector before its key may sign: the chain, the key, a proof that it holds the key, and what it is.
import { keyOfSeed, type SigningKey } from "../ledger/ed25519.ts";
import type { Random } from "../runtime/random.ts";

export interface Claims {
  readonly cluster: string;
  readonly namespace: string;
  readonly environment: string;
  readonly instance: string;
  readonly workload: string;
}

/** A key that lives as long as the process. */
export function newChainKey(random: Random): SigningKey {
  return keyOfSeed(random.bytes(32));
}

export function registration(chain: string, key: SigningKey, claims: Claims): Buffer {
  const publicKey = key.publicKey.toString("base64");
  const proof = key.sign(Buffer.from(`weir.dev/chain-key/v1\n${chain}\n${publicKey}`)).toString("base64");
  const { cluster, namespace, environment, instance, workload } = claims;
  return Buffer.from(JSON.stringify({ chain, publicKey, proof, cluster, namespace, environment, instance, workload }));
}

/** Where the collector stands with a chain: the number that it wants next, and the hash of the record before it. */
export interface Standing {
  readonly next: number;
  readonly lastHash: string;
}

/** Of the answer to a registration, or of a 409; null when it is none for this chain. */
export function standingIn(body: Buffer, chain: string): Standing | null {
  try {
    const value = JSON.parse(body.toString("utf8"));
    const { next, lastHash } = value;
    if (value.chain !== chain || !Number.isSafeInteger(next) || next < 0) return null;
    return /^[0-9a-f]{64}$/.test(lastHash) ? { next, lastHash } : null;
  } catch {
    return null;
  }
}
