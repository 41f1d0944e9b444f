// What a token says that its bearer may do at most (RFC 9396, `authorization_details` of type `weir`). Grants only narrow: a
// statement needs one that covers it, and every policy still applies.

export const ACTIONS = ["read", "insert", "update", "delete"] as const;
export type Action = (typeof ACTIONS)[number];

export interface Grant {
  /** `namespace/name` of GovernedDatabases, `*` for any run of characters; null: all. */
  readonly databases: readonly string[] | null;
  /** null: everything that a statement can do. */
  readonly actions: readonly Action[] | null;
  /** `schema.table`, `*` for any run of characters; null: all. */
  readonly tables: readonly string[] | null;
  /** Rows that one statement may return; null: any number. */
  readonly rowsMax: number | null;
  /** Milliseconds since the Unix epoch; null: as long as the token. */
  readonly notAfterMs: number | null;
}
