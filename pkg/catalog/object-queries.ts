// One row for each schema, type, function, operator and cast.
import { eq, FIRST_USER_OID, inScope, isIn, jsonRow, ne, number, type Scope, withLocked } from "./sql-text.ts";

/** [schema], of every session's temp schemas too: a name that starts with pg_temp_ is nobody else's. */
export const schemaQuery = `SELECT ${jsonRow(["n.nspname"])} FROM pg_catalog.pg_namespace n`;

/** Domains whose constraint calls a function or operator that users made (built-in ones are pinned: no pg_depend row). */
const domainsThatCallUserCode = `SELECT k.contypid AS domain FROM pg_catalog.pg_constraint k
  JOIN pg_catalog.pg_depend d ON d.objid ${eq} k.oid AND d.classid ${eq} 'pg_catalog.pg_constraint'::pg_catalog.regclass
    AND (d.refclassid ${eq} 'pg_catalog.pg_proc'::pg_catalog.regclass OR d.refclassid ${eq} 'pg_catalog.pg_operator'::pg_catalog.regclass)
  WHERE k.contypid ${ne} '0'::pg_catalog.oid GROUP BY k.contypid`;

const trueArray = `t.typsubscript ${eq} 'pg_catalog.array_subscript_handler'::pg_catalog.regproc`;

/** Of a range the type of its bounds, of a multirange the range. */
const rangeParts = `SELECT r.rngtypid AS type, r.rngsubtype AS part FROM pg_catalog.pg_range r
  UNION ALL SELECT r.rngmultitypid, r.rngtypid FROM pg_catalog.pg_range r`;

/** [oid, schema, name, kind, category, element, base, relation, preferred, constraint calls user code, bounds or 0] */
export function typeQuery(scope: Scope): string {
  const row = [
    number("t.oid"),
    "n.nspname",
    "t.typname",
    "t.typtype",
    "t.typcategory",
    `CASE WHEN ${trueArray} THEN ${number("t.typelem")} ELSE 0 END`,
    number("t.typbasetype"),
    number("t.typrelid"),
    "t.typispreferred",
    "checks.domain IS NOT NULL",
    `CASE WHEN ranges.part IS NULL THEN 0 ELSE ${number("ranges.part")} END`,
  ];
  return `SELECT ${jsonRow(row)} FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid ${eq} t.typnamespace
    LEFT JOIN (${domainsThatCallUserCode}) checks ON checks.domain ${eq} t.oid
    LEFT JOIN (${rangeParts}) ranges ON ranges.type ${eq} t.oid
    WHERE ${inScope(scope, "t.oid", "t.typnamespace")}`;
}

/**
 * [oid, schema, name, kind, language, volatility, returns, returns set, args, defaults, variadic, arg names, arg modes,
 * all args, body, sql body, security definer, settings]. Bodies of the server's own functions are not asked for.
 */
export function functionQuery(scope: Scope): string {
  const user = `p.oid OPERATOR(pg_catalog.>=) '${FIRST_USER_OID}'::pg_catalog.oid`;
  const textual = `(l.lanname ${eq} 'sql' OR l.lanname ${eq} 'plpgsql')`;
  const row = [
    number("p.oid"),
    "n.nspname",
    "p.proname",
    "p.prokind",
    "l.lanname",
    "p.provolatile",
    number("p.prorettype"),
    "p.proretset",
    "p.proargtypes::pg_catalog.oid[]::pg_catalog.int8[]",
    "p.pronargdefaults",
    number("p.provariadic"),
    "p.proargnames",
    "p.proargmodes",
    "p.proallargtypes::pg_catalog.int8[]",
    `CASE WHEN ${user} AND p.prosqlbody IS NULL AND ${textual} THEN p.prosrc END`,
    `CASE WHEN ${user} AND p.prosqlbody IS NOT NULL AND NOT (${isIn("p.oid", "hidden")}) THEN pg_catalog.pg_get_function_sqlbody(p.oid) END`,
    "p.prosecdef",
    "p.proconfig",
  ];
  return `${withLocked}
    SELECT ${jsonRow(row)} FROM pg_catalog.pg_proc p
    JOIN pg_catalog.pg_namespace n ON n.oid ${eq} p.pronamespace
    JOIN pg_catalog.pg_language l ON l.oid ${eq} p.prolang
    WHERE ${inScope(scope, "p.oid", "p.pronamespace")}`;
}

/** [oid, schema, name, left or 0, right, result, function]; shells (no function yet) are left out. */
export function operatorQuery(scope: Scope): string {
  const row = [
    number("o.oid"),
    "n.nspname",
    "o.oprname",
    number("o.oprleft"),
    number("o.oprright"),
    number("o.oprresult"),
    "o.oprcode::pg_catalog.oid::pg_catalog.int8",
  ];
  return `SELECT ${jsonRow(row)} FROM pg_catalog.pg_operator o JOIN pg_catalog.pg_namespace n ON n.oid ${eq} o.oprnamespace
    WHERE ${inScope(scope, "o.oid", "o.oprnamespace")}`;
}

/** [source, target, function or 0, context, method] */
export function castQuery(scope: Exclude<Scope, "temporary">): string {
  const comparison = scope === "builtin" ? "<" : ">=";
  const row = [number("c.castsource"), number("c.casttarget"), number("c.castfunc"), "c.castcontext", "c.castmethod"];
  return `SELECT ${jsonRow(row)} FROM pg_catalog.pg_cast c
    WHERE c.oid OPERATOR(pg_catalog.${comparison}) '${FIRST_USER_OID}'::pg_catalog.oid`;
}
