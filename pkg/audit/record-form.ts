// A record as a form: runs of bytes that stay the same while a statement runs again, and between them the places where one record of it
// differs from the next.
import { lasting } from "./lasting-bytes.ts";

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
  /** Of all runs. */
  readonly bytes: number;
}

/** Its runs lie one behind the other in memory of their own. */
export function formOf(parts: readonly (Buffer | Slot)[]): Form {
  const kept = lasting(Buffer.concat(parts.filter((part) => typeof part !== "string")));
  const runs: Buffer[] = [];
  const slots: Slot[] = [];
  let [start, end] = [0, 0];
  for (const part of parts) {
    if (typeof part !== "string") {
      end += part.length;
      continue;
    }
    runs.push(kept.subarray(start, end));
    slots.push(part);
    start = end;
  }
  return { runs: [...runs, kept.subarray(start)], slots, bytes: kept.length };
}
