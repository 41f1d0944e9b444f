// All that a pack says, before it is written in any form.
import type { LedgerReport } from "../ledger/ledger-report.ts";
import type { CriterionReport } from "./criterion-files.ts";
import type { EvidenceOpening } from "./evidence-records.ts";
import type { PackParameters } from "./pack-parameters.ts";
import type { Tables } from "./row.ts";

export interface PackContent {
  readonly parameters: PackParameters;
  /** Of the product. */
  readonly generatorVersion: string;
  readonly opening: EvidenceOpening;
  /** Of the evidence file, which was intact. */
  readonly evidence: LedgerReport;
  readonly evidenceSha256: string;
  readonly grantsGiven: boolean;
  readonly tables: Tables;
  readonly reports: readonly CriterionReport[];
}
