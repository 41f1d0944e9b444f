// What the sidecar measures, in Prometheus' words. Everything is read from the parts' own counters when somebody asks.
import { Counter, collectDefaultMetrics, Gauge, Registry } from "prom-client";
import type { AuditCounters } from "../../pkg/audit/writer.ts";
import type { GovernorCounters } from "../../pkg/proxy/governor.ts";
import type { RelayCounters } from "../../pkg/proxy/tcp-relay.ts";
import type { ShipperCounters } from "../../pkg/shipping/shipper.ts";
import type { TelemetryCounters } from "../../pkg/telemetry/telemetry.ts";
import type { BehindCounters } from "./behind-messages.ts";
import type { BundleState } from "./policy-source.ts";

export interface Sources {
  governor(): GovernorCounters;
  audit(): AuditCounters;
  unmatchedPatterns(): number;
  relays(): RelayCounters;
  /** What is wrong with the policy folder, or the bundle, as it is now. */
  policyProblems(): number;
  /** Times that it has been read anew, well or not. */
  policyReloads(): number;
  /** null: policies come from a folder. */
  bundle(): BundleState | null;
  /** null: nothing is shipped or told, or nothing has been heard of it yet. */
  behind(): BehindCounters | null;
}

type Reading = readonly ["gauge" | "counter", string, string, () => number];

export function metricsOf(sources: Sources): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const readings: readonly Reading[] = [
    ["gauge", "weir_sessions", "Sessions that are open", () => sources.governor().sessions],
    ["gauge", "weir_logins", "Logins under way", () => sources.governor().logins],
    ["counter", "weir_sessions_total", "Sessions that have begun", () => sources.governor().sessionsTotal],
    [
      "counter",
      "weir_logins_failed_total",
      "Logins that ended without a session",
      () => sources.governor().loginsFailedTotal,
    ],
    ["gauge", "weir_buffered_bytes", "Bytes taken of limits.bufferedBytes", () => sources.governor().bufferedBytes],
    [
      "gauge",
      "weir_buffer_waits",
      "Sides of sessions that wait for buffered bytes of others",
      () => sources.governor().bufferWaits,
    ],
    ["counter", "weir_audit_records_total", "Records written to the spool", () => sources.audit().records],
    ["counter", "weir_audit_bytes_total", "Bytes written to the spool", () => sources.audit().bytes],
    ["counter", "weir_audit_writes_total", "Writes to the spool", () => sources.audit().writes],
    ["counter", "weir_audit_failures_total", "Writes to the spool that failed", () => sources.audit().failures],
    ["counter", "weir_audit_unrecorded_total", "Events that could not be recorded", () => sources.audit().unrecorded],
    ["gauge", "weir_audit_spool_bytes", "Bytes that lie in the spool", () => sources.audit().depthBytes],
    ["gauge", "weir_audit_spool_limit_bytes", "Bytes that the spool may hold", () => sources.audit().limitBytes],
    [
      "gauge",
      "weir_audit_open_decisions",
      "Decisions whose outcome is not recorded yet",
      () => sources.audit().openDecisions,
    ],
    [
      "gauge",
      "weir_policy_problems",
      "Problems that keep the policies that are there from taking effect",
      sources.policyProblems,
    ],
    [
      "gauge",
      "weir_policy_unmatched_patterns",
      "Patterns of classify that match no column: what they were to protect is not protected",
      () => sources.unmatchedPatterns(),
    ],
    [
      "gauge",
      "weir_analysis_bytes",
      "Bytes that kept analyses weigh, estimated",
      () => sources.governor().analyses.bytes,
    ],
    ["counter", "weir_analysis_hits_total", "Texts whose analysis was kept", () => sources.governor().analyses.hits],
    ["counter", "weir_analysis_misses_total", "Texts that were analysed", () => sources.governor().analyses.misses],
    ["counter", "weir_policy_reloads_total", "Times policies have been read anew", sources.policyReloads],
    ["gauge", "weir_relay_connections", "Relayed connections that are open", () => sources.relays().open],
    ["counter", "weir_relay_connections_total", "Relayed connections", () => sources.relays().total],
    ["counter", "weir_relay_refused_total", "Closed above limits.relays", () => sources.relays().refusedTotal],
    ["counter", "weir_relay_failed_total", "Relays whose target was not reached", () => sources.relays().failedTotal],
    ["counter", "weir_relay_bytes_total", "Bytes read by relays, both ways", () => sources.relays().bytesTotal],
    ...ofBundles(sources),
    ...ofShipping(sources),
    ...ofTelemetry(sources),
  ];
  for (const reading of readings) register(registry, reading);
  if (sources.bundle() !== null) registerVersion(registry, () => sources.bundle()?.version ?? null);
  return registry;
}

function ofBundles({ bundle }: Sources): readonly Reading[] {
  if (bundle() === null) return [];
  return [
    [
      "gauge",
      "weir_bundle_age_seconds",
      "Since the operator last confirmed the bundle in force",
      () => bundle()?.ageSeconds ?? 0,
    ],
    ["counter", "weir_bundle_refused_total", "Bundles that did not count", () => bundle()?.refusedTotal ?? 0],
  ];
}

function ofShipping({ behind }: Sources): readonly Reading[] {
  const shipping = () => behind()?.shipping ?? null;
  const of = (name: keyof ShipperCounters) => () => shipping()?.[name] ?? 0;
  const ageSeconds = (sinceMs: number) => (sinceMs === 0 ? 0 : Math.max(0, (Date.now() - sinceMs) / 1000));
  return [
    ["counter", "weir_audit_shipped_total", "Records that the collector has acknowledged as durable", of("records")],
    ["counter", "weir_audit_shipped_bytes_total", "Bytes of requests that brought them, compressed", of("bytes")],
    ["counter", "weir_audit_shipped_segments_total", "Segments that brought them", of("segments")],
    ["counter", "weir_audit_ship_retries_total", "Requests to the collector that failed", of("retries")],
    ["counter", "weir_audit_dead_letters_total", "Records that the collector will never take", of("deadLetters")],
    ["counter", "weir_audit_damaged_total", "Lines of the spool that are not as they were written", of("damaged")],
    [
      "counter",
      "weir_audit_missing_total",
      "Records that the collector wants and that are not here any more",
      of("missing"),
    ],
    [
      "gauge",
      "weir_audit_oldest_seconds",
      "Age of the oldest record that waits to be acknowledged",
      () => ageSeconds(shipping()?.oldestMs ?? 0),
    ],
    [
      "gauge",
      "weir_audit_last_ack_timestamp_seconds",
      "When the collector last acknowledged records; 0: not since the start",
      () => (shipping()?.lastAckMs ?? 0) / 1000,
    ],
  ];
}

function ofTelemetry({ behind }: Sources): readonly Reading[] {
  const of = (name: keyof TelemetryCounters) => () => behind()?.telemetry?.[name] ?? 0;
  return [
    ["counter", "weir_spans_exported_total", "Spans that the endpoint has taken", of("exported")],
    ["counter", "weir_spans_sampled_out_total", "Statements above telemetry.spansPerSecond", of("sampledOut")],
    ["counter", "weir_spans_unsampled_total", "Statements of traces that applications do not keep", of("unsampled")],
    ["counter", "weir_spans_dropped_total", "Spans let go because the endpoint was away too long", of("dropped")],
    ["counter", "weir_spans_rejected_total", "Spans that the endpoint refused", of("rejected")],
    ["counter", "weir_spans_forgotten_total", "Statements let go before they had ended", of("forgotten")],
  ];
}

/** The usual form for a text: a label of a series that is always 1. */
function registerVersion(registry: Registry, version: () => string | null): void {
  const gauge: Gauge<"version"> = new Gauge({
    name: "weir_bundle_version",
    help: "Version of the bundle in force, as a label",
    labelNames: ["version"],
    registers: [registry],
    collect() {
      gauge.reset();
      const now = version();
      if (now !== null) gauge.set({ version: now }, 1);
    },
  });
}

function register(registry: Registry, [kind, name, help, read]: Reading): void {
  if (kind === "gauge") {
    const gauge: Gauge = new Gauge({ name, help, registers: [registry], collect: () => gauge.set(read()) });
    return;
  }
  const counter: Counter = new Counter({
    name,
    help,
    registers: [registry],
    collect() {
      counter.reset();
      counter.inc(read());
    },
  });
}
