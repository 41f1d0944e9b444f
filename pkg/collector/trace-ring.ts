// Spans in a ring on disk (SQLite): the oldest go when it is full. Traces are for looking at, not evidence: they may be lost with the machine.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { OtlpTraces } from "./otlp-schema.ts";

const SPANS_OF_TRACE_MAX = 10_000;
/** How much is let go at a time, as a share of the ring. */
const STEP = 16;

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

  /** How many spans were taken, and how many have no trace to belong to. */
  add({ resourceSpans = [] }: OtlpTraces): { readonly taken: number; readonly refused: number } {
    let [taken, refused] = [0, 0];
    const insert = this.database.prepare("INSERT INTO spans (trace, bytes, span) VALUES (?, ?, ?)");
    this.database.exec("BEGIN");
    try {
      for (const { resource, scopeSpans = [] } of resourceSpans) {
        for (const { scope, spans = [] } of scopeSpans) {
          for (const span of spans) {
            if (!isTraceId(span.traceId)) {
              refused++;
              continue;
            }
            const text = JSON.stringify({ resource, scopeSpans: [{ scope, spans: [span] }] });
            insert.run(span.traceId, text.length, text);
            this.bytes += text.length;
            taken++;
          }
        }
      }
      this.database.exec("COMMIT");
    } catch (cause) {
      this.database.exec("ROLLBACK");
      throw cause;
    }
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

export function isTraceId(text: string | undefined): text is string {
  return text !== undefined && /^[0-9a-f]{32}$/.test(text) && !/^0+$/.test(text);
}
