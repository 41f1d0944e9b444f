// What the collector measures, in Prometheus' words. Labels come from closed lists; none names a chain, a namespace or a person.
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

export interface IntakeMetrics {
  stored(records: readonly Buffer[]): void;
  known(records: number): void;
  refused(records: number, why: "unverified" | "forked" | "foreign"): void;
  failed(): void;
  /** How many segments shared one turn of the disk. */
  group(segments: number): void;
}

export interface RequestMetrics {
  answered(route: "logs" | "traces" | "chains" | "heartbeats" | "other", status: number): void;
}

export function collectorRegistry(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry;
}

export function intakeMetrics(registry: Registry): IntakeMetrics {
  const registers = [registry];
  const counter = (name: string, help: string, labelNames: string[] = []) =>
    new Counter({ name: `weir_collector_${name}`, help, labelNames, registers });
  const stored = counter("records_stored_total", "Records made durable");
  const bytes = counter("record_bytes_stored_total", "Bytes of records made durable");
  const known = counter("records_known_total", "Records that came again and were held already");
  const refused = counter("records_refused_total", "Records that will never be taken, by reason", ["reason"]);
  // From the start, so that the first one shows as an increase.
  for (const reason of ["unverified", "forked", "foreign"]) refused.inc({ reason }, 0);
  const failed = counter("intake_failures_total", "Groups of segments that the disk did not take; they are sent again");
  const group = new Histogram({
    name: "weir_collector_group_segments",
    help: "Segments that shared one turn of the disk",
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256],
    registers,
  });
  return {
    stored(records) {
      stored.inc(records.length);
      bytes.inc(records.reduce((sum, record) => sum + record.length, 0));
    },
    known: (records) => known.inc(records),
    refused: (records, reason) => refused.inc({ reason }, records),
    failed: () => failed.inc(),
    group: (segments) => group.observe(segments),
  };
}

export function requestMetrics(registry: Registry): RequestMetrics {
  const requests = new Counter({
    name: "weir_collector_requests_total",
    help: "Requests answered, by route and status",
    labelNames: ["route", "status"],
    registers: [registry],
  });
  return { answered: (route, status) => requests.inc({ route, status: String(status) }) };
}

/** Gauges that are read when somebody asks, all at once. */
export function watchedGauges(registry: Registry, read: () => GaugeValues): void {
  const registers = [registry];
  const made = Object.entries(gauges).map(([name, help]) => {
    const isFirst = name === Object.keys(gauges)[0];
    const collect = isFirst ? { collect: setAll } : {};
    return [name, new Gauge({ name: `weir_collector_${name}`, help, registers, ...collect })] as const;
  });
  function setAll() {
    const values = read();
    for (const [name, gauge] of made) gauge.set(values[name as keyof GaugeValues]);
  }
}

const gauges = {
  chains_open: "Chains whose sidecars send",
  chains_silent: "Chains from which nothing came for three heartbeats",
  chains_closed: "Chains that ended in good order",
  chains_unclosed: "Chains whose sidecar is gone without an end",
  chain_gaps: "Runs of records that are missing from chains",
  chain_forks: "Numbers for which two records were offered",
  log_entries: "Entries of the log",
  checkpoint_entries: "Entries under the newest signed checkpoint",
  checkpoint_age_seconds: "Age of the newest signed checkpoint",
  witnesses_behind: "Witnesses that have not signed the newest checkpoint",
  request_bytes: "Bytes of requests in memory",
  segments_queued: "Segments that wait for the disk",
  tail_readers: "Readers of the live view",
  ledger_ready: "1 when the ledger can be written",
  indexed_entries: "Entries of the log that can be asked about",
  forwarded_records: "Records that other systems have taken",
  forward_refused: "Records that another system will never take; they are put aside",
  forward_missed: "Records that were deleted before they were forwarded",
  forward_failures: "Attempts to forward that failed; they are made again",
  forward_behind_entries: "Entries of the log that the slowest destination has before it",
  index_behind_entries: "Entries of the log that cannot be asked about yet",
  index_missing_segments: "Segments that the index left out, because they were not there or not whole",
  index_remade: "Times that the index was made anew since the start, because it could not be used",
  index_failures: "Times that the index could not be written; it is tried again",
} as const;

export type GaugeValues = Readonly<Record<keyof typeof gauges, number>>;
