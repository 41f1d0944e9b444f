// Whether the login of a session may read anything beyond this database, by itself or by code that it may call: a row for each way.
// No row proves nothing about texts of its own statements in pg_stat_activity, which any login sees.
import type { CatalogQuery } from "./queries.ts";
import { eq, FIRST_USER_OID } from "./sql-text.ts";

/** Roles of the server's own that read or reach more than a database; by name, since OIDs of some differ by major. */
const reaching = [
  ...["pg_read_server_files", "pg_write_server_files", "pg_execute_server_program", "pg_create_subscription"],
  ...["pg_monitor", "pg_read_all_stats", "pg_read_all_settings", "pg_stat_scan_tables", "pg_signal_backend"],
];

/** Who logged in, whatever the session calls itself since. */
const login = "(SELECT b.usesysid FROM pg_catalog.pg_stat_get_activity(pg_catalog.pg_backend_pid()) b)";
const mine = (right: string, object: string) =>
  `EXISTS (SELECT 1 FROM me WHERE pg_catalog.has_${right}_privilege(me.oid, ${object}))`;
const runs = mine("function", "p.oid, 'EXECUTE'");
const isOwn = `p.oid OPERATOR(pg_catalog.<) '${FIRST_USER_OID}'::pg_catalog.oid`;

/** Every role that it is, or may become; on 15 and before CREATEROLE gives away the others. */
const me = `me AS MATERIALIZED (SELECT r.* FROM pg_catalog.pg_roles r WHERE pg_catalog.pg_has_role(${login}, r.oid, 'MEMBER'))`;

const ways = [
  `SELECT 'role' FROM me WHERE me.rolsuper OR me.rolreplication OR me.rolcreaterole OR me.rolcreatedb OR me.rolname ${eq} ANY ('{${reaching.join(",")}}'::pg_catalog.name[])`,
  // Nobody has said who it is.
  "SELECT 'nobody' WHERE NOT EXISTS (SELECT 1 FROM me)",
  // Code in C and the like, code with the rights of others, and functions of the server that are not for everybody.
  `SELECT 'function' FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_language l ON l.oid ${eq} p.prolang WHERE NOT (${isOwn}) AND (p.prosecdef OR NOT (l.lanpltrusted OR l.lanname ${eq} 'sql'::pg_catalog.name)) AND ${runs}`,
  `SELECT 'function' FROM pg_catalog.pg_proc p WHERE ${isOwn} AND p.proacl IS NOT NULL AND NOT pg_catalog.has_function_privilege('public', p.oid, 'EXECUTE') AND ${runs}`,
  `SELECT 'server' FROM pg_catalog.pg_foreign_server s WHERE ${mine("server", "s.oid, 'USAGE'")}`,
  `SELECT 'wrapper' FROM pg_catalog.pg_foreign_data_wrapper w WHERE ${mine("foreign_data_wrapper", "w.oid, 'USAGE'")}`,
  "SELECT 'foreign table' FROM pg_catalog.pg_foreign_table f WHERE EXISTS (SELECT 1 FROM me WHERE pg_catalog.has_any_column_privilege(me.oid, f.ftrelid, 'SELECT') OR pg_catalog.has_table_privilege(me.oid, f.ftrelid, 'SELECT'))",
];

export const reachQuery: CatalogQuery = { name: "reach", sql: `WITH ${me} ${ways.join(" UNION ALL ")} LIMIT 1` };
