// A record as a form: runs of bytes that stay the same while a statement runs again, and between them the places where one record of it
// differs from the next.

export type Slot =
  | "statement"
  | "number"
  | "time"
  | "previous"
  | "facts"
  | "traceparent"
  | "sqlstate"
  | "durationUs"
  | "maskedCells"
  | "rows";

export interface Form {
  /** One more than there are slots: each slot stands behind the run of its place. */
  readonly runs: readonly Buffer[];
  readonly slots: readonly Slot[];
}

export function formOf(parts: readonly (Buffer | Slot)[]): Form {
  const runs: Buffer[] = [];
  const slots: Slot[] = [];
  let run: Buffer[] = [];
  for (const part of parts) {
    if (typeof part !== "string") {
      run.push(part);
      continue;
    }
    runs.push(Buffer.concat(run));
    slots.push(part);
    run = [];
  }
  return { runs: [...runs, Buffer.concat(run)], slots };
}
