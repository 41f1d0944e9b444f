// One row for each relation, with everything that hangs on it.
import {
  canPrintViews,
  eq,
  gt,
  inScope,
  isIn,
  isOneOf,
  jsonRow,
  ne,
  number,
  type Scope,
  withLocked,
} from "./sql-text.ts";

/** PG_TOAST_NAMESPACE of pg_namespace.dat: an index for each toast table. */
const TOAST_NAMESPACE = 99;

/** pg_class.relkind: tables, views, sequences and composite types; then indexes. A toast table is known to nobody. */
const withColumns = "rpvmfSc";
const listed = `${withColumns}iI`;

// What hangs on a relation is looked up for each by the index that the server has for it: joins of whole catalogues are planned by
// statistics, which a database just made does not have, and then took seconds for a thousand tables.

/** Columns: [attnum, name, type, typmod, not null, generated, default]; both expressions as pg_get_expr prints them, or empty. */
function columns(): string {
  const expression = `CASE WHEN ${isIn("a.attrelid", "locked")} THEN '' ELSE pg_catalog.pg_get_expr(d.adbin, d.adrelid) END`;
  return `SELECT pg_catalog.json_agg(pg_catalog.json_build_array(a.attnum, a.attname,
      ${number("a.atttypid")}, a.atttypmod, a.attnotnull,
      CASE WHEN d.oid IS NOT NULL AND a.attgenerated ${ne} '' THEN ${expression} END,
      CASE WHEN d.oid IS NOT NULL AND a.attgenerated ${eq} '' THEN ${expression} END) ORDER BY a.attnum)
    FROM pg_catalog.pg_attribute a
    LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid ${eq} a.attrelid AND d.adnum ${eq} a.attnum
    WHERE a.attrelid ${eq} c.oid AND a.attnum ${gt} 0 AND NOT a.attisdropped AND ${isOneOf("c.relkind", withColumns)}`;
}

const parents = `SELECT pg_catalog.json_agg(${number("h.inhparent")} ORDER BY h.inhseqno)
    FROM pg_catalog.pg_inherits h
    WHERE h.inhrelid ${eq} c.oid AND ${isOneOf("c.relkind", withColumns)}`;

/**
 * Keys under which at most one row can equal given values by the type's own `=`: unique, valid, immediate, without
 * expression or predicate, over the columns' own collations and the default operator classes.
 */
const uniqueKeys = `SELECT pg_catalog.json_agg((i.indkey::pg_catalog.int2[])[0:i.indnkeyatts OPERATOR(pg_catalog.-) 1]
        ORDER BY i.indisprimary DESC, i.indexrelid)
    FROM pg_catalog.pg_index i
    WHERE i.indrelid ${eq} c.oid AND ${isOneOf("c.relkind", "rpm")}
      AND i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL
      AND NOT (i.indclass::pg_catalog.oid[] OPERATOR(pg_catalog.&&)
        ARRAY(SELECT o.oid FROM pg_catalog.pg_opclass o WHERE NOT o.opcdefault))
      AND NOT EXISTS (SELECT 1 FROM pg_catalog.generate_series(0, i.indnkeyatts OPERATOR(pg_catalog.-) 1) k
        JOIN pg_catalog.pg_attribute a ON a.attrelid ${eq} i.indrelid AND a.attnum ${eq} i.indkey[k]
        WHERE a.attcollation ${ne} i.indcollation[k])`;

/** Foreign keys: [own attnums, target oid, target attnums, on delete, on update]. */
const foreignKeys = `SELECT pg_catalog.json_agg(
      pg_catalog.json_build_array(f.conkey, ${number("f.confrelid")}, f.confkey, f.confdeltype, f.confupdtype) ORDER BY f.oid)
    FROM pg_catalog.pg_constraint f
    WHERE f.conrelid ${eq} c.oid AND f.contype ${eq} 'f'`;

const rules = `SELECT 1 FROM pg_catalog.pg_rewrite w WHERE w.ev_class ${eq} c.oid AND w.ev_type ${ne} '1'`;
const triggers = `SELECT 1 FROM pg_catalog.pg_trigger t
    WHERE t.tgrelid ${eq} c.oid AND NOT t.tgisinternal AND t.tgenabled ${ne} 'D'`;

/**
 * Rows: [oid, schema, name, kind, temporary, columns, parents, unique keys, foreign keys, definition, rules, triggers,
 * row security, path under which it was printed where that is not asked for once]. Printing a definition takes AccessShareLock on what the view names, as using the view would.
 */
export function relationQuery(scope: Scope): string {
  const row = [
    number("c.oid"),
    "n.nspname",
    "c.relname",
    "c.relkind",
    `c.relpersistence ${eq} 't'`,
    `(${columns()})`,
    `(${parents})`,
    `(${uniqueKeys})`,
    `(${foreignKeys})`,
    `CASE WHEN ${isOneOf("c.relkind", "vm")} AND ${canPrintViews} AND NOT (${isIn("c.oid", "hidden")}) THEN pg_catalog.pg_get_viewdef(c.oid) END`,
    `EXISTS (${rules})`,
    `EXISTS (${triggers})`,
    "c.relrowsecurity",
    scope === "temporary" ? "pg_catalog.current_schemas(true)" : "NULL::pg_catalog.text",
  ];
  return `${withLocked}
    SELECT ${jsonRow(row)} FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid ${eq} c.relnamespace
    WHERE ${isOneOf("c.relkind", listed)} AND c.relnamespace ${ne} '${TOAST_NAMESPACE}'::pg_catalog.oid AND ${inScope(scope, "c.oid", "c.relnamespace")}`;
}
