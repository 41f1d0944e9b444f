// What could not be recorded since the last time that something could: told in the chain as soon as there is room again.
import type { ChainEvent } from "./chain-event.ts";

export class Gap {
  private count = 0;
  private sinceMs = 0;
  private untilMs = 0;
  private cause = "";
  private all = 0;

  /** Events lost since the start. */
  get total(): number {
    return this.all;
  }

  add(events: number, cause: string, nowMs: number): void {
    if (events === 0) return;
    if (this.count === 0) {
      this.sinceMs = nowMs;
      this.cause = cause;
    }
    this.count += events;
    this.all += events;
    this.untilMs = nowMs;
  }

  get isOwed(): boolean {
    return this.count > 0;
  }

  /** Null when nothing is missing. */
  event(): ChainEvent | null {
    const { count: unrecorded, sinceMs, untilMs, cause } = this;
    return unrecorded === 0 ? null : { event: "chain", phase: "gap", unrecorded, sinceMs, untilMs, cause };
  }

  /** After its record was written. */
  told(): void {
    this.count = 0;
  }
}
