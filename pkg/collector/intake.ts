// Segments in, durable ones out: each is judged by itself, then with others in a group that shares the disk's syncs. The order is always
// files, log, index, answer: whoever is answered finds his records after any crash. One group at a time.
import { canonicalJson } from "../audit/canonical-json.ts";
import { GENESIS, recordHash } from "../audit/chain.ts";
import type { LogEntry } from "../ledger/entries.ts";
import { segmentFile } from "../ledger/segment.ts";
import type { Logger } from "../runtime/logger.ts";
import type { Candidate } from "./audit-lane.ts";
import { ChainPlanner, type Plan } from "./chain-planner.ts";
import { examine } from "./examine.ts";
import { heldHashes } from "./held-hashes.ts";
import type { KeptLedger } from "./kept-ledger.ts";
import type { Ledger } from "./ledger.ts";
import type { IntakeMetrics } from "./metrics.ts";
import type { Sender } from "./source.ts";

export type Taken =
  | { readonly as: "stored" | "known" }
  | { readonly as: "refused"; readonly why: string }
  | { readonly as: "forbidden"; readonly why: string }
  | {
      readonly as: "conflict";
      readonly code: "does-not-follow" | "unknown-key";
      readonly chain: string;
      readonly next: number;
      readonly lastHash: string;
      readonly why: string;
    }
  | { readonly as: "unavailable"; readonly why: string };

export interface IntakeOptions {
  readonly ledger: KeptLedger;
  readonly metrics: IntakeMetrics;
  readonly logger: Logger;
  readonly nowMs: () => number;
}

interface Waiting {
  readonly candidate: Candidate;
  readonly sender: Sender;
  readonly closes: boolean;
  readonly done: (taken: Taken) => void;
}

const GROUP_SEGMENTS_MAX = 256;
const GROUP_BYTES_MAX = 32 * 1024 * 1024;
const WAITING_MAX = 4096;

export class Intake {
  private readonly options: IntakeOptions;
  private waiting: Waiting[] = [];
  private working: Promise<void> | null = null;

  constructor(options: IntakeOptions) {
    this.options = options;
  }

  /** Segments that wait for the disk. */
  get queued(): number {
    return this.waiting.length;
  }

  /** Resolves when the segment's fate is durable. */
  async take(candidate: Candidate, sender: Sender): Promise<Taken> {
    const ledger = this.options.ledger.current();
    if (ledger === null) return UNAVAILABLE;
    const examined = examine(candidate, sender, ledger.index);
    if (!examined.good) return this.notGood(candidate, examined, ledger);
    if (this.waiting.length >= WAITING_MAX) return BUSY;
    return await new Promise((done) => {
      this.waiting.push({ candidate, sender, closes: examined.closes, done });
      this.working ??= this.work();
    });
  }

  /** What waits is still written. */
  async settled(): Promise<void> {
    await this.working;
  }

  private notGood(
    { header: { chain }, records }: Candidate,
    { as, why }: { readonly as: "forbidden" | "unknown-key" | "refused"; readonly why: string },
    { index }: Ledger,
  ): Taken {
    const { logger, metrics } = this.options;
    if (as === "forbidden") return { as, why };
    if (as === "unknown-key") return { as: "conflict", code: as, chain, why, ...tipOf(index.chain(chain)) };
    metrics.refused(records.length, "unverified");
    logger.log("error", "segment_refused", { chain, why });
    return { as, why };
  }

  private async work(): Promise<void> {
    // A turn of the event loop: what arrives together is written together.
    await new Promise(setImmediate);
    while (this.waiting.length > 0) {
      const group = this.nextGroup();
      const ledger = this.options.ledger.current();
      try {
        if (ledger === null) for (const { done } of group) done(UNAVAILABLE);
        else await this.commit(ledger, group);
      } catch (cause) {
        const { code = "error", message } = cause as NodeJS.ErrnoException;
        this.options.logger.log("error", "intake_failed", { code, why: message });
        this.options.metrics.failed();
        for (const { done } of group) done(UNAVAILABLE);
      }
    }
    this.working = null;
  }

  private nextGroup(): Waiting[] {
    let [count, bytes] = [0, 0];
    for (const { candidate } of this.waiting.slice(0, GROUP_SEGMENTS_MAX)) {
      bytes += candidate.records.reduce((sum, record) => sum + record.length, 0);
      if (count > 0 && bytes > GROUP_BYTES_MAX) break;
      count++;
    }
    return this.waiting.splice(0, count);
  }

  private async commit(ledger: Ledger, group: readonly Waiting[]): Promise<void> {
    const { nowMs, metrics } = this.options;
    const planned = await this.planned(ledger, group);
    const stored = planned.filter(({ plan }) => plan.do === "store").map(({ waiting }) => waiting);
    const entries = planned.flatMap(({ plan, waiting }) => entriesOf(plan, waiting, nowMs()));
    await ledger.store.receive(stored.map(({ candidate }) => newSegmentOf(candidate)));
    const release = await ledger.lock();
    try {
      if (entries.length > 0) await ledger.record(entries);
      for (const { candidate } of stored) ledger.index.seen(candidate.header.chain, nowMs());
      for (const { plan, waiting } of planned) this.answer(plan, waiting);
      metrics.group(stored.length);
      await this.settle(ledger, stored);
    } finally {
      release();
    }
  }

  /** Whoever must wait for what this group stores comes first in the next. */
  private async planned(ledger: Ledger, group: readonly Waiting[]) {
    const heldHash = heldHashes(ledger);
    const planner = new ChainPlanner(ledger.index, { heldHash, hashOf: recordHash, nowMs: this.options.nowMs() });
    const planned: { readonly plan: Plan; readonly waiting: Waiting }[] = [];
    const later: Waiting[] = [];
    for (const waiting of group) {
      const plan = await planner.plan(waiting.candidate);
      if (plan.do === "wait") later.push(waiting);
      else planned.push({ plan, waiting });
    }
    this.waiting.unshift(...later);
    return planned;
  }

  /** The records are safe where they are; a move that fails is made up for when the ledger is opened again. */
  private async settle(ledger: Ledger, stored: readonly Waiting[]): Promise<void> {
    try {
      await ledger.store.settle(stored.map(({ candidate }) => candidate.header));
    } catch (cause) {
      ledger.markBroken();
      throw cause;
    }
  }

  private answer(plan: Plan, { candidate, done }: Waiting): void {
    const { chain } = candidate.header;
    const { metrics, logger } = this.options;
    switch (plan.do) {
      case "store":
        metrics.stored(candidate.records);
        if (plan.entries.some(({ type }) => type === "gap")) logger.log("error", "chain_gap", { chain });
        return done({ as: "stored" });
      case "known":
        metrics.known(candidate.records.length);
        return done({ as: "known" });
      case "conflict":
        return done({ as: "conflict", code: "does-not-follow", chain, why: "does not follow", ...plan });
      case "refuse":
        metrics.refused(candidate.records.length, "forked");
        logger.log("error", "chain_forked", { chain, why: plan.why });
        return done({ as: "refused", why: plan.why });
      case "wait":
        return;
      default:
        return plan satisfies never;
    }
  }
}

const UNAVAILABLE: Taken = { as: "unavailable", why: "the ledger cannot be written now; send again later" };
const BUSY: Taken = { as: "unavailable", why: "too many segments wait for the disk; send again later" };

function entriesOf(plan: Plan, { candidate, closes }: Waiting, time: number): readonly LogEntry[] {
  if (plan.do === "refuse") return plan.entries;
  if (plan.do !== "store") return [];
  const { chain, last, lastHash } = candidate.header;
  return closes ? [...plan.entries, { type: "closed", chain, last, lastHash, time }] : plan.entries;
}

function newSegmentOf({ header, signature, records }: Candidate) {
  return { place: header, bytes: segmentFile(canonicalJson(header), signature, records) };
}

function tipOf(chain: { readonly next: number; readonly last_hash: string } | undefined) {
  return { next: chain?.next ?? 0, lastHash: chain?.last_hash ?? GENESIS };
}
