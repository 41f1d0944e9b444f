// Keeps the index of records up with the log: reads segments as they come, in the log's order, and has the store take their rows. It goes
// behind the acknowledgement, so that nothing of it delays a sidecar; what fails is told and tried again.
import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "../runtime/logger.ts";
import type { SegmentBytes } from "./index-calls.ts";
import type { SegmentRow } from "./index-rows.ts";
import type { KeptLedger } from "./kept-ledger.ts";
import type { Ledger } from "./ledger.ts";
import type { ThreadedIndex } from "./threaded-index.ts";

export interface IndexerOptions {
  readonly ledger: KeptLedger;
  readonly store: ThreadedIndex;
  readonly logger: Logger;
  readonly againMs?: number;
}

export interface IndexerCounters {
  /** Entries of the log that are indexed. */
  readonly indexed: number;
  readonly failures: number;
  /** Segments that were not there, or not whole, when their turn came. */
  readonly missing: number;
  /** Times that it was made anew. */
  readonly remade: number;
}

const SEGMENTS = 64;
/** Of one transaction, about: a question waits at most as long as one takes. */
const RECORDS = 5_000;
const BYTES = 16 * 1024 * 1024;
const AGAIN_MS = 5000;
const FORGOTTEN = 1000;

export class Indexer {
  private readonly options: IndexerOptions;
  private readonly stopping = new AbortController();
  private running: Promise<void> | null = null;
  private failures = 0;
  private missing = 0;
  /** Nothing that the log says is deleted is in the index. */
  private forgotten = false;

  constructor(options: IndexerOptions) {
    this.options = options;
  }

  start(): void {
    this.running ??= this.run();
  }

  counters(): IndexerCounters {
    return {
      indexed: this.options.store.indexedUpTo,
      failures: this.failures,
      missing: this.missing,
      remade: this.options.store.remade,
    };
  }

  /** Everything that the log has now is indexed when it returns. @throws StoreError, CollectorError */
  async catchUp(): Promise<void> {
    while (await this.step()) if (this.stopping.signal.aborted) return;
  }

  /** Rows of segments that the log says are deleted; a failure is made good later, and stops no retention. */
  async forget(entries: readonly number[]): Promise<void> {
    try {
      await this.options.store.forget(entries);
    } catch (cause) {
      this.forgotten = false;
      this.options.logger.log("error", "index_failed", { why: (cause as Error).message });
    }
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    const { ledger: kept, logger, againMs = AGAIN_MS } = this.options;
    const { signal } = this.stopping;
    while (!signal.aborted) {
      try {
        if (!this.forgotten) this.forgotten = await this.forgetDeleted();
        if (await this.step()) continue;
        await growthOf(kept, againMs, signal);
      } catch (cause) {
        this.failures++;
        logger.log("error", "index_failed", { why: (cause as Error).message });
        // What is broken in the engine's own state is opened anew.
        await this.options.store.restart();
        await delay(againMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  /** Entries of the log that are not indexed yet. */
  get behind(): number {
    const size = this.options.ledger.current()?.index.size ?? 0;
    return Math.max(0, size - this.options.store.indexedUpTo);
  }

  /** Whether there may be more. */
  private async step(): Promise<boolean> {
    const { ledger: kept, store } = this.options;
    await store.open();
    const ledger = kept.current();
    if (ledger === null || store.indexedUpTo >= ledger.index.size) return false;
    const size = ledger.index.size;
    const rows = ledger.index.segmentsAfter(store.indexedUpTo, SEGMENTS);
    const read: SegmentBytes[] = [];
    let [records, bytes, upTo] = [0, 0, rows.length < SEGMENTS ? size : rows.at(-1)!.entry + 1];
    for (const row of rows) {
      if (records >= RECORDS || bytes >= BYTES) {
        upTo = row.entry;
        break;
      }
      const segment = await this.read(ledger, row);
      if (segment !== null) read.push(segment);
      records += row.last - row.first + 1;
      bytes += segment?.bytes.length ?? 0;
    }
    // One that was deleted meanwhile: either it is seen here, or `forget` comes behind.
    const there = read.filter(({ entry }) => ledger.index.segmentAt(entry)?.deleted === 0);
    const { damaged } = await store.index(there, upTo);
    for (const entry of damaged) this.isMissing(entry);
    return true;
  }

  private async read({ store }: Ledger, row: SegmentRow): Promise<SegmentBytes | null> {
    if (row.deleted !== 0) return null;
    const bytes = await store.readBytes(row);
    if (bytes === null) this.isMissing(row.entry);
    return bytes === null ? null : { entry: row.entry, bytes };
  }

  private isMissing(entry: number): void {
    this.missing++;
    this.options.logger.log("warn", "index_segment_missing", { entry });
  }

  /** What was deleted while nobody told the index: asks it what it has, which is never more than the ledger keeps. */
  private async forgetDeleted(): Promise<boolean> {
    const { ledger: kept, store } = this.options;
    const ledger = kept.current();
    if (ledger === null) return false;
    for (const from of ["statements", "sessions", "lookups", "others"] as const) {
      const deleted: number[] = [];
      for await (const part of store.stream({ from, where: [], groupBy: ["entry"], limit: 1 }))
        for (const [entry] of part)
          if (ledger.index.segmentAt(entry as number)?.deleted !== 0) deleted.push(entry as number);
      for (let at = 0; at < deleted.length; at += FORGOTTEN) await store.forget(deleted.slice(at, at + FORGOTTEN));
    }
    return true;
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
