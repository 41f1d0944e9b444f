// System relations that show more than the schema: samples of stored values, texts of statements, secrets, other sessions'
// values. Every other relation of pg_catalog and information_schema tells of the schema only and is clean, column defaults
// (pg_attrdef) and view texts included: psql's \d family, ORMs and GUI tools live on them.

interface Leak {
  /** The columns that leak; "*" when any does. */
  readonly columns: readonly string[] | "*";
  readonly why: string;
}

const values = "samples of stored values";
const statements = "texts of statements, with their literals";
const secrets = "passwords and connection strings";
const others = "values of other sessions";
const files = "contents of the server's files";

/** Numbers that depend on the stored values: widths, shares, frequencies. */
const sampledNumbers = [
  "null_frac",
  "avg_width",
  "n_distinct",
  "correlation",
  "most_common_freqs",
  "most_common_elem_freqs",
  "elem_count_histogram",
  "range_empty_frac",
];

/** An update that leaves every indexed column as it was stays on its page. */
const changed: Leak = { columns: ["n_tup_hot_upd", "n_tup_newpage_upd"], why: "whether updates changed values" };

const system: Readonly<Record<string, Leak>> = {
  pg_stat_all_tables: changed,
  pg_stat_user_tables: changed,
  pg_stat_sys_tables: changed,
  pg_stat_xact_all_tables: changed,
  pg_stat_xact_user_tables: changed,
  pg_stat_xact_sys_tables: changed,
  pg_stat_database: { columns: ["temp_files", "temp_bytes"], why: "how long values are" },
  pg_statistic: { columns: "*", why: values },
  pg_stats: {
    columns: [
      ...sampledNumbers,
      "most_common_vals",
      "histogram_bounds",
      "most_common_elems",
      "range_length_histogram",
      "range_bounds_histogram",
    ],
    why: values,
  },
  pg_statistic_ext_data: { columns: "*", why: values },
  pg_stats_ext: {
    columns: [
      "n_distinct",
      "dependencies",
      "most_common_vals",
      "most_common_val_nulls",
      "most_common_freqs",
      "most_common_base_freqs",
    ],
    why: values,
  },
  pg_stats_ext_exprs: {
    columns: [
      ...sampledNumbers,
      "most_common_vals",
      "histogram_bounds",
      "most_common_elems",
      "range_length_histogram",
      "range_bounds_histogram",
    ],
    why: values,
  },
  pg_largeobject: { columns: "*", why: "contents of large objects" },
  pg_stat_activity: {
    columns: ["query", "application_name", "client_addr", "client_hostname", "client_port"],
    why: statements,
  },
  pg_stat_replication: { columns: ["application_name", "client_addr", "client_hostname", "client_port"], why: others },
  pg_prepared_statements: { columns: ["name", "statement"], why: statements },
  pg_cursors: { columns: ["name", "statement"], why: statements },
  pg_backend_memory_contexts: { columns: ["ident"], why: statements },
  pg_prepared_xacts: { columns: ["gid"], why: others },
  pg_locks: {
    columns: ["page", "tuple", "classid", "objid", "objsubid"],
    why: "keys of other sessions' advisory locks",
  },
  pg_authid: { columns: ["rolpassword"], why: secrets },
  pg_shadow: { columns: ["passwd"], why: secrets },
  pg_user_mapping: { columns: ["umoptions"], why: secrets },
  pg_user_mappings: { columns: ["umoptions"], why: secrets },
  pg_subscription: { columns: ["subconninfo"], why: secrets },
  pg_stat_wal_receiver: { columns: ["conninfo"], why: secrets },
  pg_hba_file_rules: { columns: "*", why: files },
  pg_ident_file_mappings: { columns: "*", why: files },
  pg_file_settings: { columns: "*", why: files },
};

const informationSchema: Readonly<Record<string, Leak>> = {
  user_mapping_options: { columns: ["option_value"], why: secrets },
  _pg_user_mappings: { columns: ["umoptions"], why: secrets },
};

/** Views and tables of well-known extensions, in whatever schema they were put. */
const extensions: Readonly<Record<string, Leak>> = {
  pg_stat_statements: { columns: ["query"], why: statements },
  pg_stat_monitor: { columns: "*", why: statements },
  pg_qualstats: { columns: "*", why: values },
  pg_stat_kcache: { columns: "*", why: statements },
};

function leak(schema: string, name: string): Leak | null {
  if (schema === "pg_toast" || schema.startsWith("pg_toast_temp_"))
    return { columns: "*", why: "pieces of stored values" };
  if (schema === "pg_catalog") return own(system, name);
  if (schema === "information_schema") return own(informationSchema, name);
  return own(extensions, name);
}

function own(leaks: Readonly<Record<string, Leak>>, name: string): Leak | null {
  return Object.hasOwn(leaks, name) ? leaks[name]! : null;
}

/** Columns of a system relation whose values are not everyone's: "*" for all, null when it is clean. */
export function leakyColumns(schema: string, name: string): readonly string[] | "*" | null {
  return leak(schema, name)?.columns ?? null;
}

/** Whether a system relation shows others' queries, stored values or secrets. */
export function leakyRelation(schema: string, name: string): boolean {
  return leak(schema, name) !== null;
}

/** What it shows, for the refusal; null when it is clean. */
export function leakReason(schema: string, name: string): string | null {
  return leak(schema, name)?.why ?? null;
}
