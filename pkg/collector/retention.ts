// Deletes segments whose time is over. First the log says which, with their roots, and a checkpoint signs that; only then the files go, so
// that whoever verifies at any moment finds either the file or the signed word that it was deleted. The entries stay for ever: a chain
// without its old records still proves that they were there and that it was we who deleted them.
import type { RetentionEntry } from "../ledger/entries.ts";
import type { Logger } from "../runtime/logger.ts";
import type { SegmentRow } from "./index-rows.ts";
import type { KeptLedger } from "./kept-ledger.ts";
import type { Ledger } from "./ledger.ts";
import { heldBy } from "./legal-holds.ts";

export interface RetentionOptions {
  readonly ledger: KeptLedger;
  /** null: for ever. */
  readonly keepMs: number | null;
  /** What must have a copy first, such as the export: entries below are free to go. */
  readonly exportedUpTo: (ledger: Ledger) => number;
  /** Has the log signed as it is now; when that fails, the files stay for another round. */
  readonly checkpoint: () => Promise<void>;
  readonly logger: Logger;
  readonly nowMs: () => number;
  /** Hears which entries' segments the log now says are deleted. */
  readonly onDeleted?: (entries: readonly number[]) => Promise<void>;
}

/** So that an entry stays far below what the log takes. */
const SEGMENTS_PER_ENTRY = 250;
const LOOKED_AT_MAX = 20_000;

export class Retention {
  private readonly options: RetentionOptions;
  /** Where the next turn goes on: what is held, however much, keeps nothing else. */
  private lookedUpTo = -1;

  constructor(options: RetentionOptions) {
    this.options = options;
  }

  /** One round; what it leaves over comes in the next. Returns how many segments the log says are deleted. */
  async turn(): Promise<number> {
    const { ledger: kept, keepMs, nowMs, logger, checkpoint } = this.options;
    const ledger = kept.current();
    if (ledger === null) return 0;
    let deleted = 0;
    if (keepMs !== null) {
      for await (const batch of this.due(ledger, nowMs() - keepMs)) {
        await ledger.record([entryOf(batch, nowMs())]);
        await this.options.onDeleted?.(batch.map(({ entry }) => entry));
        deleted += batch.length;
      }
    }
    if (deleted > 0) await checkpoint();
    await removeDoomed(ledger);
    if (deleted > 0) logger.log("info", "segments_deleted", { segments: deleted });
    return deleted;
  }

  /** Not what arrived later than that: a clock that is wrong, or lies, must not make new records old ones. */
  private async *due(ledger: Ledger, beforeMs: number): AsyncGenerator<readonly SegmentRow[]> {
    const isHeld = heldBy(ledger.index);
    const exported = this.options.exportedUpTo(ledger);
    for (let looked = 0; looked < LOOKED_AT_MAX; ) {
      const rows = ledger.index.olderThan(beforeMs, this.lookedUpTo, SEGMENTS_PER_ENTRY);
      this.lookedUpTo = rows.at(-1)?.entry ?? -1;
      if (rows.length === 0) return;
      looked += rows.length;
      const batch: SegmentRow[] = [];
      for (const row of rows)
        if (row.entry < exported && !isHeld(row) && ((await ledger.store.arrivedMs(row)) ?? 0) < beforeMs)
          batch.push(row);
      if (batch.length > 0) yield batch;
    }
  }
}

/** Also what a crash between the entry and the files has left. */
async function removeDoomed({ index, store, log }: Ledger): Promise<void> {
  const signed = log.checkpointHead?.size ?? 0;
  const next = () => index.doomed(signed, SEGMENTS_PER_ENTRY);
  for (let rows = next(); rows.length > 0; rows = next()) {
    for (const row of rows) {
      await store.remove(row);
      index.gone(row.entry);
    }
  }
}

function entryOf(rows: readonly SegmentRow[], time: number): RetentionEntry {
  const segments = rows.map(({ chain, first, last, root }) => ({ chain, first, last, root }));
  return { type: "retention", segments, time };
}
