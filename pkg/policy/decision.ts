// The outcome of a decision, as data that the gate acts on.
import type { Permit } from "./permit.ts";

export interface RuleRef {
  /** `namespace/name` of a DataPolicy, `name` of a ClusterDataPolicy. */
  readonly policy: string;
  /** Guard name, or "mask", "predicates", "laundering", "not-understood", "functions", "statement", "setting", "explain", "audit". */
  readonly rule: string;
}

export const METHODS = [
  "Null",
  "Default",
  "Redact",
  "Token",
  "Encrypt",
  "Fake",
  "Bucket",
  "Round",
  "TruncateDate",
  "ShiftDate",
  "Partial",
] as const;
export type MethodName = (typeof METHODS)[number];

/** How one class is hidden. Parameters as the resource spells them, validated by `resources`. */
export interface MaskMethod {
  readonly method: MethodName;
  readonly parameters: Readonly<Record<string, string | number | boolean>>;
  readonly class: string;
  /** Names the key to derive (the class, or the root column of a foreign key), so that joins hold. */
  readonly keyName: string;
  readonly rule: RuleRef;
}

/** How one output column leaves. */
export type ColumnMask =
  /** `subject`: for ShiftDate, position (0-based) of an unchanged copy of the subject column in the row; absent: Default. */
  | { readonly apply: "method"; readonly mask: MaskMethod; readonly subject?: number }
  /** A derived or not understood value: replaced whole by its type's Default. */
  | { readonly apply: "default"; readonly class: string; readonly rule: RuleRef }
  /** A json document with protected parts: every path gets its own method; what cannot be walked becomes Default. */
  | {
      readonly apply: "paths";
      readonly paths: readonly { readonly path: readonly string[]; readonly mask: MaskMethod }[];
    };

/** Per output column, null for one that leaves unchanged. `columns: null`: nothing is masked. */
export interface MaskPlan {
  readonly columns: readonly (ColumnMask | null)[] | null;
}

/** `rowsOver` on reads: rows of this statement that may leave. */
export interface RowLimit {
  readonly rows: number;
  readonly refusal: Refusal;
}

/** `rowsOver` on writes: changed rows are counted inside the transaction, and what is above the limit is rolled back. */
export interface WriteLimit {
  /** A share is of `reltuples`, of the smallest of the tables written (OIDs); not known counts as exceeded. */
  readonly rows: number | { readonly share: number; readonly tables: readonly number[] };
  /** An update that moves a row to another partition is a delete and an insert, so updates and deletes count together. */
  readonly counts: { readonly inserted: boolean; readonly changed: boolean };
  readonly refusal: Refusal;
}

/** What the client is told. `code` 42501, 53400, WR001..3. */
export interface Refusal {
  readonly rule: RuleRef;
  readonly sqlstate: string;
  readonly message: string;
  readonly detail: string;
  readonly hint: string;
}

export interface Warning {
  readonly rule: RuleRef;
  readonly message: string;
}

/** A masked column that a statement assigns. */
export interface StoredColumn {
  /** `schema.table.column`. */
  readonly name: string;
  readonly column: string;
  readonly class: string;
  /** The policy that masks it. */
  readonly policy: string;
}

interface Common {
  /** Every rule that matched, for the record. */
  readonly matched: readonly RuleRef[];
  /** Rules of Observe policies that would have refused or masked, with what they would have done. */
  readonly observed: readonly RuleRef[];
  /** Sent to the client as NOTICE. */
  readonly warnings: readonly Warning[];
  /** Whether masks counted (nothing-protected.ts). */
  readonly masksWere: MasksWere;
}

/** `lifted`: nothing is protected. `unconfirmed`: they changed the decision, and may not if nothing turns out to be protected. */
export type MasksWere = "in force" | "lifted" | "unconfirmed";

export interface Allow extends Common {
  readonly verdict: "allow";
  readonly permit: Permit;
  readonly masks: MaskPlan;
  readonly rowLimit: RowLimit | null;
  /** All of them hold. */
  readonly writeLimits: readonly WriteLimit[];
  /** The principal is under a mask and the statement touches a class: errors and notices are scrubbed (rule R12). */
  readonly scrub: boolean;
  /** A mask on this database concerns this principal, so the second witness (RowDescription) is asked. */
  readonly witness: boolean;
  /**
   * OIDs of relations that must still be what the facts were made of when it runs. Empty: all that its text names are such as the
   * principal may not alter, or nothing protected is read.
   */
  readonly pins: readonly number[];
  /** Columns that it assigns and that are masked for the principal: no masked value goes there. */
  readonly stores: readonly StoredColumn[];
  /** What happens when the record of this decision cannot be written (`audit.onFailure`, invariant 2). */
  readonly onAuditFailure: "Deny" | "Allow";
  /** `Node`: the record must survive the machine, so its write is synchronised to disk (`audit.durability`). */
  readonly durability: "Process" | "Node";
}

export interface Refuse extends Common {
  readonly verdict: "refuse";
  readonly refusal: Refusal;
}

export type Decision = Allow | Refuse;
