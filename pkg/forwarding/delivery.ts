// Records on their way to somebody else's system. A batch is delivered again, the same with the same numbers, until it is taken: nothing
// is lost unnoticed, and who sees a number twice knows that it is a repeat.

export interface Forwarded {
  /** Of this destination, without gaps: a hole is a loss, a second one a repeat. */
  readonly sequence: number;
  /** `chain/number`, the same for ever. */
  readonly uid: string;
  readonly timeMs: number;
  /** The record's exact bytes. */
  readonly bytes: Buffer;
  /** The record as an OCSF event that needs no other: facts in full, and its sequence here. */
  readonly event: Readonly<Record<string, unknown>>;
}

export type Delivered =
  | { readonly as: "taken" }
  /** `afterMs`: how long the other side asked to wait. */
  | { readonly as: "again"; readonly why: string; readonly afterMs: number | null }
  /** It will never take this. */
  | { readonly as: "refused"; readonly why: string };

export interface Delivery {
  /** Never throws. Texts hold no token and nothing of a record. */
  deliver(batch: readonly Forwarded[], signal: AbortSignal): Promise<Delivered>;
  close(): void;
}
