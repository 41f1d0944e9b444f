// Decisions that wait for their outcome, per session, with the bytes that the outcome's record will need. Bounded: beyond the limit the
// oldest session's oldest is let go (counted); the restart's scan and the verifier still see it as unclosed.
import type { RecordContext } from "./record-context.ts";

export interface OpenDecision {
  readonly context: RecordContext;
  /** OCSF activity, repeated by the outcome. */
  readonly activity: number;
  /** Segment of the decision's record. */
  readonly segment: number;
  readonly outcomeBytes: number;
}

export interface Closing {
  readonly session: string;
  readonly statement: number;
}

export class OpenDecisions {
  private readonly sessions = new Map<string, Map<number, OpenDecision>>();
  private readonly perSegment = new Map<number, number>();
  private readonly max: number;
  private counted = 0;
  private letGo = 0;
  private bytes = 0;

  constructor(max: number) {
    this.max = max;
  }

  get count(): number {
    return this.counted;
  }

  get forgotten(): number {
    return this.letGo;
  }

  /** What the outcomes of all open decisions need. */
  get reservedBytes(): number {
    return this.bytes;
  }

  add(session: string, statement: number, open: OpenDecision): void {
    if (this.counted >= this.max) this.letOldestGo();
    this.remove(session, statement);
    let statements = this.sessions.get(session);
    if (statements === undefined) {
      if (this.sessions.size >= this.max) this.dropIdleSessions();
      statements = new Map();
      this.sessions.set(session, statements);
    }
    statements.set(statement, open);
    this.counted++;
    this.bytes += open.outcomeBytes;
    this.perSegment.set(open.segment, (this.perSegment.get(open.segment) ?? 0) + 1);
  }

  get(session: string, statement: number): OpenDecision | undefined {
    return this.sessions.get(session)?.get(statement);
  }

  remove(session: string, statement: number): void {
    const statements = this.sessions.get(session);
    const open = statements?.get(statement);
    if (statements === undefined || open === undefined) return;
    statements.delete(statement);
    this.counted--;
    this.bytes -= open.outcomeBytes;
    const left = this.perSegment.get(open.segment)! - 1;
    if (left === 0) this.perSegment.delete(open.segment);
    else this.perSegment.set(open.segment, left);
  }

  /** Lets go of the room kept for a session that has ended, when nothing of it is open. */
  endSession(session: string): void {
    if (this.sessions.get(session)?.size === 0) this.sessions.delete(session);
  }

  of(session: string): Closing[] {
    return [...(this.sessions.get(session)?.keys() ?? [])].map((statement) => ({ session, statement }));
  }

  all(): Closing[] {
    return [...this.sessions.keys()].flatMap((session) => this.of(session));
  }

  /** Null when nothing is open. The map has an entry per segment with open decisions: few. */
  oldestSegment(): number | null {
    return this.perSegment.size === 0 ? null : Math.min(...this.perSegment.keys());
  }

  private letOldestGo(): void {
    for (const [session, statements] of this.sessions) {
      for (const statement of statements.keys()) {
        this.remove(session, statement);
        this.letGo++;
        return;
      }
    }
  }

  private dropIdleSessions(): void {
    for (const [session, statements] of this.sessions) if (statements.size === 0) this.sessions.delete(session);
  }
}
