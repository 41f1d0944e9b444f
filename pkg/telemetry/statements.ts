// Decisions that wait for their outcomes, and what becomes of the two: a measurement always, and a span when the statement was refused,
// held or masked, or when the rate allows it. Nothing is left out without being counted. Bounded: the oldest go first.
import { type DecisionGlance, DecisionReader, readOutcome } from "./decision-glance.ts";
import { type Server, type StatementSpan, statementSpan } from "./statement-span.ts";

export interface Measured {
  readonly glance: DecisionGlance;
  readonly durationUs: number;
  readonly sqlstate: string | null;
  readonly status: string;
  /** Made of the records; null when the statement has none. */
  readonly span: StatementSpan | null;
}

export interface StatementOptions {
  /** Of those that are not kept anyway. */
  readonly spansPerSecond: number;
  readonly nowMs: () => number;
  readonly server: (database: string) => Server | null;
  readonly measured: (statement: Measured) => void;
}

export interface StatementCounters {
  /** Above the rate. */
  sampledOut: number;
  /** The application does not keep their traces. */
  unsampled: number;
  /** Let go before their outcome came, because too many waited. */
  forgotten: number;
}

interface Waiting {
  readonly glance: DecisionGlance;
  /** A copy; null: no span is made of it. */
  readonly record: Buffer | null;
}

const WAITING_MAX = 20_000;
/** Of kept records together. */
const WAITING_BYTES_MAX = 16 * 1024 * 1024;
const DECISION = '{"action_id":';

export class Statements {
  readonly counted: StatementCounters = { sampledOut: 0, unsampled: 0, forgotten: 0 };
  private readonly options: StatementOptions;
  private readonly reader = new DecisionReader();
  private readonly waiting = new Map<string, Waiting>();
  private bytes = 0;
  private second = { startMs: 0, spans: 0 };

  constructor(options: StatementOptions) {
    this.options = options;
  }

  /** Of OCSF class 6005. */
  record(record: Buffer): void {
    if (record.toString("latin1", 0, DECISION.length) === DECISION) this.decision(record);
    else this.outcome(record);
  }

  private decision(record: Buffer): void {
    const glance = this.reader.read(record);
    if (glance === null || !(glance.isOfClient || glance.isInspection || glance.isStopped)) return;
    const kept = glance.isInspection || this.isKept(glance) ? Buffer.from(record) : null;
    this.waiting.set(glance.key, { glance, record: kept });
    this.bytes += kept?.length ?? 0;
    while (this.waiting.size > WAITING_MAX || this.bytes > WAITING_BYTES_MAX) this.forgetOldest();
  }

  private outcome(record: Buffer): void {
    const outcome = readOutcome(record);
    const waiting = outcome === null ? undefined : this.waiting.get(outcome.key);
    if (outcome === null || waiting === undefined) return;
    this.remove(outcome.key, waiting);
    const { glance } = waiting;
    if (!outcome.hasRun && !glance.isStopped) return;
    if (glance.isInspection && (outcome.status !== "failed" || !this.isKept(glance))) return;
    const span = waiting.record === null ? null : this.spanOf(waiting.record, record, glance);
    this.options.measured({ ...outcome, glance, span });
  }

  private spanOf(decision: Buffer, outcome: Buffer, { query, database }: DecisionGlance): StatementSpan {
    const [decided, ended] = [decision, outcome].map((bytes) => JSON.parse(bytes.toString("utf8")));
    return statementSpan(decided, ended, query, this.options.server(database));
  }

  private isKept(glance: DecisionGlance): boolean {
    if (glance.isNotable) return true;
    if (glance.isUnsampled) {
      this.counted.unsampled += 1;
      return false;
    }
    const nowMs = this.options.nowMs();
    if (Math.abs(nowMs - this.second.startMs) >= 1000) this.second = { startMs: nowMs, spans: 0 };
    if (this.second.spans >= this.options.spansPerSecond) {
      this.counted.sampledOut += 1;
      return false;
    }
    this.second.spans += 1;
    return true;
  }

  private forgetOldest(): void {
    for (const [key, waiting] of this.waiting) {
      this.counted.forgotten += 1;
      return this.remove(key, waiting);
    }
  }

  private remove(key: string, { record }: Waiting): void {
    this.waiting.delete(key);
    this.bytes -= record?.length ?? 0;
  }
}
