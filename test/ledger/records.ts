// Chains, keys and sealed segments for the tests of this package.
import { append, type ChainState, newChain } from "../../pkg/audit/chain.ts";
import { keyOfSeed, type SigningKey } from "../../pkg/ledger/ed25519.ts";
import { type ChainKey, type SealedSegment, sealSegment } from "../../pkg/ledger/segment.ts";

export function chainName(salt: number): string {
  return salt.toString(16).padStart(32, "0");
}

export function chainKey(salt: number): SigningKey {
  return keyOfSeed(Buffer.alloc(32, salt));
}

/** A chain that grows by records of the form that a sidecar writes, cut to what is looked at here. */
export class TestChain {
  state: ChainState;

  constructor(name: string) {
    this.state = newChain(name);
  }

  next(count: number, what = "record"): Buffer[] {
    return Array.from({ length: count }, () => {
      const appended = append(
        this.state,
        (at, out) =>
          out.piece(
            Buffer.from(
              JSON.stringify({
                message: what,
                metadata: { sequence: at.number },
                unmapped: { weir: { chain: { previous: at.previous, uid: at.chain }, kind: "decision" } },
              }),
            ),
          ),
        1_700_000_000_000 + this.state.next,
      );
      this.state = appended.state;
      return appended.bytes;
    });
  }

  /** Records, sealed. */
  segment(count: number, key: ChainKey, what?: string): { readonly records: Buffer[]; readonly sealed: SealedSegment } {
    const { chain, next, last } = this.state;
    const records = this.next(count, what);
    const sealed = sealSegment(
      records,
      {
        chain,
        cluster: "eu-1",
        environment: "production",
        namespace: "shop",
        first: next,
        prev: last,
        from: 1_700_000_000_000 + next,
        to: 1_700_000_000_000 + next + count - 1,
      },
      key,
    );
    return { records, sealed };
  }
}
