// Spans in a ring on disk (SQLite): the oldest go when it is full. Traces are for looking at, not evidence: they may be lost with the machine.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { OtlpTraces } from "./otlp-schema.ts";

const SPANS_OF_TRACE_MAX = 10_000;
/** How much is let go at a time, as a share of the ring. */
const STEP = 16;
/** Each span is kept with its resource and scope, so that one request could become many times its bytes. */
const SPAN_BYTES_MAX = 64 * 1024;
/** What one request may add, as a share of the ring. */
const REQUEST_SHARE = 4;

interface Row {
  readonly span: string;
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
      CREATE TABLE IF NOT EXISTS spans (number INTEGER PRIMARY KEY, trace TEXT NOT NULL, bytes INTEGER NOT NULL, span TEXT NOT NULL) STRICT;
      CREATE INDEX IF NOT EXISTS spans_trace ON spans (trace);`);
    this.bytes = Number(this.database.prepare("SELECT coalesce(sum(bytes), 0) AS n FROM spans").get()!.n);
  }

  /** How many spans were taken, and how many not: without a trace, or with more around them than is kept. */
  add({ resourceSpans = [] }: OtlpTraces): { readonly taken: number; readonly refused: number } {
    const insert = this.database.prepare("INSERT INTO spans (trace, bytes, span) VALUES (?, ?, ?)");
    let [taken, refused, written, added] = [0, 0, 0, 0];
    const most = this.bytesMax / REQUEST_SHARE;
    this.database.exec("BEGIN");
    try {
      for (const { traceId, write } of spansOf(resourceSpans)) {
        const text = isTraceId(traceId) && written <= most ? write() : null;
        const length = text === null ? 0 : Buffer.byteLength(text);
        written += length;
        if (text === null || length > SPAN_BYTES_MAX || written > most) {
          refused++;
          continue;
        }
        insert.run(traceId!, length, text);
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
  trace(traceId: string): { readonly resourceSpans: readonly unknown[] } | null {
    const select = this.database.prepare("SELECT span FROM spans WHERE trace = ? ORDER BY number LIMIT ?");
    const rows = select.all(traceId, SPANS_OF_TRACE_MAX) as unknown as Row[];
    return rows.length === 0 ? null : { resourceSpans: rows.map(({ span }) => JSON.parse(span)) };
  }

  close(): void {
    this.database.close();
  }

  private shrink(): void {
    if (this.bytes <= this.bytesMax) return;
    const goal = this.bytesMax - Math.floor(this.bytesMax / STEP);
    const oldest = this.database.prepare("SELECT number, bytes FROM spans ORDER BY number LIMIT 10000");
    const remove = this.database.prepare("DELETE FROM spans WHERE number <= ?");
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
        yield { traceId: span.traceId, write };
      }
  }
}

export function isTraceId(text: string | undefined): text is string {
  return text !== undefined && /^[0-9a-f]{32}$/.test(text) && !/^0+$/.test(text);
}
