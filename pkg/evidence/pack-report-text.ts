// The verification of a pack as text: the verdict first, then that of the records below it.
import { ledgerReportText } from "../ledger/ledger-report-text.ts";
import type { PackReport } from "./pack-report.ts";
import { timeText } from "./row.ts";

const FINDINGS_SHOWN = 30;

export function packReportText(report: PackReport): string {
  const { place, verdict, parameters, findings, criteria, signOffs, reviewed, notes, evidence } = report;
  const head =
    verdict === "intact"
      ? `intact: ${place}: every population, sample and exception follows from the records`
      : `${verdict.toUpperCase()}: ${place}`;
  const lines = [
    head,
    ...findings.slice(0, FINDINGS_SHOWN).map(({ kind, file, detail }) => `  ${kind}: ${file}: ${detail}`),
    ...(findings.length > FINDINGS_SHOWN ? [`  and ${findings.length - FINDINGS_SHOWN} more`] : []),
    ...periodLines(report),
    ...criteria.map(
      ({ id, population, sample, exceptions }) =>
        `  ${id}: population ${population}, sample ${sample}, exceptions ${exceptions}`,
    ),
    ...(parameters === null
      ? []
      : [report.signer === null ? "  manifest not signed" : `  manifest signed by ${report.signer}`]),
    ...signOffs.map(
      ({ reviewer, decision, rows, time, keyGiven }) =>
        `  sign-off of ${reviewer}: ${decision} ${rows} lines, ${timeText(time)}, ${keyGiven ? "by a key that you named" : "by a key that you did not name (--reviewer-key)"}`,
    ),
    ...(reviewed === null || reviewed.lines === 0
      ? []
      : [`  access review: ${reviewed.lines} lines, ${reviewed.undecided} without a decision`]),
    ...notes.map((note) => `note: ${note}`),
  ];
  const records = evidence === null ? "" : `records: ${ledgerReportText(evidence)}`;
  return `${lines.map(visible).join("\n")}\n${records}`;
}

function periodLines({ parameters }: PackReport): readonly string[] {
  if (parameters === null) return [];
  const { period, clusters, environments, namespaces } = parameters;
  const places = [...clusters, ...environments, ...namespaces].join(", ") || "all places";
  return [
    `period ${timeText(period.fromMs)} to ${timeText(period.toMs)} (${period.from} to ${period.to} in ${period.zone}), ${places}`,
  ];
}

/** Names come from what is verified: none may steer a terminal. */
function visible(line: string): string {
  return line.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "\u00b7");
}
