// What a verification of evidence or of a collector's folder has found.
import type { EXIT_CODES, FindingKind } from "../audit/exit-codes.ts";
import type { Finding } from "../audit/findings.ts";
import type { KeySummary } from "./chain-keys.ts";
import type { NumberRun } from "./chain-progress.ts";

export interface WitnessSummary {
  readonly name: string;
  /** When it signed, in seconds since the epoch; null when the checkpoint carries no signature of it. */
  readonly timeSeconds: number | null;
}

export interface LogSummary {
  readonly origin: string;
  readonly size: number;
  /** In hex. */
  readonly root: string;
  /** The verifier key of the checkpoint's signature; null when there is none to go by. */
  readonly key: string | null;
  /** The key was handed in by whoever verifies, not taken from what is verified. */
  readonly keyGiven: boolean;
  readonly witnesses: readonly WitnessSummary[];
  /** Sizes of earlier checkpoints that it was shown to go on from. */
  readonly goesOnFrom: readonly number[];
}

export interface ChainReport {
  readonly chain: string;
  readonly cluster: string;
  readonly environment: string;
  readonly namespace: string;
  /** Null when nothing of it was found. */
  readonly first: number | null;
  readonly last: number | null;
  readonly lastHash: string | null;
  readonly records: number;
  readonly segments: number;
  /** As the log says, at the time of the checkpoint. */
  readonly end: "open" | "closed" | "unclosed";
  readonly keys: readonly KeySummary[];
  /** Runs that the log accounts for as never arrived or deleted. */
  readonly absent: readonly NumberRun[];
  /** Records of another content that were offered for a number of this chain and refused. */
  readonly forksRefused: number;
}

export interface LedgerReport {
  readonly what: "evidence" | "ledger" | "record";
  readonly place: string;
  readonly bytes: number;
  readonly segments: number;
  readonly records: number;
  readonly log: LogSummary | null;
  /** When the evidence was made, in milliseconds since the epoch, and for what selection. */
  readonly made: { readonly at: number; readonly selection: Readonly<Record<string, unknown>> } | null;
  readonly chains: readonly ChainReport[];
  /** Records or, for faults of other things, those things, per kind. */
  readonly counts: Readonly<Record<FindingKind, number>>;
  /** The first hundred of each kind. */
  readonly findings: readonly Finding[];
  readonly notes: readonly string[];
  readonly verdict: keyof typeof EXIT_CODES;
  readonly exitCode: number;
}

/** What whoever verifies knows from elsewhere. */
export interface Trust {
  /** Verifier key of the log. */
  readonly logKey?: string;
  /** A checkpoint seen earlier, as a signed note. */
  readonly olderCheckpoint?: string;
  /** Verifier keys of witnesses whose signatures the checkpoint must carry. */
  readonly witnessKeys?: readonly string[];
}
