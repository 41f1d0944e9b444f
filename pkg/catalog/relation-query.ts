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

/** Columns: [attnum, name, type, typmod, not null, generated, default]; both expressions as pg_get_expr prints them, or empty. */
function columns(scope: Scope): string {
  const expression = `CASE WHEN ${isIn("a.attrelid", "locked")} THEN '' ELSE pg_catalog.pg_get_expr(d.adbin, d.adrelid) END`;
  return `SELECT a.attrelid AS relation, pg_catalog.json_agg(pg_catalog.json_build_array(a.attnum, a.attname,
      ${number("a.atttypid")}, a.atttypmod, a.attnotnull,
      CASE WHEN d.oid IS NOT NULL AND a.attgenerated ${ne} '' THEN ${expression} END,
      CASE WHEN d.oid IS NOT NULL AND a.attgenerated ${eq} '' THEN ${expression} END) ORDER BY a.attnum) AS list
    FROM pg_catalog.pg_attribute a
    JOIN pg_catalog.pg_class r ON r.oid ${eq} a.attrelid
    LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid ${eq} a.attrelid AND d.adnum ${eq} a.attnum
    WHERE a.attnum ${gt} 0 AND NOT a.attisdropped AND ${isOneOf("r.relkind", withColumns)} AND ${inScope(scope, "r.oid", "r.relnamespace")}
    GROUP BY a.attrelid`;
}

function parents(scope: Scope): string {
  return `SELECT h.inhrelid AS relation, pg_catalog.json_agg(${number("h.inhparent")} ORDER BY h.inhseqno) AS list
    FROM pg_catalog.pg_inherits h
    JOIN pg_catalog.pg_class r ON r.oid ${eq} h.inhrelid
    WHERE ${isOneOf("r.relkind", withColumns)} AND ${inScope(scope, "r.oid", "r.relnamespace")}
    GROUP BY h.inhrelid`;
}

/**
 * Keys under which at most one row can equal given values by the type's own `=`: unique, valid, immediate, without
 * expression or predicate, over the columns' own collations and the default operator classes.
 */
function uniqueKeys(scope: Scope): string {
  return `SELECT i.indrelid AS relation,
      pg_catalog.json_agg((i.indkey::pg_catalog.int2[])[0:i.indnkeyatts OPERATOR(pg_catalog.-) 1]
        ORDER BY i.indisprimary DESC, i.indexrelid) AS list
    FROM pg_catalog.pg_index i
    JOIN pg_catalog.pg_class r ON r.oid ${eq} i.indrelid
    WHERE i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL
      AND ${isOneOf("r.relkind", "rpm")} AND ${inScope(scope, "r.oid", "r.relnamespace")}
      AND NOT (i.indclass::pg_catalog.oid[] OPERATOR(pg_catalog.&&)
        ARRAY(SELECT o.oid FROM pg_catalog.pg_opclass o WHERE NOT o.opcdefault))
      AND NOT EXISTS (SELECT 1 FROM pg_catalog.generate_series(0, i.indnkeyatts OPERATOR(pg_catalog.-) 1) k
        JOIN pg_catalog.pg_attribute a ON a.attrelid ${eq} i.indrelid AND a.attnum ${eq} i.indkey[k]
        WHERE a.attcollation ${ne} i.indcollation[k])
    GROUP BY i.indrelid`;
}

/** Foreign keys: [own attnums, target oid, target attnums, on delete, on update]. */
function foreignKeys(scope: Scope): string {
  return `SELECT f.conrelid AS relation,
      pg_catalog.json_agg(pg_catalog.json_build_array(f.conkey, ${number("f.confrelid")}, f.confkey, f.confdeltype, f.confupdtype) ORDER BY f.oid) AS list
    FROM pg_catalog.pg_constraint f
    JOIN pg_catalog.pg_class r ON r.oid ${eq} f.conrelid
    WHERE f.contype ${eq} 'f' AND ${inScope(scope, "r.oid", "r.relnamespace")}
    GROUP BY f.conrelid`;
}

const rules = `SELECT w.ev_class AS relation FROM pg_catalog.pg_rewrite w WHERE w.ev_type ${ne} '1' GROUP BY w.ev_class`;
const triggers = `SELECT t.tgrelid AS relation FROM pg_catalog.pg_trigger t WHERE NOT t.tgisinternal AND t.tgenabled ${ne} 'D' GROUP BY t.tgrelid`;

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
    "columns.list",
    "parents.list",
    "keys.list",
    "fks.list",
    `CASE WHEN ${isOneOf("c.relkind", "vm")} AND ${canPrintViews} AND NOT (${isIn("c.oid", "hidden")}) THEN pg_catalog.pg_get_viewdef(c.oid) END`,
    "rules.relation IS NOT NULL",
    "triggers.relation IS NOT NULL",
    "c.relrowsecurity",
    scope === "temporary" ? "pg_catalog.current_schemas(true)" : "NULL::pg_catalog.text",
  ];
  const joins = [
    `LEFT JOIN (${columns(scope)}) columns ON columns.relation ${eq} c.oid`,
    `LEFT JOIN (${parents(scope)}) parents ON parents.relation ${eq} c.oid`,
    `LEFT JOIN (${uniqueKeys(scope)}) keys ON keys.relation ${eq} c.oid`,
    `LEFT JOIN (${foreignKeys(scope)}) fks ON fks.relation ${eq} c.oid`,
    `LEFT JOIN (${rules}) rules ON rules.relation ${eq} c.oid`,
    `LEFT JOIN (${triggers}) triggers ON triggers.relation ${eq} c.oid`,
  ];
  return `${withLocked}
    SELECT ${jsonRow(row)} FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid ${eq} c.relnamespace
    ${joins.join("\n    ")}
    WHERE ${isOneOf("c.relkind", listed)} AND c.relnamespace ${ne} '${TOAST_NAMESPACE}'::pg_catalog.oid AND ${inScope(scope, "c.oid", "c.relnamespace")}`;
}
