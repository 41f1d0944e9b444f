// All sessions' way to the records. A decision is written before its statement goes on; an outcome waits for the next write, a few
// milliseconds at most, because nothing depends on it: a kill in between leaves the decision open, and the restart closes it.
import { AuditUnavailable } from "../audit/audit-unavailable.ts";
import type { AuditEvent, OutcomeEvent } from "../audit/event.ts";
import type { Logger } from "../runtime/logger.ts";

const WAIT_MS = 5;
const WAITING_MAX = 256;

export interface Records {
  write(events: readonly AuditEvent[], durability?: "Process" | "Node"): void;
}

export class RecordLane {
  readonly #records: Records;
  readonly #logger: Logger;
  #waiting: AuditEvent[] = [];
  #timed = false;

  constructor(records: Records, logger: Logger) {
    this.#records = records;
    this.#logger = logger;
  }

  /** Returns when the records of all events, and of all that waited, are with the kernel; throws AuditUnavailable otherwise. */
  write(events: readonly AuditEvent[], durability?: "Process" | "Node"): void {
    this.#records.write(this.#withWaiting(events), durability);
  }

  /** Outcomes that are written soon; that they cannot be is logged, and told in the chain. */
  later(outcomes: readonly OutcomeEvent[]): void {
    for (const outcome of outcomes) this.#waiting.push(outcome);
    if (this.#waiting.length >= WAITING_MAX) return this.flush();
    if (this.#timed) return;
    this.#timed = true;
    setTimeout(() => {
      this.#timed = false;
      this.flush();
    }, WAIT_MS);
  }

  flush(): void {
    if (this.#waiting.length === 0) return;
    try {
      this.#records.write(this.#withWaiting([]), "Process");
    } catch (error) {
      if (!(error instanceof AuditUnavailable)) throw error;
      this.#logger.log("error", "audit.unavailable", { reason: error.message });
    }
  }

  #withWaiting(events: readonly AuditEvent[]): readonly AuditEvent[] {
    const waiting = this.#waiting;
    if (waiting.length === 0) return events;
    this.#waiting = [];
    for (const event of events) waiting.push(event);
    return waiting;
  }
}
