// What the chain says about itself: where a run begins, goes on or ends, and what is known to be missing from it.

/** The chain that ended in this folder before this one began, and how. */
export interface Predecessor {
  readonly chain: string;
  /** Last number found and its hash; null when not even one record could be read. */
  readonly number: number | null;
  readonly hash: string | null;
  /** The highest number known to have been written; above `number` when records were lost. */
  readonly knownNumber: number | null;
  /** `broken`: it is whole, and the collector does not take it. */
  readonly why: "damaged" | "lost" | "broken";
  /** Segment and line of the damage, how many records are missing, or what the collector said. */
  readonly detail: string;
}

export type ChainEvent =
  | {
      readonly event: "chain";
      readonly phase: "begin";
      readonly predecessor: Predecessor | null;
      readonly keyId: string;
    }
  /** A run goes on with the chain of an earlier one. `tornBytes`: of a record that a crash cut short, and that nobody was told was written. */
  | {
      readonly event: "chain";
      readonly phase: "resume";
      readonly cleanly: boolean;
      readonly tornBytes: number;
      readonly openDecisions: number;
      readonly keyId: string;
    }
  | { readonly event: "chain"; readonly phase: "close"; readonly reason: string }
  /** Events that could not be recorded while the spool was full or failing. */
  | {
      readonly event: "chain";
      readonly phase: "gap";
      readonly unrecorded: number;
      readonly sinceMs: number;
      readonly untilMs: number;
      readonly cause: string;
    };
