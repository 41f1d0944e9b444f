// Spans in a ring on disk (SQLite): the oldest go when it is full. Traces are for looking at, not evidence: they may be lost with the machine.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { OtlpTraces } from "./otlp-schema.ts";
import { holdsPlace, holdsTime, type Scope } from "./scope.ts";

const SPANS_OF_TRACE_MAX = 10_000;
/** How much is let go at a time, as a share of the ring. */
const STEP = 16;
/** Each span is kept with its resource and scope, so that one request could become many times its bytes. */
const SPAN_BYTES_MAX = 64 * 1024;
/** What one request may add, as a share of the ring. */
const REQUEST_SHARE = 4;

/** Whose span it is, as it was verified; what the span says of itself is his word. */
export interface SpanSender {
  readonly cluster: string;
  readonly environment: string;
  readonly namespace: string;
  readonly name: string;
}

export interface KeptTrace {
  readonly resourceSpans: readonly unknown[];
  /** Who sent each of them. */
  readonly senders: readonly (Omit<SpanSender, "name"> & { readonly sender: string })[];
}

interface Row extends Omit<SpanSender, "name"> {
  readonly span: string;
  readonly sender: string;
  readonly time: number;
}

export class TraceRing {
  private readonly database: DatabaseSync;
  private readonly bytesMax: number;
  private bytes: number;

  constructor(dataFolder: string, bytesMax: number) {
    const folder = join(dataFolder, "traces");
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.bytesMax = bytesMax;
    this.database = new DatabaseSync(join(folder, "spans.db"));
    this.database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;
      DROP TABLE IF EXISTS spans;
      CREATE TABLE IF NOT EXISTS sent_spans (number INTEGER PRIMARY KEY, trace TEXT NOT NULL, bytes INTEGER NOT NULL, span TEXT NOT NULL,
        cluster TEXT NOT NULL, environment TEXT NOT NULL, namespace TEXT NOT NULL, sender TEXT NOT NULL, time INTEGER NOT NULL) STRICT;
      CREATE INDEX IF NOT EXISTS sent_spans_trace ON sent_spans (trace);`);
    this.bytes = Number(this.database.prepare("SELECT coalesce(sum(bytes), 0) AS n FROM sent_spans").get()!.n);
  }

  /** How many spans were taken, and how many not: without a trace, or with more around them than is kept. */
  add({ resourceSpans = [] }: OtlpTraces, from: SpanSender): { readonly taken: number; readonly refused: number } {
    const insert = this.database.prepare(
      "INSERT INTO sent_spans (trace, bytes, span, cluster, environment, namespace, sender, time) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    );
    const { cluster, environment, namespace, name } = from;
    let [taken, refused, written, added] = [0, 0, 0, 0];
    const most = this.bytesMax / REQUEST_SHARE;
    this.database.exec("BEGIN");
    try {
      for (const { traceId, timeMs, write } of spansOf(resourceSpans)) {
        const text = isTraceId(traceId) && written <= most ? write() : null;
        const length = text === null ? 0 : Buffer.byteLength(text);
        written += length;
        if (text === null || length > SPAN_BYTES_MAX || written > most) {
          refused++;
          continue;
        }
        insert.run(traceId!, length, text, cluster, environment, namespace, name, timeMs);
        added += length;
        taken++;
      }
      this.database.exec("COMMIT");
    } catch (cause) {
      this.database.exec("ROLLBACK");
      throw cause;
    }
    this.bytes += added;
    this.shrink();
    return { taken, refused };
  }

  /** The spans of a trace as OTLP's JSON, oldest first; null when none is kept. */
  trace(traceId: string, scope: Scope): KeptTrace | null {
    const select = this.database.prepare(
      "SELECT span, cluster, environment, namespace, sender, time FROM sent_spans WHERE trace = ? ORDER BY number LIMIT ?",
    );
    const rows = select.all(traceId, SPANS_OF_TRACE_MAX) as unknown as Row[];
    const seen = rows.filter((row) => holdsPlace(scope, row) && holdsTime(scope, row.time));
    if (seen.length === 0) return null;
    return {
      resourceSpans: seen.map(({ span }) => JSON.parse(span)),
      senders: seen.map(({ cluster, environment, namespace, sender }) => ({ cluster, environment, namespace, sender })),
    };
  }

  close(): void {
    this.database.close();
  }

  private shrink(): void {
    if (this.bytes <= this.bytesMax) return;
    const goal = this.bytesMax - Math.floor(this.bytesMax / STEP);
    const oldest = this.database.prepare("SELECT number, bytes FROM sent_spans ORDER BY number LIMIT 10000");
    const remove = this.database.prepare("DELETE FROM sent_spans WHERE number <= ?");
    while (this.bytes > goal) {
      const rows = oldest.all() as unknown as { readonly number: number; readonly bytes: number }[];
      if (rows.length === 0) return;
      let upTo = 0;
      for (const { number, bytes } of rows) {
        if (this.bytes <= goal) break;
        upTo = number;
        this.bytes -= bytes;
      }
      remove.run(upTo);
    }
  }
}

interface WaitingSpan {
  readonly timeMs: number;
  readonly traceId: string | undefined;
  /** As a request of its own; null when what is around it is too long. */
  readonly write: () => string | null;
}

function* spansOf(resourceSpans: NonNullable<OtlpTraces["resourceSpans"]>): Generator<WaitingSpan> {
  for (const { resource, scopeSpans = [] } of resourceSpans) {
    const isLong = (JSON.stringify(resource) ?? "").length > SPAN_BYTES_MAX;
    for (const { scope, spans = [] } of scopeSpans)
      for (const span of spans) {
        const write = () => (isLong ? null : JSON.stringify({ resource, scopeSpans: [{ scope, spans: [span] }] }));
        yield { traceId: span.traceId, timeMs: startOf(span), write };
      }
  }
}

/** Milliseconds since 1970; 0 where it says nothing that can be read. */
function startOf(span: object): number {
  const nanoseconds = String((span as { readonly startTimeUnixNano?: unknown }).startTimeUnixNano ?? "");
  return /^\d{7,20}$/.test(nanoseconds) ? Number(BigInt(nanoseconds) / 1_000_000n) : 0;
}

export function isTraceId(text: string | undefined): text is string {
  return text !== undefined && /^[0-9a-f]{32}$/.test(text) && !/^0+$/.test(text);
}
