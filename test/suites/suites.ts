// Which suites there are, and the ways in which each is run.
export const SUITES = ["regression", "isolation", "pipeline", "pgx", "psycopg2", "jdbc", "node-postgres"] as const;
export type Suite = (typeof SUITES)[number];

export const WAYS = ["direct", "empty", "harmless"] as const;
export type Way = (typeof WAYS)[number];

/** A mask for everybody over a table that no suite makes. */
export const HARMLESS = `apiVersion: weir.dev/v1alpha1
kind: DataPolicy
metadata: {name: harmless, namespace: shop}
spec:
  classify:
    - {columns: ["public.customers_of_nobody.email"], class: PII.EMAIL}
  mask:
    - {classes: ["PII.*"], method: Partial}
  whereNothingMatches: Allow
`;
