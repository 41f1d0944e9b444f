// What the proxy records through. `write` returns when the records of all events have reached the kernel (invariant 2) and throws
// otherwise. Keeps room in the spool for what must still follow (outcomes, session ends, the close), closes what stays open when the
// sidecar stops, and tells in the chain itself what could not be recorded.
import type { Clock } from "../runtime/clock.ts";
import type { Random } from "../runtime/random.ts";
import { AuditUnavailable } from "./audit-unavailable.ts";
import type { RecordBody } from "./chain.ts";
import type { ChainEvent } from "./chain-event.ts";
import type { Digest } from "./digest.ts";
import type { AuditEvent, OutcomeEvent } from "./event.ts";
import { type FolderLock, lockFolder } from "./folder-lock.ts";
import { OpenDecisions } from "./open-decisions.ts";
import type { Place } from "./place.ts";
import { RecordEncoder } from "./record.ts";
import { contextOfRecord, type EndpointParts, unknownContext } from "./record-context.ts";
import { OPEN_DECISIONS_MAX, type OpenPlace, readRecord } from "./recover.ts";
import { SessionContexts } from "./session-contexts.ts";
import { SessionRooms } from "./session-rooms.ts";
import { type Durability, Spool, type SpoolCounters } from "./spool.ts";
import { type SpoolFiles, systemFiles } from "./spool-files.ts";

export interface AuditOptions {
  /** Made when absent; no other sidecar may use it. */
  readonly folder: string;
  readonly place: Place;
  readonly productVersion: string;
  readonly digest: Digest;
  readonly durability?: Durability;
  readonly segmentBytesMax?: number;
  readonly totalBytesMax?: number;
  readonly openDecisionsMax?: number;
}

export interface AuditWorld {
  readonly clock: Clock;
  readonly random: Random;
  readonly files?: SpoolFiles;
  readonly lock?: (folder: string) => FolderLock;
}

export interface AuditCounters extends SpoolCounters {
  /** Events that were not recorded. */
  readonly unrecorded: number;
  readonly openDecisions: number;
  /** Open decisions let go because there were too many. */
  readonly forgotten: number;
  readonly reservedBytes: number;
}

const SEGMENT_BYTES = 16 * 1024 * 1024;
const TOTAL_BYTES = 1024 * 1024 * 1024;
const SESSIONS_MAX = 65_536;
/** For the gap and close records. */
const CLOSE_RESERVE = 64 * 1024;
/** A decision is taken while at least this much room is left beyond what is reserved. */
const DECISION_ROOM = 256 * 1024;
const RETRY_AFTER_MS = 250;
/** Decisions of an earlier run that are read back and closed at a time. */
const CLOSING_BATCH = 256;

interface Gap {
  unrecorded: number;
  readonly sinceMs: number;
  untilMs: number;
  readonly cause: string;
}

export class AuditWriter {
  private readonly encoder: RecordEncoder;
  private readonly spool: Spool;
  private readonly clock: Clock;
  private readonly files: SpoolFiles;
  private readonly durability: Durability;
  private readonly open: OpenDecisions;
  private readonly contexts = new SessionContexts(SESSIONS_MAX);
  private readonly rooms = new SessionRooms(SESSIONS_MAX);
  /** What must be written before anything else: how this run begins, and the ends of what an earlier one left open. */
  private owed: ChainEvent[];
  private owedClosings: readonly OpenPlace[];
  private gap: Gap | null = null;
  private unrecorded = 0;
  private failedAtMs: number | null = null;
  private closed = false;

  /**
   * Opens the spool, goes on with the chain that it holds and closes what an earlier run left open.
   * @throws AuditUnavailable `locked`, or `io` when the folder cannot be used. A full disk does not throw: the writer is not `writable`.
   */
  constructor(options: AuditOptions, world: AuditWorld) {
    this.encoder = new RecordEncoder(options);
    this.clock = world.clock;
    this.files = world.files ?? systemFiles;
    this.durability = options.durability ?? "Process";
    this.open = new OpenDecisions(options.openDecisionsMax ?? OPEN_DECISIONS_MAX);
    const limits = {
      segmentBytesMax: options.segmentBytesMax ?? SEGMENT_BYTES,
      totalBytesMax: options.totalBytesMax ?? TOTAL_BYTES,
    };
    this.spool = new Spool(options.folder, limits, {
      files: this.files,
      lock: world.lock ?? lockFolder,
      clock: world.clock,
      newChainName: () => world.random.bytes(16).toString("hex"),
      openFrom: () => this.openFrom(),
    });
    this.owed = [this.beginning(options.digest.keyId)];
    this.owedClosings = this.spool.found.open;
    this.tryToSettle();
  }

  /** Whether a decision can be recorded now. After a failure it turns true again soon, so that the next attempt is made. */
  get writable(): boolean {
    if (this.closed || this.spool.freeBytes < this.reserved() + DECISION_ROOM) return false;
    return this.failedAtMs === null || this.clock.nowMs() - this.failedAtMs >= RETRY_AFTER_MS;
  }

  /** Room for `bytes` more of decisions, beside what is reserved for outcomes and the close. */
  canTake(bytes: number): boolean {
    return !this.closed && this.spool.freeBytes >= this.reserved() + bytes;
  }

  /**
   * Records all events, in order, before it returns. Events must not be changed afterwards (record.ts).
   * @throws AuditUnavailable: what could not be recorded, and all that follows it, is not. When the spool is full, outcomes and ends of
   * sessions among the events are recorded nevertheless.
   */
  write(events: readonly AuditEvent[], durability: Durability = this.durability): void {
    const complete = this.withLeftovers(events);
    const done = this.writeUpTo(complete, durability);
    if (done.failure === null) return;
    throw this.failed(complete.slice(done.count), done.failure, durability);
  }

  /** For a timer of `main`, about once a second: keeps the head fresh while nothing is written. */
  tick(): void {
    if (!this.closed) this.spool.writeHead();
  }

  /** Where the chain stands: its name, the next number, the hash of the last record. */
  get position(): { readonly chain: string; readonly next: number; readonly last: string } {
    return this.spool.position;
  }

  counters(): AuditCounters {
    return {
      ...this.spool.counters(),
      unrecorded: this.unrecorded,
      openDecisions: this.open.count,
      forgotten: this.open.forgotten + this.spool.found.openForgotten,
      reservedBytes: this.reserved(),
    };
  }

  /** Segments up to this ordinal are safe elsewhere and go. */
  release(segment: number): void {
    this.spool.release(segment);
  }

  /**
   * Closes open decisions as `unknown`, ends the chain's run and gives the folder up. Safe to call twice.
   * @throws AuditUnavailable when the last records could not be written; the folder is given up all the same.
   */
  close(reason: string): void {
    if (this.closed) return;
    try {
      this.settle(this.durability);
      const endings = this.open.all().map(({ session, statement }) => unknownOutcome(session, statement));
      const { failure } = this.writeUpTo(endings, this.durability);
      if (failure !== null) throw failure;
      this.appendAll(
        [...this.gapRecord(), this.chainRecord({ event: "chain", phase: "close", reason })],
        0,
        this.durability,
      );
    } finally {
      this.closed = true;
      this.spool.close();
    }
  }

  private beginning(keyId: string): ChainEvent {
    const { state, predecessor, cleanly, tornBytes, open, openForgotten } = this.spool.found;
    if (state === null) return { event: "chain", phase: "begin", predecessor, keyId };
    return { event: "chain", phase: "resume", cleanly, tornBytes, openDecisions: open.length + openForgotten, keyId };
  }

  private tryToSettle(): void {
    try {
      this.settle(this.durability);
    } catch {
      this.failedAtMs = this.clock.nowMs();
    }
  }

  /** Writes what is owed, if anything; most calls find nothing. */
  private settle(durability: Durability): void {
    if (this.owed.length > 0) {
      this.appendAll(
        this.owed.map((event) => this.chainRecord(event)),
        0,
        durability,
      );
      this.owed = [];
    }
    while (this.owedClosings.length > 0) {
      const batch = this.owedClosings.slice(0, CLOSING_BATCH);
      this.appendAll(
        batch.map((place) => this.closingOf(place)),
        0,
        durability,
      );
      this.owedClosings = this.owedClosings.slice(CLOSING_BATCH);
    }
    if (this.gap !== null && this.canTake(DECISION_ROOM)) {
      this.appendAll(this.gapRecord(), 0, durability);
      this.gap = null;
    }
  }

  private writeUpTo(events: readonly AuditEvent[], durability: Durability): Progress {
    const keepFree = events.every(isEnding) ? 0 : CLOSE_RESERVE;
    let count = 0;
    try {
      this.settle(durability);
      const bodies = events.map((event) => this.planned(event));
      const reserved = keepFree === 0 ? 0 : keepFree + this.open.reservedBytes + this.rooms.reservedBytes;
      while (count < bodies.length) {
        const end = count + this.spool.append(bodies, count, reserved, durability);
        for (; count < end; count++) this.ended(events[count]!);
      }
      this.failedAtMs = null;
      return { count, failure: null };
    } catch (cause) {
      return { count, failure: asUnavailable(cause) };
    }
  }

  /** Undoes what `planned` noted for the events that are not recorded, saves the endings among them if it can, and counts the rest. */
  private failed(events: readonly AuditEvent[], failure: AuditUnavailable, durability: Durability): AuditUnavailable {
    for (const event of events) this.withdrawn(event);
    let lost = events;
    if (failure.code === "full") {
      const endings = events.filter((event) => isEnding(event) && this.concernsRecorded(event));
      const saved = endings.length < events.length ? this.writeUpTo(endings, durability).count : 0;
      lost = events.filter((event) => !endings.slice(0, saved).includes(event));
    } else {
      this.failedAtMs = this.clock.nowMs();
    }
    this.noteGap(lost.length, failure.message);
    return failure;
  }

  private appendAll(bodies: readonly RecordBody[], keepFree: number, durability: Durability): void {
    for (let done = 0; done < bodies.length; ) done += this.spool.append(bodies, done, keepFree, durability);
  }

  /** A session that ends leaves no decision open: what never heard its outcome ends as unknown. */
  private withLeftovers(events: readonly AuditEvent[]): readonly AuditEvent[] {
    if (!events.some((event) => event.event === "session" && event.phase === "close")) return events;
    const told = new Set(
      events.map((event) => (event.event === "outcome" ? `${event.session}/${event.statement}` : "")),
    );
    return events.flatMap((event) => {
      if (event.event !== "session" || event.phase !== "close") return [event];
      const left = this.open
        .statementsOf(event.session)
        .filter((statement) => !told.has(`${event.session}/${statement}`));
      return [...left.map((statement) => unknownOutcome(event.session, statement)), event];
    });
  }

  /** The body of an event's record; a decision is noted as open here, so that its outcome may follow in the same batch. */
  private planned(event: AuditEvent): RecordBody {
    const { encoder } = this;
    switch (event.event) {
      case "decision": {
        const context = this.contexts.of(event);
        const activity = encoder.activityOf(event.facts);
        this.open.add(event.session, event.statement, {
          context,
          activity,
          segment: this.spool.segment,
          outcomeBytes: encoder.outcomeBytes(context),
        });
        return (at) => encoder.decision(event, context, at);
      }
      case "outcome": {
        const open = this.open.get(event.session, event.statement);
        const context = open?.context ?? unknownContext(event.session);
        return (at) => encoder.outcome(event, context, open?.activity ?? 0, at);
      }
      case "session": {
        const context = this.contexts.of(event);
        if (event.phase === "open") this.rooms.add(event.session, encoder.sessionEndBytes(context));
        return (at) => encoder.session(event, context, at);
      }
      case "policy":
        return (at) => encoder.policy(event, at);
      default:
        return event satisfies never;
    }
  }

  /** After the record of `event` was written. */
  private ended(event: AuditEvent): void {
    if (event.event === "outcome") this.open.remove(event.session, event.statement);
    if (event.event !== "session" || event.phase === "open") return;
    this.open.endSession(event.session);
    this.contexts.forget(event.session);
    this.rooms.remove(event.session);
  }

  private withdrawn(event: AuditEvent): void {
    if (event.event === "decision") this.open.remove(event.session, event.statement);
    if (event.event === "session" && event.phase === "open") this.rooms.remove(event.session);
  }

  /** An outcome is worth saving only when its decision was recorded. */
  private concernsRecorded(event: AuditEvent): boolean {
    return event.event !== "outcome" || this.open.get(event.session, event.statement) !== undefined;
  }

  private closingOf(place: OpenPlace): RecordBody {
    const record = readRecord(this.files, this.spool.folder, place) as EndpointParts | null;
    const context = contextOfRecord(record ?? {}, place.session);
    const activity = typeof record?.activity_id === "number" ? record.activity_id : 0;
    return (at) => this.encoder.outcome(unknownOutcome(place.session, place.statement), context, activity, at);
  }

  private chainRecord(event: ChainEvent): RecordBody {
    return (at) => this.encoder.chainEvent(event, at);
  }

  private noteGap(count: number, cause: string): void {
    if (count === 0) return;
    const nowMs = this.clock.nowMs();
    this.unrecorded += count;
    this.gap ??= { unrecorded: 0, sinceMs: nowMs, untilMs: nowMs, cause };
    this.gap.unrecorded += count;
    this.gap.untilMs = nowMs;
  }

  private gapRecord(): RecordBody[] {
    return this.gap === null ? [] : [this.chainRecord({ event: "chain", phase: "gap", ...this.gap })];
  }

  private reserved(): number {
    return this.open.reservedBytes + this.rooms.reservedBytes + CLOSE_RESERVE;
  }

  /** Segment of the oldest open decision, those of an earlier run included. */
  private openFrom(): number | null {
    return this.owedClosings[0]?.segment ?? this.open.oldestSegment();
  }
}

interface Progress {
  readonly count: number;
  readonly failure: AuditUnavailable | null;
}

/** Says how something ended that is recorded already: room is kept for it. */
function isEnding(event: AuditEvent): boolean {
  return event.event === "outcome" || (event.event === "session" && event.phase === "close");
}

function unknownOutcome(session: string, statement: number): OutcomeEvent {
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

function asUnavailable(cause: unknown): AuditUnavailable {
  return cause instanceof AuditUnavailable
    ? cause
    : new AuditUnavailable(
        "encoding",
        "audit: an event could not be recorded; this is a defect, please report it",
        cause,
      );
}
