// The keys that sign for chains, each with its entry of the log: who registered it, for which place, and from where in the log it counts.
import type { ChainKeyEntry } from "./entries.ts";
import { isKeyProven, keyIdOfEntry } from "./entries.ts";
import { isHeaderSigned, type SegmentHeader } from "./segment.ts";

interface KnownKey {
  readonly entry: ChainKeyEntry;
  readonly index: number;
}

export interface KeySummary {
  readonly id: string;
  readonly identity: Readonly<Record<string, string>>;
  readonly registeredAt: number;
}

/** `unknown`: nobody vouches for the key. `wrong`: the key did not sign this. Null: signed. */
export type SignatureFault = { readonly kind: "unverifiable-key" | "wrongly-signed"; readonly detail: string };

export class ChainKeys {
  private readonly chains = new Map<string, Map<string, KnownKey>>();

  /** A registration that is proven to be entry `index` of the log; false when the key itself did not agree to it. */
  add(entry: ChainKeyEntry, index: number): boolean {
    if (!isKeyProven(entry)) return false;
    const keys = this.chains.get(entry.chain) ?? new Map<string, KnownKey>();
    const id = keyIdOfEntry(entry);
    if (!keys.has(id)) keys.set(id, { entry, index });
    this.chains.set(entry.chain, keys);
    return true;
  }

  /** `index`: of the segment's entry in the log. */
  check(header: SegmentHeader, signature: string, index: number): SignatureFault | null {
    const known = this.chains.get(header.chain)?.get(header.key);
    if (known === undefined)
      return { kind: "unverifiable-key", detail: `key ${header.key} is not registered for chain ${header.chain}` };
    if (known.index >= index)
      return { kind: "unverifiable-key", detail: `key ${header.key} was registered after it had signed` };
    const { publicKey } = known.entry;
    if (placeOf(header) !== placeOf(known.entry))
      return {
        kind: "unverifiable-key",
        detail: `key ${header.key} is registered for ${placeOf(known.entry)}, not for ${placeOf(header)}`,
      };
    if (isHeaderSigned(header, signature, Buffer.from(publicKey, "base64"))) return null;
    return { kind: "wrongly-signed", detail: `the signature of the header is not that of key ${header.key}` };
  }

  of(chain: string): KeySummary[] {
    const keys = [...(this.chains.get(chain) ?? [])];
    return keys.map(([id, { entry }]) => ({ id, identity: entry.identity, registeredAt: entry.time }));
  }
}

function placeOf({
  cluster,
  namespace,
  environment,
}: Pick<SegmentHeader, "cluster" | "namespace" | "environment">): string {
  return JSON.stringify([cluster, namespace, environment]);
}
