// What the sidecar measures, in Prometheus' words. Everything is read from the parts' own counters when somebody asks.
import { Counter, collectDefaultMetrics, Gauge, Registry } from "prom-client";
import type { AuditCounters } from "../../pkg/audit/writer.ts";
import type { GovernorCounters } from "../../pkg/proxy/governor.ts";

export interface Sources {
  governor(): GovernorCounters;
  audit(): AuditCounters;
  unmatchedPatterns(): number;
  /** What is wrong with the policy folder as it is now. */
  policyProblems(): number;
  /** Times that it has been read anew, well or not. */
  policyReloads(): number;
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
      "Problems that keep the policy folder's content from taking effect",
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
    ["counter", "weir_policy_reloads_total", "Times the policy folder has been read anew", sources.policyReloads],
  ];
  for (const reading of readings) register(registry, reading);
  return registry;
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
