// Keeps the index of records up with the log: reads segments as they come, in the log's order, and has the store take their rows. It goes
// behind the acknowledgement, so that nothing of it delays a sidecar; what fails is told and tried again.
import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "../runtime/logger.ts";
import { type SegmentRows, segmentRows } from "../store/segment-rows.ts";
import type { Store } from "../store/store.ts";
import type { SegmentRow } from "./index-rows.ts";
import type { KeptLedger } from "./kept-ledger.ts";
import type { Ledger } from "./ledger.ts";

export interface IndexerOptions {
  readonly ledger: KeptLedger;
  readonly store: Store;
  readonly logger: Logger;
  readonly againMs?: number;
}

export interface IndexerCounters {
  /** Entries of the log that are indexed. */
  readonly indexed: number;
  readonly failures: number;
  /** Segments that were not there, or not whole, when their turn came. */
  readonly missing: number;
}

const SEGMENTS = 64;
/** Records of one transaction, about. */
const RECORDS = 20_000;
const AGAIN_MS = 5000;

export class Indexer {
  private readonly options: IndexerOptions;
  private readonly stopping = new AbortController();
  private running: Promise<void> | null = null;
  private failures = 0;
  private missing = 0;

  constructor(options: IndexerOptions) {
    this.options = options;
  }

  start(): void {
    this.running ??= this.run();
  }

  counters(): IndexerCounters {
    return { indexed: this.options.store.indexedUpTo, failures: this.failures, missing: this.missing };
  }

  /** Everything that the log has now is indexed when it returns. @throws StoreError, CollectorError */
  async catchUp(): Promise<void> {
    while (await this.step()) if (this.stopping.signal.aborted) return;
  }

  /** Rows of segments that the log says are deleted. */
  async forget(entries: readonly number[]): Promise<void> {
    await this.options.store.forget(entries);
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    const { ledger: kept, logger, againMs = AGAIN_MS } = this.options;
    const { signal } = this.stopping;
    let forgotten = false;
    while (!signal.aborted) {
      try {
        if (!forgotten) forgotten = await this.forgetDeleted();
        if (await this.step()) continue;
        await growthOf(kept, againMs, signal);
      } catch (cause) {
        this.failures++;
        logger.log("error", "index_failed", { why: (cause as Error).message });
        await delay(againMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  /** Whether there may be more. */
  private async step(): Promise<boolean> {
    const { ledger: kept, store } = this.options;
    const ledger = kept.current();
    if (ledger === null || store.indexedUpTo >= ledger.index.size) return false;
    const size = ledger.index.size;
    const segments = ledger.index.segmentsAfter(store.indexedUpTo, SEGMENTS);
    const batch: SegmentRows[] = [];
    let records = 0;
    let upTo = size;
    for (const segment of segments) {
      if (records >= RECORDS) {
        upTo = segment.entry;
        break;
      }
      const rows = await this.read(ledger, segment);
      if (rows !== null) batch.push(rows);
      records += segment.last - segment.first + 1;
      if (segment === segments.at(-1) && segments.length === SEGMENTS) upTo = segment.entry + 1;
    }
    await store.insert(batch, upTo);
    return true;
  }

  private async read({ store }: Ledger, segment: SegmentRow): Promise<SegmentRows | null> {
    if (segment.deleted !== 0) return null;
    const opened = await store.read(segment);
    if (opened !== null) return segmentRows({ ...opened.header, entry: segment.entry }, segment.first, opened.records);
    this.missing++;
    this.options.logger.log("warn", "index_segment_missing", {
      chain: segment.chain,
      first: segment.first,
      last: segment.last,
    });
    return null;
  }

  /** What was deleted while nobody told the index. */
  private async forgetDeleted(): Promise<boolean> {
    const ledger = this.options.ledger.current();
    if (ledger === null) return false;
    for (let after = -1; ; ) {
      const entries = ledger.index.deletedAfter(after, 1000);
      if (entries.length === 0) return true;
      await this.options.store.forget(entries);
      after = entries.at(-1)!;
    }
  }
}

/** Resolves when the log has grown, after `atMostMs`, or at the end. */
function growthOf(kept: KeptLedger, atMostMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      stop();
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, atMostMs).unref();
    const stop = kept.onGrowth(done);
    signal.addEventListener("abort", done);
    if (signal.aborted) done();
  });
}
