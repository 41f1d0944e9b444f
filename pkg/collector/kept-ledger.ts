// The ledger, opened anew after it broke: a full or failing disk makes the collector refuse what it cannot keep, and it goes on by itself
// when the disk does.
import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "../runtime/logger.ts";
import { Ledger, type LedgerOptions } from "./ledger.ts";

const AGAIN_MS = 1000;

export class KeptLedger {
  private readonly options: LedgerOptions;
  private readonly logger: Logger;
  private ledger: Ledger | null;
  private opening: Promise<void> | null = null;
  private readonly stopping = new AbortController();
  private readonly listeners = new Set<() => void>();

  private constructor(options: LedgerOptions, ledger: Ledger) {
    this.options = options;
    this.logger = options.logger;
    this.ledger = ledger;
    ledger.onGrowth(() => this.grew());
  }

  /** @throws LedgerError, CollectorError */
  static async open(options: LedgerOptions): Promise<KeptLedger> {
    return new KeptLedger(options, await Ledger.open(options));
  }

  /** null: it cannot be used now. */
  current(): Ledger | null {
    if (this.ledger !== null && !this.ledger.isBroken) return this.ledger;
    this.opening ??= this.reopen();
    return null;
  }

  onGrowth(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.stopping.abort();
    await this.opening;
    await this.ledger?.close();
    this.ledger = null;
  }

  private grew(): void {
    for (const listener of this.listeners) listener();
  }

  private async reopen(): Promise<void> {
    await this.ledger?.close();
    this.ledger = null;
    while (this.ledger === null && !this.stopping.signal.aborted) {
      try {
        this.ledger = await Ledger.open(this.options);
        this.ledger.onGrowth(() => this.grew());
        this.grew();
      } catch (cause) {
        this.logger.log("error", "ledger_not_opened", { why: (cause as Error).message });
        await delay(AGAIN_MS, undefined, { signal: this.stopping.signal }).catch(() => undefined);
      }
    }
    this.opening = null;
  }
}
