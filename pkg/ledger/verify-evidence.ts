// Checks an evidence file as a stranger would (docs/evidence.md), in one go and in memory that grows with the number of chains and keys, not
// with the records. No network, no clock, nothing but the file and what whoever verifies hands in.
import { EXIT_CODES } from "../audit/exit-codes.ts";
import { Findings } from "../audit/findings.ts";
import { trustedKeys } from "./checkpoint-check.ts";
import { evidenceNames } from "./evidence.ts";
import { judgeOpening, type Opening } from "./evidence-opening.ts";
import { EvidenceVerifier } from "./evidence-verifier.ts";
import type { LedgerReport, Trust } from "./ledger-report.ts";
import { MANIFEST_BYTES_MAX } from "./manifest.ts";
import { contentOf, type ReadAt, type TarFault, type TarMember, tarMembers } from "./tar.ts";

const openingNames = [evidenceNames.manifest, evidenceNames.manifestNote, evidenceNames.checkpoint];

export interface EvidenceSource {
  readonly place: string;
  readonly bytes: number;
  readonly read: ReadAt;
}

/** Whether the file begins as evidence does. */
export function looksLikeEvidence(begin: Buffer): boolean {
  const name = `${evidenceNames.manifest}\0`;
  return begin.toString("latin1", 0, name.length) === name;
}

/** @throws LedgerError `malformed` when what is handed in to trust is no key or checkpoint */
export function verifyEvidence(source: EvidenceSource, trust: Trust = {}): LedgerReport {
  const trusted = trustedKeys(trust);
  const findings = new Findings();
  const members = tarMembers(source.read);
  const { parts, step } = readOpening(members);
  const opening = judgeOpening(parts, trusted, findings);
  const verifier = opening === null ? null : new EvidenceVerifier(opening, trusted.older, findings);
  const fault = verifyMembers(members, step, verifier);
  if (fault !== null) tellTarFault(fault, findings);
  else if (parts.length < openingNames.length)
    findings.add("missing", { file: openingNames[parts.length]!, line: null }, "it does not stand where it must");
  verifier?.end(fault?.why === "cut");
  return reportOf(source, findings, opening, verifier, trusted.log !== null);
}

/** What is said of a file that cannot be read at all. */
export function unreadable(place: string, note: string): LedgerReport {
  const source = { place, bytes: 0, read: () => 0 };
  return { ...reportOf(source, new Findings(), null, null, false), notes: [note] };
}

type Members = Generator<TarMember, TarFault | null>;
type Step = IteratorResult<TarMember, TarFault | null>;

/** As many of the first members as have their names, and what comes then. */
function readOpening(members: Members): { readonly parts: Buffer[]; readonly step: Step } {
  const parts: Buffer[] = [];
  let step = members.next();
  for (const name of openingNames) {
    const content = step.done || step.value.name !== name ? null : contentOf(step.value, MANIFEST_BYTES_MAX);
    if (content === null) break;
    parts.push(content);
    step = members.next();
  }
  return { parts, step };
}

function verifyMembers(members: Members, begin: Step, verifier: EvidenceVerifier | null): TarFault | null {
  let step = begin;
  for (; !step.done; step = members.next()) verifier?.member(step.value);
  return step.value;
}

function tellTarFault({ why, offset }: TarFault, findings: Findings): void {
  const place = { file: `byte ${offset}`, line: null };
  if (why === "cut") findings.add("truncated", place, "the file ends here, before its end mark: it was cut short");
  else
    findings.add(
      "altered",
      place,
      why === "header" ? "no header of a member as evidence has them" : "bytes that must not be there",
    );
}

function reportOf(
  { place, bytes }: EvidenceSource,
  findings: Findings,
  opening: Opening | null,
  verifier: EvidenceVerifier | null,
  keyGiven: boolean,
): LedgerReport {
  const verdict = findings.gravest() ?? (opening === null ? "unreadable" : "intact");
  return {
    what: "evidence",
    place,
    bytes,
    segments: verifier?.segments ?? 0,
    records: verifier?.records ?? 0,
    log:
      opening === null
        ? null
        : {
            origin: opening.manifest.log.origin,
            size: opening.manifest.log.size,
            root: opening.manifest.log.root,
            key: opening.key?.vkey ?? null,
            keyGiven,
            witnesses: opening.witnesses,
            goesOnFrom: verifier?.goesOnFrom ?? [],
          },
    made: opening === null ? null : { at: opening.manifest.madeAt, selection: opening.manifest.selection },
    chains: verifier?.reports() ?? [],
    counts: findings.counts,
    findings: findings.kept,
    notes:
      opening !== null && opening.checkpoint === null
        ? ["proofs were not checked: there is no checkpoint that they could lead to"]
        : [],
    verdict,
    exitCode: EXIT_CODES[verdict],
  };
}
