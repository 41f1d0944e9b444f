// What becomes of a verified segment: it follows what the chain has, is known already, leaves a gap, or contradicts. One planner per
// group of segments: it sees what the group before it made durable, and what itself has accepted.
import type { LogEntry } from "../ledger/entries.ts";
import type { SegmentHeader } from "../ledger/segment.ts";
import type { Candidate } from "./audit-lane.ts";
import type { LedgerIndex } from "./ledger-index.ts";

export type Plan =
  | { readonly do: "store"; readonly entries: readonly LogEntry[] }
  /** All of its records are held already. */
  | { readonly do: "known" }
  /** Overlaps what this group stores: it waits for the next group. */
  | { readonly do: "wait" }
  | { readonly do: "conflict"; readonly next: number; readonly lastHash: string }
  | { readonly do: "refuse"; readonly why: string; readonly entries: readonly LogEntry[] };

/** The hash of a record that is held, null when its segment is deleted or unreadable, undefined in a gap. */
export type HeldHash = (chain: string, number: number) => Promise<string | null | undefined>;

interface Tip {
  readonly next: number;
  readonly lastHash: string;
  /** Numbers from here on are only in this group. */
  readonly durableNext: number;
}

export class ChainPlanner {
  private readonly index: LedgerIndex;
  private readonly heldHash: HeldHash;
  private readonly hashOf: (record: Buffer) => string;
  private readonly nowMs: number;
  private readonly tips = new Map<string, Tip>();
  private readonly forks = new Set<string>();

  constructor(
    index: LedgerIndex,
    world: { readonly heldHash: HeldHash; readonly hashOf: (record: Buffer) => string; readonly nowMs: number },
  ) {
    this.index = index;
    this.heldHash = world.heldHash;
    this.hashOf = world.hashOf;
    this.nowMs = world.nowMs;
  }

  async plan(candidate: Candidate): Promise<Plan> {
    const { header, signature } = candidate;
    const tip = this.tipOf(header.chain);
    if (header.first > tip.next) {
      if (!candidate.declaresGap) return { do: "conflict", next: tip.next, lastHash: tip.lastHash };
      return this.store(tip, header, [this.gap(header, tip.next), { type: "segment", header, signature }]);
    }
    if (header.first < tip.next) return await this.overlap(candidate, tip);
    if (header.prev === tip.lastHash) return this.store(tip, header, [{ type: "segment", header, signature }]);
    return this.fork(header.chain, tip.next - 1, tip.lastHash, header.prev);
  }

  private tipOf(chain: string): Tip {
    const known = this.tips.get(chain);
    if (known !== undefined) return known;
    const { next, last_hash: lastHash } = this.index.chain(chain)!;
    return { next, lastHash, durableNext: next };
  }

  private store(tip: Tip, { chain, last, lastHash }: SegmentHeader, entries: readonly LogEntry[]): Plan {
    this.tips.set(chain, { next: last + 1, lastHash, durableNext: tip.durableNext });
    return { do: "store", entries };
  }

  private gap({ chain, first }: SegmentHeader, from: number): LogEntry {
    return { type: "gap", chain, from, to: first - 1, reason: "told by its sidecar", time: this.nowMs };
  }

  /** Records that are held are compared one by one, however the segments are cut. */
  private async overlap({ header, records }: Candidate, tip: Tip): Promise<Plan> {
    const { chain, first, last } = header;
    if (Math.min(last, tip.next - 1) >= tip.durableNext) return { do: "wait" };
    const held = this.index.segmentFrom(chain, first);
    if (held?.last === last && held.root === header.root) return { do: "known" };
    for (const [at, record] of records.entries()) {
      const number = first + at;
      if (number >= tip.next) return { do: "conflict", next: tip.next, lastHash: tip.lastHash };
      const found = await this.heldHash(chain, number);
      if (found === undefined) return { do: "refuse", why: `record ${number} was told to be gone`, entries: [] };
      const own = this.hashOf(record);
      if (found !== null && found !== own) return this.fork(chain, number, found, own);
    }
    return { do: "known" };
  }

  /** Told once per number, however often it is tried. */
  private fork(chain: string, number: number, hash: string, other: string): Plan {
    const why = `the chain is forked: record ${number} is held with another hash`;
    const key = `${chain}/${number}`;
    if (this.forks.has(key) || this.index.isForkKnown(chain, number)) return { do: "refuse", why, entries: [] };
    this.forks.add(key);
    const entry: LogEntry = { type: "fork", chain, number, hash, other, time: this.nowMs };
    return { do: "refuse", why, entries: [entry] };
  }
}
