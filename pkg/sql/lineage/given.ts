// A value that is assigned to a column: where it comes from, and of which types, since turning those into the column's may run code.
import type { Lineage } from "../facts.ts";
import { CLEAN, either, unknown } from "./label.ts";

export interface Given {
  readonly lineage: Lineage;
  readonly types: readonly number[];
}

/** DEFAULT: the column's own. */
export const byDefault: Given = { lineage: CLEAN, types: [] };

/** Of columns that are not known. */
export const unknownValue: Given = { lineage: unknown("columns not known"), types: [] };

export function given({ lineage, type }: { readonly lineage: Lineage; readonly type: number }): Given {
  return { lineage, types: [type] };
}

/** One row's value or another's. */
export function eitherGiven(a: Given, b: Given): Given {
  const lineage = either(a.lineage, b.lineage);
  const types = b.types.every((type) => a.types.includes(type)) ? a.types : [...new Set([...a.types, ...b.types])];
  return { lineage, types };
}
