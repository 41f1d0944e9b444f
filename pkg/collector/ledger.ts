// The log, the index over it and the segments' files as one: what is recorded here is durable in the log and known to the index. After
// a failure of the disk nobody knows what it holds; then this one is broken, and has to be opened anew.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { recordHash } from "../audit/chain.ts";
import { entryBytes, type LogEntry } from "../ledger/entries.ts";
import type { FoundEntry } from "../ledger/evidence.ts";
import { LedgerLog } from "../ledger/log.ts";
import type { Logger } from "../runtime/logger.ts";
import { CollectorError } from "./collector-error.ts";
import type { CollectorFiles } from "./collector-files.ts";
import type { SegmentRow } from "./index-rows.ts";
import { LedgerIndex } from "./ledger-index.ts";
import { SegmentStore } from "./segment-store.ts";

export interface LedgerOptions {
  readonly folder: string;
  /** The log's name. */
  readonly origin: string;
  readonly files: CollectorFiles;
  readonly logger: Logger;
}

const REPLAY_ENTRIES = 2000;

export class Ledger {
  readonly log: LedgerLog;
  readonly index: LedgerIndex;
  readonly store: SegmentStore;
  private readonly listeners = new Set<() => void>();
  private broken = false;
  private turn: Promise<void> = Promise.resolve();

  private constructor(log: LedgerLog, index: LedgerIndex, store: SegmentStore) {
    this.log = log;
    this.index = index;
    this.store = store;
  }

  /** What a crash left is put right first. @throws LedgerError, CollectorError */
  static async open({ folder, origin, files, logger }: LedgerOptions): Promise<Ledger> {
    const log = await LedgerLog.open({ folder: join(folder, "log"), origin, files });
    const state = join(folder, "state");
    mkdirSync(state, { recursive: true, mode: 0o700 });
    const file = join(state, "index.db");
    let index = LedgerIndex.open(file, origin);
    try {
      if (!(await isOf(index, log))) {
        index.close();
        index = LedgerIndex.remake(file, origin);
      }
      const from = index.size;
      await replay(index, log);
      const store = new SegmentStore(files, folder);
      const recovered = await store.recover((chain, first, last) => {
        const row = index.segmentFrom(chain, first);
        return row?.last === last ? row : null;
      });
      const lost = await lostSince(index, store, from);
      for (const row of lost)
        logger.log("error", "segment_lost", { chain: row.chain, first: row.first, last: row.last, entry: row.entry });
      const fields = { entries: log.size, replayed: log.size - from, lost: lost.length, ...recovered };
      logger.log("info", "ledger_opened", fields);
      return new Ledger(log, index, store);
    } catch (cause) {
      index.close();
      await log.close().catch(() => undefined);
      throw cause;
    }
  }

  /** @throws CollectorError, LedgerError */
  async entry(index: number): Promise<FoundEntry> {
    for await (const found of this.log.entries(index, index + 1)) return found;
    throw new CollectorError("damaged", `log: entry ${index} is not there`);
  }

  /** Nothing can be recorded any more until it is opened again. */
  get isBroken(): boolean {
    return this.broken;
  }

  /** Durable and known to the index when it returns; the index of the first. @throws LedgerError; then it may be broken */
  async record(entries: readonly LogEntry[]): Promise<number> {
    const bytes = entries.map(entryBytes);
    try {
      const first = await this.log.append(bytes);
      this.index.apply(first, bytes);
      for (const listener of this.listeners) listener();
      return first;
    } catch (cause) {
      // Too much at once changes nothing; everything else leaves open what the disk holds.
      if (!["busy", "refused"].includes((cause as { readonly code?: string }).code ?? "")) this.broken = true;
      throw cause;
    }
  }

  /**
   * Resolves when nobody else has it, with what gives it back. An entry and the move of its file belong together, and so do a checkpoint
   * and what it covers: whoever looks at the folder finds every file that a checkpoint speaks of.
   */
  async lock(): Promise<() => void> {
    const before = this.turn;
    let release: () => void = () => {};
    this.turn = new Promise((resolve) => {
      release = resolve;
    });
    await before;
    return release;
  }

  markBroken(): void {
    this.broken = true;
  }

  /** Calls back when entries have been recorded. */
  onGrowth(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.listeners.clear();
    await this.log.close().catch(() => undefined);
    this.index.close();
  }
}

/** Whether what the index knows is the beginning of this log. */
async function isOf(index: LedgerIndex, log: LedgerLog): Promise<boolean> {
  const { size } = index;
  if (size === 0) return true;
  if (size > log.size) return false;
  for await (const { bytes } of log.entries(size - 1, size)) return recordHash(bytes) === index.lastEntryHash;
  return false;
}

async function replay(index: LedgerIndex, log: LedgerLog): Promise<void> {
  let batch: Buffer[] = [];
  for await (const { bytes } of log.entries(index.size)) {
    batch.push(bytes);
    if (batch.length < REPLAY_ENTRIES) continue;
    index.apply(index.size, batch);
    batch = [];
  }
  index.apply(index.size, batch);
}

/** Of the newest entries, those whose segment is nowhere: told, and never passed over in silence. */
async function lostSince(index: LedgerIndex, store: SegmentStore, from: number): Promise<readonly SegmentRow[]> {
  const lost: SegmentRow[] = [];
  for (let next = from; ; ) {
    const rows = index.segmentsAfter(next, REPLAY_ENTRIES);
    for (const row of rows) if (row.deleted === 0 && !(await store.has(row))) lost.push(row);
    if (rows.length < REPLAY_ENTRIES) return lost;
    next = rows.at(-1)!.entry + 1;
  }
}
