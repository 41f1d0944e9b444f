// Events become record bodies here, and what they leave behind is kept in step: decisions that wait for an outcome, the context of
// each session, the room that must stay free for how they end.
import type { RecordBody } from "./chain.ts";
import type { AuditEvent, OutcomeEvent } from "./event.ts";
import { type Closing, OpenDecisions } from "./open-decisions.ts";
import type { RecordEncoder } from "./record.ts";
import { unknownContext } from "./record-context.ts";
import { SessionContexts } from "./session-contexts.ts";
import { SessionRooms } from "./session-rooms.ts";

const SESSIONS_MAX = 65_536;

export class EventBodies {
  private readonly encoder: RecordEncoder;
  private readonly open: OpenDecisions;
  private readonly contexts = new SessionContexts(SESSIONS_MAX);
  private readonly rooms = new SessionRooms(SESSIONS_MAX);

  constructor(encoder: RecordEncoder, openDecisionsMax: number) {
    this.encoder = encoder;
    this.open = new OpenDecisions(openDecisionsMax);
  }

  get openCount(): number {
    return this.open.count;
  }

  get forgotten(): number {
    return this.open.forgotten;
  }

  /** What the endings of all that is open need in the spool. */
  get reservedBytes(): number {
    return this.open.reservedBytes + this.rooms.reservedBytes;
  }

  oldestSegment(): number | null {
    return this.open.oldestSegment();
  }

  /**
   * The body of an event's record. A decision counts as open from here on, so that its outcome may follow in the same batch.
   * `segment`: where the spool stands, which is not after where the record will lie.
   */
  bodyOf(event: AuditEvent, segment: number): RecordBody {
    const { encoder } = this;
    switch (event.event) {
      case "decision": {
        const context = this.contexts.of(event);
        const activity = encoder.activityOf(event.facts);
        const outcomeBytes = encoder.outcomeBytes(context);
        this.open.add(event.session, event.statement, { context, activity, segment, outcomeBytes });
        return (at, out) => encoder.decision(event, context, at, out);
      }
      case "outcome": {
        const open = this.open.get(event.session, event.statement);
        const context = open?.context ?? unknownContext(event.session);
        return (at, out) => encoder.outcome(event, context, open?.activity ?? 0, at, out);
      }
      case "session": {
        const context = this.contexts.of(event);
        if (event.phase === "open") this.rooms.add(event.session, encoder.sessionEndBytes(context));
        return (at, out) => encoder.session(event, context, at, out);
      }
      case "policy":
        return (at, out) => encoder.policy(event, at, out);
      default:
        return event satisfies never;
    }
  }

  /** The record of `event` was written. */
  recorded(event: AuditEvent): void {
    if (event.event === "outcome") this.open.remove(event.session, event.statement);
    if (event.event !== "session" || event.phase === "open") return;
    this.open.endSession(event.session);
    this.contexts.forget(event.session);
    this.rooms.remove(event.session);
  }

  /** The record of `event` was not written: what `bodyOf` noted is undone. */
  withdrawn(event: AuditEvent): void {
    if (event.event === "decision") this.open.remove(event.session, event.statement);
    if (event.event === "session" && event.phase === "open") this.rooms.remove(event.session);
  }

  /** Says how something ended that is recorded already, so that room is kept for it. */
  isExpected(event: AuditEvent): boolean {
    if (event.event === "outcome") return this.open.get(event.session, event.statement) !== undefined;
    return event.event === "session" && event.phase === "close";
  }

  /** A session that ends leaves no decision open: what never heard its outcome ends as unknown in front of it. */
  withLeftovers(events: readonly AuditEvent[]): readonly AuditEvent[] {
    if (!hasClose(events)) return events;
    const told = new Set(events.map((event) => (event.event === "outcome" ? keyOf(event) : "")));
    return events.flatMap((event) => {
      if (event.event !== "session" || event.phase !== "close") return [event];
      const left = this.open.of(event.session).filter((closing) => !told.has(keyOf(closing)));
      return [...left.map(unknownOutcome), event];
    });
  }

  /** Outcomes for all that is open. */
  leftovers(): OutcomeEvent[] {
    return this.open.all().map(unknownOutcome);
  }
}

function hasClose(events: readonly AuditEvent[]): boolean {
  for (const event of events) if (event.event === "session" && event.phase === "close") return true;
  return false;
}

function keyOf({ session, statement }: Closing): string {
  return `${session}/${statement}`;
}

export function unknownOutcome({ session, statement }: Closing): OutcomeEvent {
  return {
    event: "outcome",
    session,
    statement,
    status: "unknown",
    sqlstate: null,
    rows: null,
    maskedCells: 0,
    durationUs: 0,
  };
}
