// A verification as text for an auditor: the verdict, who says what, and what none of this can show.
import { FINDING_KINDS } from "../audit/exit-codes.ts";
import type { ChainReport, LedgerReport, LogSummary } from "./ledger-report.ts";
import { isTime } from "./shapes.ts";

const FINDINGS_SHOWN = 20;
const CHAINS_SHOWN = 50;

/** Several lines, the verdict first, ending with a line break. */
export function ledgerReportText(report: LedgerReport): string {
  const { chains, counts, findings, notes } = report;
  const lines = [
    headline(report),
    ...FINDING_KINDS.filter((kind) => counts[kind] > 0).map((kind) => `  ${kind}: ${counts[kind]}`),
    ...findings.slice(0, FINDINGS_SHOWN).map(({ kind, place, detail }) => {
      const line = place.line === null ? "" : `:${place.line}`;
      return `    ${place.file}${line}: ${kind}: ${detail}`;
    }),
    ...more(findings.length - FINDINGS_SHOWN, "places"),
    ...madeLines(report),
    ...logLines(report.log),
    ...chains.slice(0, CHAINS_SHOWN).flatMap(chainLines),
    ...more(chains.length - CHAINS_SHOWN, "chains; --json has them all"),
    ...notes.map((note) => `note: ${note}`),
    ...limits(report),
  ];
  return `${lines.map(visible).join("\n")}\n`;
}

/** Names come from what is verified: what steers a terminal or turns the writing round is shown as a dot. */
function visible(line: string): string {
  return line.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "\u00b7");
}

/** A witness may sign any number as its time. */
function dateText(timeMs: number): string {
  return isTime(timeMs) ? new Date(timeMs).toISOString() : "a time that is none";
}

function headline({ verdict, place, records, segments, chains, log }: LedgerReport): string {
  if (verdict === "unreadable")
    return `unreadable: ${place}: it is not an evidence file, a record's proof or a collector's folder`;
  const size = `${records} records in ${segments} segments of ${chains.length} chains`;
  if (verdict !== "intact") return `${verdict.toUpperCase()}: ${place}: ${size}`;
  return log?.keyGiven === true
    ? `intact: ${place}: ${size}, under the log key that you named`
    : `intact: ${place}: ${size}, by its own log key, which you did not name`;
}

function more(count: number, what: string): string[] {
  return count > 0 ? [`    and ${count} more ${what}`] : [];
}

function madeLines({ made }: LedgerReport): string[] {
  if (made === null) return [];
  return [`evidence made ${dateText(made.at)} for ${JSON.stringify(made.selection)}`];
}

function logLines(log: LogSummary | null): string[] {
  if (log === null) return [];
  const { origin, size, root, key, keyGiven, witnesses, goesOnFrom } = log;
  const whose = keyGiven
    ? "which you named"
    : "which you did not name: compare it with the one that its owner publishes, and use --log-key";
  return [
    `log ${origin}: ${size} entries, root ${root}`,
    key === null ? "  signed: not checked" : `  signed by ${key}, ${whose}`,
    ...witnesses.map(({ name, timeSeconds }) =>
      timeSeconds === null ? `  not seen by ${name}` : `  seen by witness ${name} at ${dateText(timeSeconds * 1000)}`,
    ),
    ...goesOnFrom.map((older) => `  goes on from its checkpoint of ${older} entries`),
  ];
}

function chainLines(chain: ChainReport): string[] {
  const { cluster, namespace, environment, first, last, lastHash, records, segments, end, keys, absent, forksRefused } =
    chain;
  const from = `${cluster || "-"}/${namespace || "-"} (${environment || "-"})`;
  if (last === null) return [`chain ${chain.chain} of ${from}: nothing of it is here`];
  return [
    `chain ${chain.chain} of ${from}: numbers ${first} to ${last}, ${records} records in ${segments} segments, ${end}`,
    `  last hash ${lastHash}`,
    ...keys.map(
      ({ id, identity, registeredAt }) =>
        `  signed by key ${id}, registered ${dateText(registeredAt)} by ${who(identity)}`,
    ),
    ...absent.map(
      ({ from: begin, to }) =>
        `  numbers ${begin} to ${to}: not here; the log says that they were deleted in time or never arrived`,
    ),
    ...(forksRefused > 0
      ? [`  ${forksRefused} times another record was offered for a number of this chain, and refused`]
      : []),
  ];
}

function who(identity: Readonly<Record<string, string>>): string {
  return (
    Object.entries(identity)
      .map(([name, value]) => `${name} ${value}`)
      .join(", ") || "nobody named"
  );
}

function limits({ what, verdict }: LedgerReport): string[] {
  if (verdict === "unreadable") return [];
  const selected =
    what === "ledger"
      ? "that this is all that the collector ever held: compare checkpoints that others have kept (--checkpoint)"
      : "that nothing else exists: it speaks of the chains and numbers above, as its maker chose them";
  return [
    verdict === "intact"
      ? "This shows that the records are those that the sidecars wrote and the log took, whole, in order and unchanged. It does not show:"
      : "Whatever is wrong above, and also where nothing is, this does not show:",
    "  - that every statement was captured: that rests on traffic having no other way than through a sidecar",
    "  - that what a sidecar wrote is true: a sidecar whose machine is in other hands can write what it likes, under its own key",
    `  - ${selected}`,
    "  - when something happened: times are those of the machines that wrote them; only witnesses' times come from elsewhere",
  ];
}
