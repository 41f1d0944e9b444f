// What is known of one expression's value: where it comes from, its type, and what RowDescription would say of it.
import type { Lineage, Origin } from "../facts.ts";
import { CLEAN } from "./label.ts";
import type { RangeItem, ScopeColumn } from "./scope.ts";

/** A computed column's origin, as the server reports it. */
export const COMPUTED: Origin = Object.freeze({ table: 0, column: 0 });

export interface Value {
  readonly lineage: Lineage;
  /** Type OID; 705 (`unknown`) for a literal whose context decides, 0 when not known. */
  readonly type: number;
  /** -1 when there is none. */
  readonly typmod: number;
  /** null when not predicted. */
  readonly origin: Origin | null;
  /** `constant`: literals and parameters, casts of them included. `column`: a bare reference. */
  readonly shape: "constant" | "column" | "computed";
  /** The fields of a row, where they are known. */
  readonly fields?: readonly ScopeColumn[];
  /** The FROM item of a bare column. */
  readonly item?: RangeItem;
  /** Set for a whole-row reference: `(t).x` is then the column itself, system columns included. */
  readonly wholeRow?: RangeItem;
}

/** A literal or parameter. */
export function constant(type: number): Value {
  return { lineage: CLEAN, type, typmod: -1, origin: COMPUTED, shape: "constant" };
}

/** The result of an expression. */
export function computed(lineage: Lineage, type: number, fields?: readonly ScopeColumn[]): Value {
  const value = { lineage, type, typmod: -1, origin: COMPUTED, shape: "computed" } as const;
  return fields === undefined ? value : { ...value, fields };
}
