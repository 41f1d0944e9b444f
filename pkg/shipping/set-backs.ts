// What follows a failure: it is told, now and then while it stands, and a pause, which grows with each failure and is never shorter than
// the collector asked for.
import { pauseMs } from "../runtime/backoff.ts";
import type { Logger } from "../runtime/logger.ts";
import type { Pauses } from "./pauses.ts";

export interface SetBack {
  readonly why: string;
  /** As `Retry-After` asks. */
  readonly waitMs: number | null;
}

const RETRY_AFTER_MAX_MS = 10 * 60_000;
/** A failure that stands is told once, and then every so many attempts. */
const TELL_EVERY = 20;

export class SetBacks {
  /** Since the start. */
  total = 0;
  private readonly pauses: Pauses;
  private readonly world: { readonly logger: Logger; readonly random: () => number };
  private inARow = 0;

  constructor(pauses: Pauses, world: { readonly logger: Logger; readonly random: () => number }) {
    this.pauses = pauses;
    this.world = world;
  }

  over(): void {
    this.inARow = 0;
  }

  async wait({ why, waitMs }: SetBack): Promise<void> {
    if (this.pauses.isStopped) return;
    this.inARow += 1;
    this.total += 1;
    if (this.inARow === 1 || this.inARow % TELL_EVERY === 0)
      this.world.logger.log("warn", "shipping.failed", {
        reason: why,
        failures: this.inARow,
        consequence: "records wait in the spool",
      });
    const asked = Math.min(waitMs ?? 0, RETRY_AFTER_MAX_MS);
    await this.pauses.pause(asked + pauseMs(this.inARow, this.world.random()));
  }
}
