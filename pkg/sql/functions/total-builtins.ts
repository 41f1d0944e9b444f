// Built-in functions that succeed with every value, so that nobody can tell anything from whether they did: read by hand, function by
// function (PostgreSQL, src/backend/utils/adt). What is not here may fail by what it is given, as sqrt() does below nothing. That a result
// outgrows the server's 1 GB does not count as long as the other parts are stored values or stand in the statement.

const words = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/));

/** Succeed whatever their arguments are. */
export const totalFunctions: ReadonlySet<string> = words(`
  ascii bit_length btrim char_length character_length concat concat_ws initcap left length lower ltrim name octet_length position
  quote_ident quote_literal quote_nullable replace reverse right rtrim starts_with strpos text translate upper varchar
  crc32 crc32c hashtext md5 sha224 sha256 sha384 sha512 to_hex
  abs bit_count ceil ceiling floor sign
  age date isfinite now
  abbrev broadcast family host hostmask masklen netmask network
  isempty lower_inc lower_inf upper_inc upper_inf
  array_dims array_length array_lower array_ndims array_to_json array_to_string array_upper cardinality
  json_array_element json_array_element_text json_build_array json_extract_path json_extract_path_text json_object_field
  json_object_field_text json_strip_nulls json_typeof row_to_json to_json to_jsonb
  jsonb_array_element jsonb_array_element_text jsonb_build_array jsonb_extract_path jsonb_extract_path_text jsonb_object_field
  jsonb_object_field_text jsonb_pretty jsonb_strip_nulls jsonb_typeof
  format_type num_nonnulls num_nulls pg_column_size pg_typeof
  any_value avg bit_and bit_or bit_xor bool_and bool_or corr count every json_agg json_agg_strict jsonb_agg jsonb_agg_strict max min mode
  stddev stddev_pop stddev_samp string_agg sum var_pop var_samp variance
  cume_dist dense_rank first_value last_value percent_rank rank row_number`);

/**
 * Succeed with every value in one place, as long as all their other arguments are constants of the statement: the place, from 0, among the
 * arguments and what WITHIN GROUP sorts.
 */
export const totalInOne: ReadonlyMap<string, number> = new Map([
  ...[...words("date_part date_trunc extract timezone percentile_cont percentile_disc")].map(
    (name) => [name, 1] as const,
  ),
  ...[
    ...words(`encode lag lead lpad nth_value regexp_count regexp_instr regexp_like regexp_replace regexp_substr round rpad split_part
      string_to_array substr substring to_char trunc`),
  ].map((name) => [name, 0] as const),
]);

/** They fail by their keys only: every other argument, from the first. */
export const keyed: ReadonlySet<string> = words(`
  json_build_object jsonb_build_object json_object_agg jsonb_object_agg`);

/** Operators that succeed whatever their operands are, by name; of arrays and jsonb documents `||` is none. */
export const totalOperators: ReadonlySet<string> = words(`
  = <> != < <= > >= || ~~ ~~* !~~ !~~* ~ ~* !~ !~* -> ->> #> #>> ? ?| ?& @> <@ && @? @@ ^@ << >>`);

/** Of these the pattern must be a constant; the first four fail in the middle where it ends with a backslash. */
export const patternOperators: ReadonlySet<string> = words("~~ ~~* !~~ !~~* ~ ~* !~ !~*");

/**
 * Conversions that no value fails, from the type of the first name to those behind it; to text and its kin every type converts.
 * Bounds that only dates of geological ages meet do not count.
 */
export const totalCasts: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  Object.entries({
    oid: "int8",
    int2: "int4 int8 float4 float8 numeric",
    int4: "int8 float4 float8 numeric bool oid",
    int8: "float4 float8 numeric",
    float4: "float8 numeric",
    float8: "numeric",
    bool: "int4",
    date: "timestamp timestamptz",
    timestamp: "date time timestamptz",
    timestamptz: "date time timestamp timetz",
    time: "interval timetz",
    timetz: "time",
    interval: "time",
    cidr: "inet",
    inet: "cidr",
    json: "",
    jsonb: "json",
  }).map(([from, to]) => [from, words(to)]),
);

export const textTypes: ReadonlySet<string> = words("text varchar bpchar name");
