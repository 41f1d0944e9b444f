// Pieces of SQL that mean the same under any search_path, temp objects and settings of the client: every operator and
// function is qualified, no literal holds a backslash, nothing (IN, BETWEEN, NULLIF, LIKE) calls an operator by bare name.

/** First OID that is not of the server's own making (FirstNormalObjectId, access/transam.h). */
export const FIRST_USER_OID = 16384;

export const eq = "OPERATOR(pg_catalog.=)";
export const ne = "OPERATOR(pg_catalog.<>)";
export const gt = "OPERATOR(pg_catalog.>)";
export const xor = "OPERATOR(pg_catalog.#)";

/** Which objects a query is about: made by initdb, by users for all sessions, or in this session's temp schema. */
export type Scope = "builtin" | "user" | "temporary";

/** Condition on an object with an OID and a namespace. Temp objects of other sessions belong to no scope. */
export function inScope(scope: Scope, oid: string, namespace: string): string {
  if (scope === "builtin") return `${oid} OPERATOR(pg_catalog.<) '${FIRST_USER_OID}'::pg_catalog.oid`;
  if (scope === "temporary") return `${namespace} ${eq} pg_catalog.pg_my_temp_schema()`;
  return `(${oid} OPERATOR(pg_catalog.>=) '${FIRST_USER_OID}'::pg_catalog.oid AND ${namespace} ${ne} ALL (${temporarySchemas}))`;
}

/** OIDs of all sessions' temp schemas. A role may not use these names for its own (the prefix pg_ is reserved). */
export const temporarySchemas =
  "ARRAY(SELECT x.oid FROM pg_catalog.pg_namespace x WHERE pg_catalog.starts_with(x.nspname::pg_catalog.text, 'pg_temp_') OR pg_catalog.starts_with(x.nspname::pg_catalog.text, 'pg_toast_temp_'))";

/** `= ANY` over "char" constants. */
export function isOneOf(column: string, letters: string): string {
  return `${column} ${eq} ANY ('{${[...letters].join(",")}}'::pg_catalog."char"[])`;
}

/**
 * One JSON array a row, as text of ASCII only: UTF-8 bytes above 127 come as \ooo and a backslash as \\ (bytea's escape
 * format), so that the answer is the same in every client_encoding and never fails for a name it cannot express.
 */
export function jsonRow(parts: readonly string[]): string {
  return `pg_catalog.encode(pg_catalog.convert_to(pg_catalog.json_build_array(${parts.join(", ")})::pg_catalog.text, 'UTF8'), 'escape')`;
}

/** A number of JSON out of an oid, which json would quote. */
export function number(expression: string): string {
  return `${expression}::pg_catalog.int8`;
}

/**
 * pg_get_viewdef looks its view up with unqualified operators: oid = oid (607) and name = name (93, pg_operator.dat). Where
 * the session's path hides them behind others, it could print another view's definition, so it must not be asked.
 */
export const canPrintViews =
  "(pg_catalog.pg_operator_is_visible('607'::pg_catalog.oid) AND pg_catalog.pg_operator_is_visible('93'::pg_catalog.oid))";

/**
 * WITH queries that name what another session holds, or waits for, exclusively: printing an expression or a view would wait
 * for its end, and with it every session that needs the catalogue. `locked`: relations; `hidden`: views and functions over them.
 */
export const withLocked = `WITH locked AS MATERIALIZED (
    SELECT l.relation AS oid FROM pg_catalog.pg_locks l
    WHERE l.locktype ${eq} 'relation' AND l.mode ${eq} 'AccessExclusiveLock' AND l.pid ${ne} pg_catalog.pg_backend_pid()
      AND l.database ${eq} (SELECT b.oid FROM pg_catalog.pg_database b WHERE b.datname ${eq} pg_catalog.current_database())),
  hidden AS MATERIALIZED (
    SELECT oid FROM locked UNION ALL
    SELECT w.ev_class FROM locked JOIN pg_catalog.pg_depend d
      ON d.refobjid ${eq} locked.oid AND d.refclassid ${eq} 'pg_catalog.pg_class'::pg_catalog.regclass
      JOIN pg_catalog.pg_rewrite w ON d.classid ${eq} 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid ${eq} w.oid UNION ALL
    SELECT d.objid FROM locked JOIN pg_catalog.pg_depend d
      ON d.refobjid ${eq} locked.oid AND d.refclassid ${eq} 'pg_catalog.pg_class'::pg_catalog.regclass
      AND d.classid ${eq} 'pg_catalog.pg_proc'::pg_catalog.regclass)`;

export function isIn(oid: string, query: "locked" | "hidden"): string {
  return `${oid} ${eq} ANY (SELECT ${query}.oid FROM ${query})`;
}
