// What a verification of a pack has found.
import type { LedgerReport } from "../ledger/ledger-report.ts";
import type { PackParameters } from "./pack-parameters.ts";

/**
 * From gravest to mildest, with what `weir verify` ends with. `period`: the pack claims another period or place than the evidence covers or
 * its files speak of. `seed`, `sample`: the sample is not the one that the seed gives. `exceptions`, `population`, `completeness`: a list is
 * not the one that the records give. `proof`, `statement`, `document`: the same of proofs, of a criterion's report, of PDF, OSCAL and README.
 * `sign-off`: one does not hold. `manifest`: it is not what it must be, or badly signed. `stranger`: a file too few or too many.
 */
export const PACK_EXIT_CODES = {
  period: 20,
  seed: 21,
  population: 22,
  sample: 23,
  exceptions: 24,
  completeness: 25,
  statement: 26,
  proof: 27,
  document: 28,
  "sign-off": 29,
  manifest: 30,
  stranger: 31,
} as const;

export type PackFindingKind = keyof typeof PACK_EXIT_CODES;

export interface PackFinding {
  readonly kind: PackFindingKind;
  readonly file: string;
  readonly detail: string;
}

export interface CriterionSummary {
  readonly id: string;
  readonly population: number;
  readonly sample: number;
  readonly exceptions: number;
}

export interface SignOffSummary {
  readonly reviewer: string;
  readonly decision: "keep" | "revoke";
  readonly rows: number;
  readonly time: number;
  /** The reviewer's key was handed in by whoever verifies. */
  readonly keyGiven: boolean;
}

export interface PackReport {
  readonly what: "pack";
  readonly place: string;
  /** Null when it was not even looked at. */
  readonly evidence: LedgerReport | null;
  readonly parameters: PackParameters | null;
  readonly generatorVersion: string | null;
  /** Who signed the manifest; null when nobody did. */
  readonly signer: string | null;
  readonly criteria: readonly CriterionSummary[];
  readonly signOffs: readonly SignOffSummary[];
  /** Lines of the access review, and how many of them have no decision. */
  readonly reviewed: { readonly lines: number; readonly undecided: number } | null;
  readonly findings: readonly PackFinding[];
  readonly notes: readonly string[];
  readonly verdict: string;
  readonly exitCode: number;
}
