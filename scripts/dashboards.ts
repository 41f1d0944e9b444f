// `make dashboards`: Grafana's dashboards into charts/weir/files/dashboards, from the lists of panels here. A test holds each query
// against the metrics that the programs really have.
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

type Unit = "short" | "s" | "bytes" | "percentunit" | "ops" | "dateTimeFromNow";

interface Panel {
  readonly title: string;
  /** What it tells, and when to worry. */
  readonly text: string;
  readonly unit: Unit;
  /** PromQL by legend. */
  readonly queries: Readonly<Record<string, string>>;
}

interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly Panel[];
}

export const dashboards: readonly Dashboard[] = [
  {
    uid: "weir-sidecars",
    title: "Weir: sidecars",
    panels: [
      panel("Sessions", "Open sessions, by namespace.", "short", {
        "{{namespace}}": "sum by (namespace) (weir_sessions)",
      }),
      panel("Logins that fail", "A second. Passwords that were changed, a database that is away, or attempts.", "ops", {
        "{{namespace}}": "sum by (namespace) (rate(weir_logins_failed_total[5m]))",
      }),
      panel("Records", "Written a second: two for each statement.", "ops", {
        "{{namespace}}": "sum by (namespace) (rate(weir_audit_records_total[5m]))",
      }),
      panel(
        "Analyses from the cache",
        "Share of statements whose text was known. Low: texts with literals in them.",
        "percentunit",
        {
          "{{namespace}}":
            "sum by (namespace) (rate(weir_analysis_hits_total[5m])) / (sum by (namespace) (rate(weir_analysis_hits_total[5m])) + sum by (namespace) (rate(weir_analysis_misses_total[5m])))",
        },
      ),
      panel("Age of policies", "Since the operator last confirmed them; the oldest of each namespace.", "s", {
        "{{namespace}}": "max by (namespace) (weir_bundle_age_seconds)",
      }),
      panel(
        "Versions of policies",
        "Sidecars by the version that is in force; more than one for long is worth a look.",
        "short",
        {
          "{{namespace}} {{version}}": "count by (namespace, version) (weir_bundle_version)",
        },
      ),
      panel("Policies that take no effect", "Problems, and patterns that match no column.", "short", {
        "{{namespace}}: problems": "sum by (namespace) (weir_policy_problems)",
        "{{namespace}}: patterns": "sum by (namespace) (weir_policy_unmatched_patterns)",
      }),
      panel("Spool", "How full the fullest is. Full: statements are refused as audit.onFailure says.", "percentunit", {
        "{{namespace}}": "max by (namespace) (weir_audit_spool_bytes / weir_audit_spool_limit_bytes)",
      }),
      panel("Waiting for the collector", "Age of the oldest record that is not acknowledged.", "s", {
        "{{namespace}}": "max by (namespace) (weir_audit_oldest_seconds)",
      }),
      panel("Not recorded, put aside, damaged", "All of them should be nothing.", "short", {
        unrecorded: "sum(increase(weir_audit_unrecorded_total[1h]))",
        "put aside": "sum(increase(weir_audit_dead_letters_total[1h]))",
        damaged: "sum(increase(weir_audit_damaged_total[1h]))",
      }),
      panel("Memory", "Resident, the largest of each namespace.", "bytes", {
        "{{namespace}}": 'max by (namespace) (process_resident_memory_bytes{container="weir-sidecar"})',
      }),
      panel("Back-pressure", "Sides of sessions that wait for buffers of others.", "short", {
        "{{namespace}}": "sum by (namespace) (weir_buffer_waits)",
      }),
    ],
  },
  {
    uid: "weir-operator",
    title: "Weir: operator",
    panels: [
      panel("Pods looked at", "Admission reviews a second, by outcome.", "ops", {
        "{{outcome}} {{reason}}": "sum by (outcome, reason) (rate(weir_admission_total[5m]))",
      }),
      panel("Time of a review", "Inside the operator.", "s", {
        median: "histogram_quantile(0.5, sum by (le) (rate(weir_admission_seconds_bucket[5m])))",
        "99 %": "histogram_quantile(0.99, sum by (le) (rate(weir_admission_seconds_bucket[5m])))",
      }),
      panel("Passed unlooked at, turned away", "Both should be nothing.", "short", {
        "passed unlooked at": "sum(increase(weir_admission_failed_open_total[1h]))",
        "turned away": "sum(increase(weir_admission_turned_away_total[1h]))",
      }),
      panel("Bundles handed out", "Answers a second by status; 304: nothing new.", "ops", {
        "{{status}}": "sum by (status) (rate(weir_bundle_answers_total[5m]))",
      }),
      panel("Leader", "The replica that writes; exactly one.", "short", { "{{instance}}": "weir_controller_leader" }),
      panel("Problems", "Met and gone on after, by part.", "short", {
        "{{part}}": "sum by (part) (increase(weir_operator_problems_total[15m]))",
      }),
      panel("Certificates end", "When what is served ends.", "dateTimeFromNow", {
        "{{job}} {{instance}}": "min by (job, instance) (weir_certificate_expiry_timestamp_seconds > 0) * 1000",
      }),
      panel("Trusted, ready", "1 and 0 are good.", "short", {
        "webhook trusted": "min(weir_webhook_trusted)",
        "waits for": "max(weir_operator_waits)",
        "settings problems": "max(weir_injection_settings_problems)",
      }),
    ],
  },
  {
    uid: "weir-collector",
    title: "Weir: collector",
    panels: [
      panel("Records made durable", "A second.", "ops", {
        records: "sum(rate(weir_collector_records_stored_total[5m]))",
      }),
      panel("Chains", "Unclosed ones: their sidecars are gone without an end.", "short", {
        open: "sum(weir_collector_chains_open)",
        silent: "sum(weir_collector_chains_silent)",
        unclosed: "sum(weir_collector_chains_unclosed)",
        closed: "sum(weir_collector_chains_closed)",
      }),
      panel("Missing and forked", "Any is worth a question.", "short", {
        gaps: "sum(weir_collector_chain_gaps)",
        forks: "sum(weir_collector_chain_forks)",
      }),
      panel("Refused", "Records that will never be taken, by reason, an hour.", "short", {
        "{{reason}}": "sum by (reason) (increase(weir_collector_records_refused_total[1h]))",
      }),
      panel("Signed", "How far the newest checkpoint is behind, in entries and seconds.", "short", {
        entries: "max(weir_collector_log_entries - weir_collector_checkpoint_entries)",
        seconds: "max(weir_collector_checkpoint_age_seconds)",
      }),
      panel("Witnesses behind", "They have not signed the newest checkpoint.", "short", {
        witnesses: "max(weir_collector_witnesses_behind)",
      }),
      panel("Answers", "Requests a second by route and status.", "ops", {
        "{{route}} {{status}}": "sum by (route, status) (rate(weir_collector_requests_total[5m]))",
      }),
      panel("Waiting", "Segments for the disk, bytes of requests in memory.", "short", {
        segments: "sum(weir_collector_segments_queued)",
        bytes: "sum(weir_collector_request_bytes)",
      }),
    ],
  },
];

function panel(title: string, text: string, unit: Unit, queries: Panel["queries"]): Panel {
  return { title, text, unit, queries };
}

const WIDTH = 12;
const HEIGHT = 8;

export function jsonOf({ uid, title, panels }: Dashboard): string {
  const datasource = { type: "prometheus", uid: "$" + "{datasource}" };
  const board = {
    uid,
    title,
    tags: ["weir"],
    timezone: "browser",
    schemaVersion: 39,
    refresh: "30s",
    time: { from: "now-3h", to: "now" },
    templating: { list: [{ name: "datasource", label: "Data source", type: "datasource", query: "prometheus" }] },
    panels: panels.map(({ title, text, unit, queries }, at) => ({
      id: at + 1,
      title,
      description: text,
      type: "timeseries",
      datasource,
      gridPos: { x: (at % 2) * WIDTH, y: Math.floor(at / 2) * HEIGHT, w: WIDTH, h: HEIGHT },
      fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
      options: { legend: { displayMode: "list", placement: "bottom" }, tooltip: { mode: "multi" } },
      targets: Object.entries(queries).map(([legendFormat, expr], query) => ({
        refId: String.fromCharCode(65 + query),
        datasource,
        expr,
        legendFormat,
      })),
    })),
  };
  return `${JSON.stringify(board, null, 2)}\n`;
}

if (process.argv[1] === import.meta.filename) {
  const folder = resolve(import.meta.dirname, "../charts/weir/files/dashboards");
  mkdirSync(folder, { recursive: true });
  for (const dashboard of dashboards) writeFileSync(join(folder, `${dashboard.uid}.json`), jsonOf(dashboard));
  process.stdout.write(`${dashboards.map(({ uid }) => `${uid}.json`).join(" ")} in ${folder}\n`);
}
