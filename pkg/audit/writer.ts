// What the proxy records through. `write` returns when the records of all events have reached the kernel (invariant 2) and throws
// otherwise. Keeps room in the spool for what must still follow (outcomes, session ends, the close), closes what stays open when the
// sidecar stops, and tells in the chain itself what could not be recorded.
import type { Clock } from "../runtime/clock.ts";
import type { Random } from "../runtime/random.ts";
import { AuditUnavailable } from "./audit-unavailable.ts";
import type { RecordBody } from "./chain.ts";
import type { Digest } from "./digest.ts";
import type { AuditEvent } from "./event.ts";
import { EventBodies } from "./event-bodies.ts";
import { type FolderLock, lockFolder } from "./folder-lock.ts";
import { Gap } from "./gap.ts";
import { Opening } from "./opening.ts";
import type { Place } from "./place.ts";
import { RecordEncoder } from "./record.ts";
import { OPEN_DECISIONS_MAX } from "./recover.ts";
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
  /** The machine's run; null where nobody can tell. */
  readonly boot?: string | null;
  /** Hears after each write how far the spool may be read. */
  readonly committed?: (segment: number, bytes: number) => void;
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
/** For the gap and close records. */
const CLOSE_RESERVE = 64 * 1024;
/** A decision is taken while at least this much room is left beyond what is reserved. */
const DECISION_ROOM = 256 * 1024;
const RETRY_AFTER_MS = 250;
export class AuditWriter {
  private readonly encoder: RecordEncoder;
  private readonly bodies: EventBodies;
  private readonly spool: Spool;
  private readonly opening: Opening;
  private readonly clock: Clock;
  private readonly durability: Durability;
  private readonly gap = new Gap();
  private failedAtMs: number | null = null;
  private releasable = 0;
  private closed = false;

  /**
   * Opens the spool, goes on with the chain that it holds and closes what an earlier run left open.
   * @throws AuditUnavailable `locked`, or `io` when the folder cannot be used. A full disk does not throw: the writer is not `writable`.
   */
  constructor(options: AuditOptions, world: AuditWorld) {
    const files = world.files ?? systemFiles;
    this.encoder = new RecordEncoder(options);
    this.bodies = new EventBodies(this.encoder, options.openDecisionsMax ?? OPEN_DECISIONS_MAX);
    this.clock = world.clock;
    this.durability = options.durability ?? "Process";
    const totalBytesMax = options.totalBytesMax ?? TOTAL_BYTES;
    // Only whole segments are given away, so a small spool needs small ones.
    const segmentBytesMax = options.segmentBytesMax ?? Math.min(SEGMENT_BYTES, Math.ceil(totalBytesMax / 8));
    const limits = { segmentBytesMax, totalBytesMax };
    this.spool = new Spool(options.folder, limits, {
      files,
      lock: world.lock ?? lockFolder,
      clock: world.clock,
      newChainName: () => world.random.bytes(16).toString("hex"),
      openFrom: () => this.opening.oldestSegment ?? this.bodies.oldestSegment(),
      ...(world.committed && { committed: world.committed }),
      boot: world.boot ?? null,
    });
    this.opening = new Opening(this.spool.found, options.digest.keyId, this.encoder, { files, folder: options.folder });
    this.tryToSettle();
  }

  /** Whether a decision can be recorded now. After a failure it turns true again soon, so that the next attempt is made. */
  get writable(): boolean {
    if (this.closed || this.spool.freeBytes < this.reserved() + DECISION_ROOM) return false;
    return this.failedAtMs === null || Math.abs(this.clock.nowMs() - this.failedAtMs) >= RETRY_AFTER_MS;
  }

  /** Room for `bytes` more of decisions, beside what is reserved for outcomes and the close. */
  canTake(bytes: number): boolean {
    return !this.closed && this.spool.freeBytes >= this.reserved() + bytes;
  }

  /**
   * Records all events, in order, before it returns. Events must not be changed afterwards (record.ts).
   * @throws AuditUnavailable: what could not be recorded, and all that follows it, is not; `recorded` tells how many are. When the spool
   * is full, outcomes and ends of sessions among the others are recorded nevertheless. Of code `encoding`, one event is lost, and those
   * behind it were not tried and may be handed in again.
   */
  write(events: readonly AuditEvent[], durability: Durability = this.durability): void {
    const complete = this.bodies.withLeftovers(events);
    const done = this.writeUpTo(complete, durability);
    if (done.failure === null) return;
    const failure = this.failed(complete.slice(done.count), done.failure, durability);
    failure.recorded = complete === events ? done.count : 0;
    throw failure;
  }

  /** For a timer of `main`, about once a second: keeps the head fresh while nothing is written, and removes what may go by now. */
  tick(): void {
    if (this.closed) return;
    this.spool.writeHead();
    this.tryToRelease();
  }

  /** Begins a new chain, which names the one so far: for a chain that cannot go on where it is shipped to. */
  beginAnew(why: string): void {
    const { chain, next, last } = this.spool.position;
    if (this.closed || next === 0) return;
    const number = next - 1;
    this.opening.beginAnew({ chain, number, hash: last, knownNumber: number, why: "broken", detail: why });
    this.spool.beginChain();
    this.tryToSettle();
  }

  /** Where the chain stands: its name, the next number, the hash of the last record. */
  get position(): { readonly chain: string; readonly next: number; readonly last: string } {
    return this.spool.position;
  }

  counters(): AuditCounters {
    return {
      ...this.spool.counters(),
      unrecorded: this.gap.total,
      openDecisions: this.bodies.openCount,
      forgotten: this.bodies.forgotten + this.spool.found.openForgotten,
      reservedBytes: this.reserved(),
    };
  }

  /** Segments up to this ordinal are safe elsewhere and go, now or as soon as no open decision lies in them. */
  release(segment: number): void {
    this.releasable = Math.max(this.releasable, segment);
    if (!this.closed) this.tryToRelease();
  }

  /**
   * Closes open decisions as `unknown`, ends the chain's run and gives the folder up. Safe to call twice.
   * @throws AuditUnavailable when the last records could not be written; the folder is given up all the same.
   */
  close(reason: string): void {
    if (this.closed) return;
    try {
      const { failure } = this.writeUpTo(this.bodies.leftovers(), this.durability);
      if (failure !== null) throw failure;
      this.tellGap(this.durability);
      this.appendAll(
        [(at, out) => this.encoder.chainEvent({ event: "chain", phase: "close", reason }, at, out)],
        this.durability,
      );
    } finally {
      this.closed = true;
      this.spool.close();
    }
  }

  /** What cannot be removed now is tried again at the next tick; until then it only takes room. */
  private tryToRelease(): void {
    try {
      this.spool.release(this.releasable);
    } catch (cause) {
      if (!(cause instanceof AuditUnavailable)) throw cause;
    }
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
    while (this.opening.isOwed) {
      this.appendAll(this.opening.next(), durability);
      this.opening.done();
    }
    if (this.gap.isOwed && this.canTake(DECISION_ROOM)) this.tellGap(durability);
  }

  private tellGap(durability: Durability): void {
    const event = this.gap.event();
    if (event === null) return;
    this.appendAll([(at, out) => this.encoder.chainEvent(event, at, out)], durability);
    this.gap.told();
  }

  private writeUpTo(events: readonly AuditEvent[], durability: Durability): Progress {
    let count = 0;
    try {
      this.settle(durability);
      const { segment } = this.spool;
      const bodies: RecordBody[] = [];
      let expected = true;
      for (const event of events) {
        expected = expected && this.bodies.isExpected(event);
        bodies.push(this.bodies.bodyOf(event, segment));
      }
      const keepFree = expected ? 0 : this.reserved();
      while (count < bodies.length) {
        const end = count + this.spool.append(bodies, count, keepFree, durability);
        for (; count < end; count++) this.bodies.recorded(events[count]!);
      }
      this.failedAtMs = null;
      return { count, failure: null };
    } catch (cause) {
      return { count, failure: asUnavailable(cause) };
    }
  }

  /** Undoes what was noted for events that are not recorded, saves the endings among them if it can, and counts the rest. */
  private failed(events: readonly AuditEvent[], failure: AuditUnavailable, durability: Durability): AuditUnavailable {
    for (const event of events) this.bodies.withdrawn(event);
    const saved = failure.code === "full" ? this.savedEndings(events, durability) : 0;
    if (failure.code !== "full") this.failedAtMs = this.clock.nowMs();
    const lost = failure.code === "encoding" ? 1 : events.length - saved;
    this.gap.add(lost, failure.message, this.clock.nowMs());
    return failure;
  }

  private savedEndings(events: readonly AuditEvent[], durability: Durability): number {
    const endings = events.filter((event) => this.bodies.isExpected(event));
    return endings.length === events.length ? 0 : this.writeUpTo(endings, durability).count;
  }

  private appendAll(bodies: readonly RecordBody[], durability: Durability): void {
    for (let done = 0; done < bodies.length; ) done += this.spool.append(bodies, done, 0, durability);
  }

  private reserved(): number {
    return this.bodies.reservedBytes + CLOSE_RESERVE;
  }
}

interface Progress {
  readonly count: number;
  readonly failure: AuditUnavailable | null;
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
