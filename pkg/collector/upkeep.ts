// What has to be done now and then, one after the other: exporting, deleting, looking after quiet chains.
import type { Logger } from "../runtime/logger.ts";

export interface Chore {
  readonly name: string;
  turn(): Promise<unknown>;
}

export class Upkeep {
  private readonly chores: readonly Chore[];
  private readonly logger: Logger;
  private timer: NodeJS.Timeout | undefined;
  private working: Promise<void> | null = null;

  constructor(chores: readonly Chore[], logger: Logger) {
    this.chores = chores;
    this.logger = logger;
  }

  start(everyMs: number): void {
    this.timer ??= setInterval(() => void this.now(), everyMs);
  }

  /** All of them once. Never throws: what failed is told, and tried again the next time. */
  now(): Promise<void> {
    this.working ??= this.all().finally(() => {
      this.working = null;
    });
    return this.working;
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.working;
  }

  private async all(): Promise<void> {
    for (const chore of this.chores) {
      try {
        await chore.turn();
      } catch (cause) {
        this.logger.log("error", "chore_failed", { chore: chore.name, why: (cause as Error).message });
      }
    }
  }
}
