// A pack out of an evidence file and what was asked for: all files but the evidence itself. The same input gives the same bytes, which is
// how a pack is verified.
import { canonicalJson } from "../audit/canonical-json.ts";
import type { LedgerReport } from "../ledger/ledger-report.ts";
import type { ReadAt } from "../ledger/tar.ts";
import { readGrants } from "./access-review.ts";
import { chainColumns } from "./chain-rows.ts";
import { criteria } from "./criteria.ts";
import { recordIdsOf, reportOn } from "./criterion-files.ts";
import { deriveTables } from "./derive-tables.ts";
import { EvidencePackError } from "./evidence-pack-error.ts";
import { type EvidenceOpening, evidenceParts } from "./evidence-records.ts";
import { oscalResults } from "./oscal.ts";
import type { PackContent } from "./pack-content.ts";
import { packNames } from "./pack-names.ts";
import { type PackParameters, scopeOf } from "./pack-parameters.ts";
import { checkTexts, pdfReport } from "./pdf-report.ts";
import { recordProofs } from "./record-proofs.ts";
import { writeCsv } from "./write-csv.ts";

export interface PackSource {
  readonly parameters: PackParameters;
  readonly generatorVersion: string;
  readonly read: ReadAt;
  /** Of the evidence, as its verifier has found it. */
  readonly evidence: LedgerReport;
  readonly evidenceSha256: string;
  /** A CSV of the databases' grants. */
  readonly grants: Buffer | null;
}

export interface MadePack {
  readonly content: PackContent;
  /** By path, in the order of their names; without the evidence and the manifest. */
  readonly files: ReadonlyMap<string, Buffer>;
}

/** @throws EvidencePackError, LedgerError */
export async function makePack(source: PackSource): Promise<MadePack> {
  const { read, evidence, grants } = source;
  // As a manifest gives them back: the order of members shows in the files.
  const parameters: PackParameters = JSON.parse(canonicalJson(source.parameters));
  const opening = openingOf(read);
  const known = grants === null ? null : readGrants(grants.toString());
  const tables = deriveTables(read, evidence, scopeOf(parameters), known);
  const chosen = criteria.filter(({ id }) => parameters.criteria.includes(id));
  const reports = chosen.map((criterion) => reportOn(criterion, tables, parameters, opening.manifest.log.root));
  const { generatorVersion, evidenceSha256 } = source;
  const content: PackContent = {
    ...{
      parameters,
      generatorVersion,
      opening,
      evidence,
      evidenceSha256,
      grantsGiven: grants !== null,
      tables,
      reports,
    },
  };
  const files = new Map<string, Buffer>();
  for (const { criterion, files: own } of reports)
    for (const [name, bytes] of own) files.set(`${criterion.id}/${name}`, bytes);
  files.set(packNames.completeness, writeCsv(chainColumns, tables.chains));
  if (grants !== null) files.set(packNames.grants, grants);
  const sampled = reports.flatMap(({ criterion, sample }) =>
    sample.flatMap(({ row }) => recordIdsOf(criterion.population.from, row)),
  );
  for (const [id, proof] of await recordProofs(read, new Set(sampled)))
    files.set(packNames.proof(id), Buffer.from(proof));
  files.set(packNames.oscal, oscalResults(content, new Map(files)));
  files.set(packNames.pdf, await pdfReport(content));
  files.set(packNames.readme, readme(content));
  return { content, files: new Map([...files].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))) };
}

function openingOf(read: ReadAt): EvidenceOpening {
  for (const part of evidenceParts(read)) if (part.part === "opening") return part.opening;
  throw new EvidencePackError("evidence", "the evidence has no checkpoint");
}

function readme({ parameters, opening, reports }: PackContent): Buffer {
  const { period } = parameters;
  const lines = [
    `SOC 2 evidence of database activity, ${period.from} to ${period.to} (${period.zone}), log ${opening.manifest.log.origin}`,
    "",
    "report.pdf                         to read",
    "<criterion>/population.csv         all rows that the criterion is about",
    "<criterion>/sample.csv             the sample, by rank",
    "<criterion>/exceptions.csv         rows to look at, with the test that found them",
    "<criterion>/report.json            query, counts, hashes, seed",
    "completeness.csv                   what is missing, chain by chain",
    "oscal/assessment-results.json      the same for tools (OSCAL 1.1.3)",
    "proofs/<chain>-<number>.json       the record behind a sampled row, with its proof: weir verify takes it",
    "records.weir-evidence              all records, with their proofs: weir verify takes it",
    "inputs/                            what was given beside the records",
    "sign-offs/                         what reviewers decided, signed",
    "manifest.json, manifest.note       what was asked for and each file's SHA-256; who signed it",
    "",
    ...reports.map(
      ({ criterion, population, sample, exceptions }) =>
        `${criterion.id}: ${population.length} in the population, ${sample.length} sampled, ${exceptions.length} exceptions`,
    ),
    "",
    ...checkTexts,
  ];
  return Buffer.from(`${lines.join("\n")}\n`);
}
