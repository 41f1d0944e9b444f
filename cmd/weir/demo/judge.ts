// Compares what came through the sidecar with what the same statement gives without it, and with what the script claims.
import type { Expectation } from "./script.ts";

export interface Rows {
  readonly columns: readonly string[];
  /** Cells as PostgreSQL writes them. */
  readonly rows: readonly (readonly (string | null)[])[];
}

export interface DatabaseError {
  readonly sqlstate: string;
  readonly message: string;
  readonly detail: string;
  readonly hint: string;
}

export type Answer =
  | { readonly kind: "rows"; readonly result: Rows }
  | { readonly kind: "error"; readonly error: DatabaseError };

/** Why `seen` is not what was claimed, or null when it is. `direct` is the answer without Weir, null for refused statements. */
export function difference(expected: Expectation, seen: Answer, direct: Answer | null): string | null {
  if (expected.outcome === "refused") return refusalDifference(expected, seen);
  if (seen.kind === "error") return `failed with ${seen.error.sqlstate}: ${seen.error.message}`;
  if (direct?.kind !== "rows") return "the direct connection gave no rows to compare with";
  if (expected.outcome === "clear") return rowsDifference(seen.result, direct.result, []);
  return (
    rowsDifference(seen.result, direct.result, expected.columns) ??
    secretShown(seen.result, direct.result, expected.secret)
  );
}

function refusalDifference(expected: Expectation & { outcome: "refused" }, seen: Answer): string | null {
  if (seen.kind === "rows") return `was not refused: ${seen.result.rows.length} rows came back`;
  const { sqlstate, message, detail, hint } = seen.error;
  if (sqlstate !== expected.sqlstate) return `failed with ${sqlstate} instead of ${expected.sqlstate}: ${message}`;
  const missing = expected.names.filter((name) => !`${message} ${detail} ${hint}`.includes(name));
  return missing.length === 0 ? null : `the error does not name ${missing.join(", ")}`;
}

function rowsDifference(seen: Rows, direct: Rows, masked: readonly string[]): string | null {
  if (seen.columns.join() !== direct.columns.join())
    return `columns are ${seen.columns.join()}, not ${direct.columns.join()}`;
  if (seen.rows.length !== direct.rows.length)
    return `${seen.rows.length} rows came back instead of ${direct.rows.length}`;
  const everything = JSON.stringify(seen.rows);
  for (const [row, cells] of direct.rows.entries()) {
    for (const [column, stored] of cells.entries()) {
      const name = direct.columns[column]!;
      const cell = seen.rows[row]![column]!;
      if (!masked.includes(name)) {
        if (cell !== stored) return `row ${row + 1}: ${name} was changed`;
      } else if (stored !== null && (cell === stored || everything.includes(JSON.stringify(stored)))) {
        return `row ${row + 1}: ${name} came back as it is stored`;
      }
    }
  }
  return null;
}

/** For a document of which only a part is protected: no part of a stored cell that `secret` finds may show anywhere. */
function secretShown(seen: Rows, direct: Rows, secret: RegExp | undefined): string | null {
  if (secret === undefined) return null;
  const everything = JSON.stringify(seen.rows);
  const found = direct.rows.flat().flatMap((cell) => secret.exec(cell ?? "")?.[0] ?? []);
  if (found.length === 0) return "nothing protected was stored, so this proves nothing";
  return found.some((value) => everything.includes(value))
    ? "a protected part of a document came back as it is stored"
    : null;
}
