// Whether any column has a name that patterns of a policy may mean, asked without loading the catalogue: one cheap query that answers a
// superset, whose rows the patterns themselves then decide about.
import { Fields } from "./fields.ts";
import type { CatalogQuery } from "./queries.ts";
import type { Rows } from "./rows.ts";
import { eq, FIRST_USER_OID, gt, jsonRow, number } from "./sql-text.ts";

/** `name` in lower case, `*` for any run of characters. */
export interface NameClaim {
  readonly schema: string;
  readonly table: string;
  readonly column: string;
}

/** A column whose name may be meant. */
export interface ClaimedColumn {
  readonly oid: number;
  readonly schema: string;
  readonly table: string;
  readonly attnum: number;
  readonly column: string;
}

/** As many rows say nothing: there may be more. */
export const CLAIMED_MAX = 2000;

/** null: it cannot be asked, because a pattern means the server's own schemas. */
export function claimQuery(claims: readonly NameClaim[]): CatalogQuery | null {
  if (claims.length === 0 || claims.some(({ schema }) => /^(pg_|information_schema$)/.test(schema))) return null;
  const byTable = claims.filter(({ table }) => !isAny(table));
  const byColumn = claims.filter(({ table, column }) => isAny(table) && !isAny(column));
  const bySchema = claims.filter(({ table, column }) => isAny(table) && isAny(column));
  const conditions = [
    ...condition(
      "c.relname",
      byTable.map(({ table }) => table),
    ),
    ...condition(
      "a.attname",
      byColumn.map(({ column }) => column),
    ),
    ...condition(
      "n.nspname",
      bySchema.map(({ schema }) => schema),
    ),
  ];
  const sql = conditions.map((each) => `(${columnsWhere(each)})`).join(" UNION ALL ");
  return { name: "claims", sql: `${sql} LIMIT ${CLAIMED_MAX}` };
}

/**
 * For a transaction that sees the catalogue as it was: one row for each table of a claimed name that is there now, since names are
 * looked up in what is current. null: some claim is no plain name. Rows that such a transaction sees in a table made since are none but
 * frozen ones.
 */
export function standingQuery(claims: readonly NameClaim[]): CatalogQuery | null {
  const plain = /^[a-z_][a-z0-9_]*$/;
  if (!claims.every(({ schema, table }) => plain.test(schema) && plain.test(table))) return null;
  // Nothing here reads rows of the catalogue, which the snapshot would hide. Code may have rights to a schema that its caller has not.
  const one = ({ schema, table }: NameClaim) => {
    const there = `pg_catalog.to_regnamespace('${schema}')`;
    return `SELECT 1 WHERE CASE WHEN ${there} IS NULL THEN false WHEN NOT pg_catalog.has_schema_privilege(${there}::pg_catalog.oid, 'USAGE') THEN true ELSE pg_catalog.to_regclass('${schema}.${table}') IS NOT NULL END`;
  };
  return { name: "standing claims", sql: [...new Set(claims.map(one))].join(" UNION ALL ") };
}

export function claimedColumns(rows: Rows): readonly ClaimedColumn[] {
  return rows.map((cells, row) => {
    const fields = Fields.of("claims", row, cells, 5);
    return {
      oid: fields.number(0),
      schema: fields.text(1),
      table: fields.text(2),
      attnum: fields.number(3),
      column: fields.text(4),
    };
  });
}

function columnsWhere(condition: string): string {
  const row = jsonRow([number("c.oid"), "n.nspname", "c.relname", "a.attnum", "a.attname"]);
  return [
    `SELECT ${row} FROM pg_catalog.pg_class c`,
    `JOIN pg_catalog.pg_namespace n ON n.oid ${eq} c.relnamespace`,
    `JOIN pg_catalog.pg_attribute a ON a.attrelid ${eq} c.oid`,
    `WHERE c.oid OPERATOR(pg_catalog.>=) '${FIRST_USER_OID}'::pg_catalog.oid AND a.attnum ${gt} 0 AND NOT a.attisdropped`,
    `AND ${condition}`,
  ].join(" ");
}

function condition(name: string, patterns: readonly string[]): readonly string[] {
  if (patterns.length === 0) return [];
  const likes = [...new Set(patterns.map(superset))].join(",");
  return [
    `pg_catalog.lower(${name}::pg_catalog.text COLLATE pg_catalog."C") OPERATOR(pg_catalog.~~) ANY ('{${likes}}'::pg_catalog.text[])`,
  ];
}

/**
 * LIKE that matches at least what the pattern does: what is not plain ASCII, and i and k, which letters of other alphabets turn into
 * in lower case, stands for anything. So no text of a policy gets into SQL but letters and digits.
 */
function superset(pattern: string): string {
  return [...pattern.toLowerCase()].map((letter) => (/[a-hjl-z0-9_]/.test(letter) ? letter : "%")).join("");
}

function isAny(pattern: string): boolean {
  return /^\*+$/.test(pattern);
}
