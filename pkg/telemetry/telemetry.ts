// Telemetry of one sidecar as one part: reads the spool behind its writer, from where that stood at the start, and makes spans and metrics
// of it. Lossy on purpose and never silently: the records are what counts, and their lane is shipping.
import { setTimeout as pause, setImmediate as turn } from "node:timers/promises";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import type { SpoolFiles } from "../audit/spool-files.ts";
import type { Logger } from "../runtime/logger.ts";
import type { CommittedMark } from "../shipping/committed.ts";
import { Destination } from "../shipping/destination.ts";
import { type SpoolPlace, SpoolReader } from "../shipping/spool-reader.ts";
import { instruments, type Measure } from "./instruments.ts";
import { metricExporter } from "./metric-exporter.ts";
import { SpanQueue } from "./span-queue.ts";
import type { Server } from "./statement-span.ts";
import { type Measured, Statements } from "./statements.ts";
import { spanEmitter } from "./tracer.ts";

export interface Endpoint {
  /** Whole, with its path. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Files; null: none. */
  readonly token: string | null;
  readonly ca: string | null;
  readonly certificate: string | null;
  readonly key: string | null;
  readonly timeoutMs: number;
}

export interface TelemetrySettings {
  readonly folder: string;
  readonly version: string;
  readonly resource: Readonly<Record<string, string>>;
  readonly traces: Endpoint | null;
  readonly metrics: (Endpoint & { readonly intervalMs: number }) | null;
  readonly spansPerSecond: number;
}

export interface TelemetryWorld {
  readonly committed: CommittedMark;
  /** Where in the spool to begin. */
  readonly from: SpoolPlace;
  readonly files: SpoolFiles;
  readonly nowMs: () => number;
  readonly logger: Logger;
  /** What `weir.audit.*` tells, by name. */
  readonly audit: () => Readonly<Record<string, number>>;
}

export interface TelemetryCounters {
  readonly exported: number;
  readonly dropped: number;
  readonly rejected: number;
  readonly sampledOut: number;
  readonly unsampled: number;
  readonly forgotten: number;
  /** Records that had gone before they were read. */
  readonly skipped: number;
}

export interface Telemetry {
  counters(): TelemetryCounters;
  /** The true address of each GovernedDatabase. Nothing is read before they are told for the first time. */
  servers(servers: Readonly<Record<string, Server>>): void;
  finish(timeMs: number): Promise<void>;
}

const LOOK_MS = 250;

export function startTelemetry(settings: TelemetrySettings, world: TelemetryWorld): Telemetry {
  return new SpoolTelemetry(settings, world);
}

class SpoolTelemetry implements Telemetry {
  private readonly world: TelemetryWorld;
  private readonly reader: SpoolReader;
  private readonly statements: Statements;
  private readonly queue: SpanQueue | null;
  private readonly meters: MeterProvider | null;
  private readonly measure: Measure | null;
  private running: Promise<void> | null = null;
  private place: SpoolPlace;
  private known: Readonly<Record<string, Server>> = {};
  private skipped = 0;
  private ended = false;

  constructor(settings: TelemetrySettings, world: TelemetryWorld) {
    this.world = world;
    this.reader = new SpoolReader(settings.folder, world.files, () => world.committed.get());
    this.place = world.from;
    const resource = resourceFromAttributes(settings.resource);
    const { traces, metrics, version, spansPerSecond } = settings;
    this.queue = traces && new SpanQueue(destinationOf(traces), "", this.problem("telemetry.traces"));
    const emit = this.queue && spanEmitter(this.queue, resource, version);
    this.meters = metrics && new MeterProvider({ resource, readers: [this.metricReader(metrics)] });
    const readings = { audit: world.audit, spans: () => ({ ...this.counters() }) };
    this.measure = this.meters && instruments(this.meters.getMeter("weir.sidecar", version), readings);
    this.statements = new Statements({
      spansPerSecond: traces === null ? 0 : spansPerSecond,
      nowMs: world.nowMs,
      server: (database) => this.known[database] ?? null,
      measured: (measured: Measured) => {
        if (measured.span !== null) emit?.(measured.span);
        this.measure?.(measured, this.known[measured.glance.database] ?? null);
      },
    });
  }

  counters(): TelemetryCounters {
    const { exported = 0, dropped = 0, rejected = 0 } = this.queue?.counted ?? {};
    return { exported, dropped, rejected, ...this.statements.counted, skipped: this.skipped };
  }

  servers(servers: Readonly<Record<string, Server>>): void {
    this.known = servers;
    this.running ??= this.run();
  }

  async finish(timeMs: number): Promise<void> {
    this.ended = true;
    await this.running;
    const timer = setTimeout(() => this.queue?.stop(), timeMs);
    await Promise.race([
      Promise.all([this.queue?.shutdown(), this.meters?.shutdown()]),
      pause(timeMs, undefined, { ref: false }),
    ]);
    clearTimeout(timer);
    this.reader.close();
  }

  private async run(): Promise<void> {
    while (!this.ended) {
      await this.read();
      await pause(LOOK_MS);
    }
    await this.read();
  }

  /** Everything that there is; shipping, in the same thread, gets its turn after each piece. */
  private async read(): Promise<void> {
    try {
      for (let isEnd = false; !isEnd; ) {
        const piece = this.reader.read(this.place);
        for (const { record } of piece.lines) if (record.includes(STATEMENT)) this.statements.record(record);
        this.place = piece.end;
        isEnd = piece.isEnd;
        if (!isEnd) await turn();
      }
    } catch (error) {
      // Its segment was shipped and removed before it was read here.
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      this.place = this.reader.end();
      this.skipped += 1;
    }
  }

  private metricReader(endpoint: Endpoint & { readonly intervalMs: number }): PeriodicExportingMetricReader {
    const exporter = metricExporter(destinationOf(endpoint), "", this.problem("telemetry.metrics"));
    const timeout = Math.min(endpoint.intervalMs, endpoint.timeoutMs);
    return new PeriodicExportingMetricReader({
      exporter,
      exportIntervalMillis: endpoint.intervalMs,
      exportTimeoutMillis: timeout,
    });
  }

  private problem(event: string): (why: string) => void {
    return (reason) =>
      this.world.logger.log("warn", event, { reason, consequence: "what does not fit is let go, and counted" });
  }
}

/** OCSF Datastore Activity. */
const STATEMENT = Buffer.from('"class_uid":6005,');

function destinationOf({ url, ...rest }: Endpoint): Destination {
  return new Destination({ ...rest, url: new URL(url) });
}
