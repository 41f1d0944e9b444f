// Checks a pack offline and trusts nothing in it but its evidence, once that has been verified: everything else is made again from the
// records and compared.
import { createHash } from "node:crypto";
import { LedgerError } from "../ledger/ledger-error.ts";
import type { LedgerReport, Trust } from "../ledger/ledger-report.ts";
import { verifyEvidence } from "../ledger/verify-evidence.ts";
import { compareFiles } from "./compare-files.ts";
import { coverageFault } from "./coverage.ts";
import { EvidencePackError } from "./evidence-pack-error.ts";
import { type MadePack, makePack } from "./make-pack.ts";
import { contentOfPart, type OpenPack, type PackPart } from "./open-pack.ts";
import {
  checkManifestNote,
  MANIFEST_BYTES_MAX,
  type PackManifest,
  packManifest,
  parsePackManifest,
} from "./pack-manifest.ts";
import { packNames } from "./pack-names.ts";
import { isPeriodTrue } from "./pack-parameters.ts";
import { PACK_EXIT_CODES, type PackFinding, type PackFindingKind, type PackReport } from "./pack-report.ts";
import { checkSignOffs } from "./sign-offs.ts";

export interface PackTrust extends Trust {
  /** Verifier keys of reviewers, beside whose no sign-off counts. */
  readonly reviewerKeys?: readonly string[];
  /** What the auditor said that the sample is to be drawn with. */
  readonly seed?: string;
}

/** `version`: of this program. @throws LedgerError `malformed` when what is handed in to trust is no key or checkpoint */
export async function verifyPack(
  place: string,
  pack: OpenPack,
  trust: PackTrust,
  version: string,
): Promise<PackReport> {
  const findings: PackFinding[] = pack.faults.map((detail) => ({ kind: "stranger", file: place, detail }));
  const notes: string[] = [];
  const tell = (kind: PackFindingKind, file: string, detail: string) => void findings.push({ kind, file, detail });
  const source = pack.parts.get(packNames.manifest);
  const manifestBytes = source === undefined || source.bytes > MANIFEST_BYTES_MAX ? null : contentOfPart(source);
  const manifest = manifestBytes === null ? null : parsePackManifest(manifestBytes);
  const evidencePart = pack.parts.get(packNames.evidence);
  const evidence = evidencePart === undefined ? null : verifyEvidence(sourceOf(place, evidencePart), trust);
  const base = { what: "pack", place, evidence, findings, notes } as const;
  const none = { signer: null, criteria: [], signOffs: [], reviewed: null } as const;
  if (evidence === null) tell("stranger", packNames.evidence, "the records are not there: nothing else can be checked");
  if (manifest === null || manifestBytes === null)
    tell("manifest", packNames.manifest, "it has not the form of a manifest: what was asked for is not known");
  const signer = manifestBytes === null ? null : signerOf(pack, manifestBytes, tell, notes);
  const parameters = manifest?.parameters ?? null;
  const told = { ...base, ...none, parameters, generatorVersion: manifest?.generator.version ?? null, signer };
  if (manifest === null || manifestBytes === null || evidencePart === undefined || evidence?.verdict !== "intact")
    return concluded(told, evidence);
  const made = await madeAgain({ pack, manifest, evidencePart, evidence, version, tell, notes });
  if (made === null) return concluded(told, evidence);
  const evidenceFile = { path: packNames.evidence, bytes: evidencePart.bytes, sha256: made.content.evidenceSha256 };
  compareFiles({ pack, manifest, made, evidenceFile, seed: trust.seed ?? null }, tell);
  if (!packManifest(made, evidenceFile).equals(manifestBytes) && findings.length === 0)
    tell("manifest", packNames.manifest, "it does not say of log and files what follows from the evidence");
  if (manifest.parameters.sample.seed !== null)
    notes.push(`the seed of the samples was chosen: ${JSON.stringify(manifest.parameters.sample.seed)}`);
  const signOffs = checkSignOffs(pack, manifestBytes, made.content.tables.access, trust.reviewerKeys ?? null, tell);
  const criteria = made.content.reports.map(({ criterion, population, sample, exceptions }) => ({
    ...{ id: criterion.id, population: population.length, sample: sample.length, exceptions: exceptions.length },
  }));
  return concluded({ ...told, ...signOffs, criteria }, evidence);
}

function concluded(report: Omit<PackReport, "verdict" | "exitCode">, evidence: LedgerReport | null): PackReport {
  if (evidence !== null && evidence.verdict !== "intact")
    return { ...report, verdict: evidence.verdict, exitCode: evidence.exitCode };
  const kinds = Object.keys(PACK_EXIT_CODES) as PackFindingKind[];
  const gravest = kinds.find((kind) => report.findings.some((finding) => finding.kind === kind));
  return gravest === undefined
    ? { ...report, verdict: "intact", exitCode: 0 }
    : { ...report, verdict: gravest, exitCode: PACK_EXIT_CODES[gravest] };
}

type Tell = (kind: PackFindingKind, file: string, detail: string) => void;

function signerOf(pack: OpenPack, manifest: Buffer, tell: Tell, notes: string[]): string | null {
  const part = pack.parts.get(packNames.manifestNote);
  if (part === undefined) {
    notes.push("nobody has signed the manifest: who made the pack is only said");
    return null;
  }
  const checked = checkManifestNote(manifest, contentOfPart({ ...part, bytes: Math.min(part.bytes, 64 * 1024) }));
  if (checked.ok) return checked.signer.vkey;
  tell("manifest", packNames.manifestNote, checked.why);
  return null;
}

interface Remake {
  readonly pack: OpenPack;
  readonly manifest: PackManifest;
  readonly evidencePart: PackPart;
  readonly evidence: LedgerReport;
  readonly version: string;
  readonly tell: Tell;
  readonly notes: string[];
}

async function madeAgain({
  pack,
  manifest,
  evidencePart,
  evidence,
  version,
  tell,
  notes,
}: Remake): Promise<MadePack | null> {
  const { parameters, generator } = manifest;
  if (!isPeriodTrue(parameters.period))
    tell("period", packNames.manifest, "its times are not those of the period as it was written");
  const grants = pack.parts.get(packNames.grants);
  if (generator.version !== version)
    notes.push(
      `made by weir ${generator.version}, checked by ${version}: what differs may come from that; check it with ${generator.version}, too`,
    );
  try {
    const made = await makePack({
      parameters,
      generatorVersion: generator.version,
      read: evidencePart.read,
      evidence,
      evidenceSha256: sha256Of(evidencePart),
      grants: grants === undefined ? null : contentOfPart(grants),
    });
    const fault = coverageFault(made.content.opening.manifest, parameters);
    if (fault !== null) tell("period", packNames.manifest, fault);
    return made;
  } catch (cause) {
    if (!(cause instanceof EvidencePackError) && !(cause instanceof LedgerError)) throw cause;
    tell("manifest", packNames.manifest, `nothing can be made from what it names: ${cause.message}`);
    return null;
  }
}

export function sourceOf(place: string, { bytes, read }: PackPart) {
  return { place, bytes, read };
}

const CHUNK = 1024 * 1024;

/** In hex. */
export function sha256Of({ bytes, read }: PackPart): string {
  const digest = createHash("sha256");
  const chunk = Buffer.alloc(CHUNK);
  for (let at = 0; at < bytes; ) {
    const count = read(chunk.subarray(0, Math.min(CHUNK, bytes - at)), at);
    if (count === 0) break;
    digest.update(chunk.subarray(0, count));
    at += count;
  }
  return digest.digest("hex");
}
