// A verification as text for people.
import { FINDING_KINDS } from "./exit-codes.ts";
import type { Finding } from "./findings.ts";
import type { VerifyReport } from "./verify.ts";

const FINDINGS_SHOWN = 20;

/** Several lines, the verdict first, ending with a line break. */
export function verifyReportText(report: VerifyReport): string {
  const lines = [
    headline(report),
    ...report.chains.map(
      ({ chain, first, last, lastHash, closed }) =>
        `  chain ${chain}: ${first} to ${last}, ${closed ? "closed" : "not closed"}, last hash ${lastHash}`,
    ),
    ...FINDING_KINDS.filter((kind) => report.counts[kind] > 0).map((kind) => `  ${kind}: ${report.counts[kind]}`),
    ...report.findings.slice(0, FINDINGS_SHOWN).map(findingLine),
    ...(report.findings.length > FINDINGS_SHOWN
      ? [`    and ${report.findings.length - FINDINGS_SHOWN} more places`]
      : []),
    ...report.notes.map((note) => `  note: ${note}`),
  ];
  return `${lines.join("\n")}\n`;
}

function headline(report: VerifyReport): string {
  const { folder, verdict, records, segments, bytes } = report;
  const size = `${records} records in ${segments} segments, ${bytes} bytes`;
  if (verdict === "intact") return `intact: ${folder}: ${size}`;
  if (verdict === "unreadable") return `unreadable: ${folder}`;
  return `${verdict.toUpperCase()}: ${folder}: ${size}`;
}

function findingLine({ kind, place, detail }: Finding): string {
  return `    ${place.file}${place.line === null ? "" : `:${place.line}`}: ${kind}: ${detail}`;
}
