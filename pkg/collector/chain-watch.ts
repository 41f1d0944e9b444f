// Chains that fall silent: told after three heartbeats that did not come; unclosed when the pod is known to be gone, or after a long time
// without a word. What the last heartbeat knew of and never arrived shows in the entry.
import type { Logger } from "../runtime/logger.ts";
import type { ChainRow } from "./index-rows.ts";
import type { KeptLedger } from "./kept-ledger.ts";
import type { Ledger } from "./ledger.ts";

export const HEARTBEAT_MS = 30_000;
const SILENT_AFTER_MS = 3 * HEARTBEAT_MS;
const PER_TURN_MAX = 500;
const ASKED_PER_TURN_MAX = 50;

/** Whether the pod of a sender is gone for good; null when that cannot be known. */
export type IsGone = (chain: Pick<ChainRow, "source" | "namespace" | "sender" | "uid">) => Promise<boolean | null>;

export interface ChainWatchOptions {
  readonly ledger: KeptLedger;
  readonly isGone: IsGone;
  readonly unclosedAfterMs: number;
  readonly logger: Logger;
  readonly nowMs: () => number;
}

export class ChainWatch {
  private readonly options: ChainWatchOptions;
  private readonly startedMs: number;
  /** Quiet chains are asked about in turns, by their names. */
  private askedUpTo = "";

  constructor(options: ChainWatchOptions) {
    this.options = options;
    this.startedMs = options.nowMs();
  }

  /** One look at all that is quiet. Nothing was heard while the collector was away, so it counts from its start at the earliest. Each
   * question has its own share of a turn, so that chains which stay quiet take it from no others. */
  async look(): Promise<void> {
    const { ledger: kept, nowMs, unclosedAfterMs } = this.options;
    const ledger = kept.current();
    const now = nowMs();
    if (ledger === null || now - this.startedMs < SILENT_AFTER_MS) return;
    this.tellSilent(ledger, now);
    if (now - this.startedMs >= unclosedAfterMs)
      for (const row of ledger.index.quietSince(now - unclosedAfterMs, "", PER_TURN_MAX))
        await this.unclosed(ledger, row);
    const asked = ledger.index.quietSince(now - SILENT_AFTER_MS, this.askedUpTo, ASKED_PER_TURN_MAX);
    this.askedUpTo = asked.length < ASKED_PER_TURN_MAX ? "" : asked.at(-1)!.chain;
    for (const row of asked) if (await this.gone(row)) await this.unclosed(ledger, row);
  }

  private tellSilent({ index }: Ledger, now: number): void {
    for (const { chain, namespace, sender } of index.newlySilent(now - SILENT_AFTER_MS, PER_TURN_MAX)) {
      index.setSilent(chain);
      this.options.logger.log("warn", "chain_silent", { chain, namespace, sender });
    }
  }

  private async gone(row: ChainRow): Promise<boolean> {
    return row.uid !== "" && (await this.options.isGone(row)) === true;
  }

  private async unclosed(
    ledger: Ledger,
    { chain, namespace, sender, next, last_hash, told_last, told_hash }: ChainRow,
  ) {
    const known = told_last !== null && told_hash !== null && told_last >= next;
    const [last, lastHash] = known ? [told_last, told_hash] : [Math.max(0, next - 1), last_hash];
    await ledger.record([{ type: "unclosed", chain, last, lastHash, time: this.options.nowMs() }]);
    const missing = known ? told_last - next + 1 : 0;
    this.options.logger.log("error", "chain_unclosed", { chain, namespace, sender, last, missing });
  }
}
