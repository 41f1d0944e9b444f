// The metrics that a sidecar sends by OTLP: the stable one of the database conventions, and our own of policy, masking and records.
import type { Attributes, Meter } from "@opentelemetry/api";
import type { Server } from "./statement-span.ts";
import type { Measured } from "./statements.ts";

/** Read when metrics are collected. */
export interface Readings {
  /** By name below `weir.audit.`, what has been counted or stands there now. */
  readonly audit: () => Readonly<Record<string, number>>;
  /** By result: exported, dropped, and so on. */
  readonly spans: () => Readonly<Record<string, number>>;
}

/** As the conventions advise, in seconds. */
const DURATIONS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];
const SUMMARIES_MAX = 200;
const OTHER = "_OTHER";
const gauges = new Set(["spool.bytes", "spool.oldest_age"]);
const auditNames = {
  appended: "{record}",
  exported: "{record}",
  rejected: "{record}",
  unrecorded: "{event}",
  retries: "{request}",
  "spool.bytes": "By",
  "spool.oldest_age": "s",
} as const;

export type Measure = (measured: Measured, server: Server | null) => void;

export function instruments(meter: Meter, readings: Readings): Measure {
  const duration = meter.createHistogram("db.client.operation.duration", {
    unit: "s",
    description: "Duration of database client operations.",
    advice: { explicitBucketBoundaries: DURATIONS },
  });
  const decisions = meter.createCounter("weir.policy.decisions", { unit: "{decision}" });
  const masked = meter.createCounter("weir.masking.values", { unit: "{value}" });
  observe(meter, readings);
  const summaries = new Set<string>();

  function boundedSummary(summary: string | null): string {
    if (summary === null) return OTHER;
    if (summaries.size < SUMMARIES_MAX) summaries.add(summary);
    return summaries.has(summary) ? summary : OTHER;
  }

  return ({ glance, durationUs, sqlstate, status, span }, server) => {
    const error = sqlstate !== null && !/^0[01]/.test(sqlstate) ? sqlstate : status === "completed" ? null : status;
    duration.record(durationUs / 1e6, {
      "db.system.name": "postgresql",
      "db.query.summary": boundedSummary(glance.query.summary),
      "weir.database": glance.database,
      ...(server && { "server.address": server.host, "server.port": server.port }),
      ...(sqlstate !== null && { "db.response.status_code": sqlstate }),
      ...(error !== null && { "error.type": error }),
    });
    const told = span?.attributes ?? {};
    const rule = (told["weir.rules"] as readonly string[] | undefined)?.[0];
    const decision = (told["weir.decision"] as string | undefined) ?? "allow";
    decisions.add(1, { "weir.decision": decision, ...(rule !== undefined && { "weir.rule": rule }) });
    const cells = Number(told["weir.masked_cells"] ?? 0);
    if (cells > 0) masked.add(cells, maskAttributes(told));
  };
}

function maskAttributes(told: Attributes): Attributes {
  const joined = (name: string) => (told[name] as readonly string[] | undefined)?.join(" ") ?? OTHER;
  return { "weir.mask.class": joined("weir.mask.classes"), "weir.mask.method": joined("weir.mask.methods") };
}

function observe(meter: Meter, { audit, spans }: Readings): void {
  for (const [name, unit] of Object.entries(auditNames)) {
    const make = gauges.has(name) ? meter.createObservableGauge : meter.createObservableCounter;
    make.call(meter, `weir.audit.${name}`, { unit }).addCallback((result) => result.observe(audit()[name] ?? 0));
  }
  meter.createObservableCounter("weir.telemetry.spans", { unit: "{span}" }).addCallback((result) => {
    for (const [name, value] of Object.entries(spans())) result.observe(value, { "weir.result": name });
  });
}
