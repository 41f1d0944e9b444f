// All sessions' way to the records. What is decided in one turn of the event loop is one write, and only then does any of it go on
// (invariant 2). An outcome waits for the next write, a few milliseconds at most, because nothing depends on it: a kill in between
// leaves the decision open, and the restart closes it.
import { AuditUnavailable } from "../audit/audit-unavailable.ts";
import type { AuditEvent } from "../audit/event.ts";
import type { Logger } from "../runtime/logger.ts";

const WAIT_MS = 5;
/** So many entries are written without waiting any longer. */
const WAITING_MAX = 256;

type Durability = "Process" | "Node";

export interface Records {
  /** Returns when all are with the kernel; throws AuditUnavailable otherwise. */
  write(events: readonly AuditEvent[], durability?: Durability): void;
}

interface Entry {
  readonly events: readonly AuditEvent[];
  readonly durability: Durability;
  /** Hears whether all of them are recorded. */
  readonly done: ((recorded: boolean) => void) | null;
}

export class RecordLane {
  readonly #records: Records;
  readonly #logger: Logger;
  #waiting: Entry[] = [];
  #timed = false;
  #due = false;

  constructor(records: Records, logger: Logger) {
    this.#records = records;
    this.#logger = logger;
  }

  /** Records `events` at the end of this turn of the event loop, or at the next `flush`, and tells `done`. */
  ask(events: readonly AuditEvent[], durability: Durability, done: (recorded: boolean) => void): void {
    this.#waiting.push({ events, durability, done });
    if (this.#due) return;
    this.#due = true;
    setImmediate(() => {
      this.#due = false;
      this.flush();
    });
  }

  /** Records them soon; that they cannot be is logged, and told in the chain. */
  later(events: readonly AuditEvent[]): void {
    this.#waiting.push({ events, durability: "Process", done: null });
    if (this.#waiting.length >= WAITING_MAX) return this.flush();
    if (this.#timed || this.#due) return;
    this.#timed = true;
    setTimeout(() => {
      this.#timed = false;
      this.flush();
    }, WAIT_MS);
  }

  /** Records them, and all that waits, before it returns; that they cannot be is logged, and told in the chain. */
  now(events: readonly AuditEvent[]): void {
    this.#waiting.push({ events, durability: "Process", done: null });
    this.flush();
  }

  flush(): void {
    const entries = this.#waiting;
    if (entries.length === 0) return;
    this.#waiting = [];
    const recorded: boolean[] = [];
    while (recorded.length < entries.length) this.#write(entries, recorded);
    for (let at = 0; at < entries.length; at++) entries[at]!.done?.(recorded[at]!);
  }

  /** Goes on where `recorded` ends; adds what became of at least one entry. */
  #write(entries: readonly Entry[], recorded: boolean[]): void {
    const rest = recorded.length === 0 ? entries : entries.slice(recorded.length);
    const events: AuditEvent[] = [];
    let durability: Durability = "Process";
    for (const entry of rest) {
      for (const event of entry.events) events.push(event);
      if (entry.durability === "Node") durability = "Node";
    }
    try {
      this.#records.write(events, durability);
      for (const _ of rest) recorded.push(true);
    } catch (error) {
      if (!(error instanceof AuditUnavailable)) throw error;
      this.#logger.log("error", "audit.unavailable", { reason: error.message });
      let last = 0;
      for (const { events } of rest) {
        last += events.length;
        recorded.push(last <= error.recorded);
        // What cannot be written down at all harms no one else: those behind it are tried again.
        if (last > error.recorded && error.code === "encoding") return;
      }
    }
  }
}
