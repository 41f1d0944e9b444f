// What has to be done now and then, one after the other: exporting, deleting, looking after quiet chains.
import type { Logger } from "../runtime/logger.ts";
import { Periodic } from "../runtime/periodic.ts";

export interface Chore {
  readonly name: string;
  turn(): Promise<unknown>;
}

export class Upkeep {
  private readonly chores: readonly Chore[];
  private readonly logger: Logger;
  private readonly turns = new Periodic(() => this.all());

  constructor(chores: readonly Chore[], logger: Logger) {
    this.chores = chores;
    this.logger = logger;
  }

  start(everyMs: number): void {
    this.turns.start(everyMs);
  }

  /** All of them once. Never throws: what failed is told, and tried again the next time. */
  now(): Promise<void> {
    return this.turns.now();
  }

  async stop(): Promise<void> {
    await this.turns.stop();
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
