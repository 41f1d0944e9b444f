import type pg from "pg";
import type { FunctionInfo, Snapshot } from "../../pkg/catalog/snapshot.ts";
import type { AnalysisContext } from "../../pkg/sql/analyze.ts";
import { settingChangeOf } from "../../pkg/sql/functions/constant-call.ts";
import { leakReason, leakyColumns, leakyRelation } from "../../pkg/sql/functions/leaky-relation.ts";
import { refusedEffects } from "../../pkg/sql/functions/refused-builtins.ts";
import { resolveCast, resolveFunction, resolveOperator } from "../../pkg/sql/functions/resolve.ts";
import { safeBuiltins } from "../../pkg/sql/functions/safe-builtins.ts";
import { argumentSink, functionEffects, isSafe } from "../../pkg/sql/functions/trust.ts";
import { freshDatabase, type RealServer, realServer } from "../catalog/real-catalog.ts";
import { realContext, withPath } from "./real-context.ts";

let server: RealServer;
let client: pg.Client;
let context: AnalysisContext & { readonly snapshot: Snapshot };
let builtins: readonly FunctionInfo[];

beforeAll(async () => {
  server = await realServer();
  client = await freshDatabase(
    server,
    "resolve_trust",
    `
    CREATE FUNCTION lower(text) RETURNS text LANGUAGE sql AS 'SELECT ''public''::text';
    CREATE FUNCTION full_name(bigint, character varying[], timestamptz) RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN 1; END';
    CREATE FUNCTION total(x int, y int) RETURNS int LANGUAGE sql AS 'SELECT 1';
    CREATE SCHEMA mine; CREATE FUNCTION mine.eq(text, text) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN true; END';
    CREATE OPERATOR mine.= (LEFTARG = text, RIGHTARG = text, FUNCTION = mine.eq);
    CREATE TYPE mood AS ENUM ('a'); CREATE FUNCTION mood(text) RETURNS mood LANGUAGE plpgsql AS 'BEGIN RETURN ''a''; END'; CREATE CAST (text AS mood) WITH FUNCTION mood(text);
    CREATE FUNCTION careful(text) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN true; END'; CREATE DOMAIN checked AS text CHECK (careful(VALUE)); CREATE DOMAIN outer_checked AS checked;
    CREATE DOMAIN plain AS text CHECK (length(VALUE) < 5); CREATE AGGREGATE own_sum(int) (SFUNC = int4pl, STYPE = int);`,
  );
  context = await realContext(client);
  const { rows } = await client.query(
    "SELECT oid::int AS oid FROM pg_proc WHERE oid < 16384 AND pronamespace = 'pg_catalog'::regnamespace",
  );
  builtins = rows.map(({ oid }) => context.snapshot.function(oid)!);
});
afterAll(() => server.stop());

const text = 25;
const call = (name: string, types: readonly number[], at: AnalysisContext = context) =>
  resolveFunction(name.split("."), types, types.length, at);

test("every built-in that is not immutable was read by hand: it is either safe or refused, and none is both", () => {
  const uncallable = new Set([2281, 2279, 3838, 325, 3115, 3310, 269, 2280]); // internal, trigger, event_trigger and the handlers
  const read = builtins.filter((info) => info.kind === "f" && info.volatility !== "i" && info.language !== "c");
  const callable = read.filter((info) => ![info.returns, ...info.args].some((type) => uncallable.has(type)));
  const forgotten = callable.filter((info) => !isSafe(info) && refusedEffects(info.name) === undefined);
  expect(forgotten.map((info) => info.name)).toEqual([]);
  expect(
    callable.filter((info) => isSafe(info) && refusedEffects(info.name) !== undefined).map((info) => info.name),
  ).toEqual([]);
});

test("every OID of the safe list has here the name that is listed, or is not of this major", () => {
  const names = new Map<number, string[]>();
  for (const { functions } of safeBuiltins)
    for (const [name, oids] of Object.entries(functions))
      for (const oid of oids) names.set(oid, [...(names.get(oid) ?? []), name]);
  const wrong = builtins.filter((info) => names.has(info.oid) && !names.get(info.oid)!.includes(info.name));
  // Majors have reused these numbers for something else; the name keeps them apart.
  expect(wrong.filter((info) => isSafe(info) && info.volatility !== "i")).toEqual([]);
  expect(names.size).toBeGreaterThan(500);
});

test.each([
  ["pg_read_file", ["File"]],
  ["query_to_xml", ["Read", "ExecuteCode"]],
  ["lo_unlink", ["Delete"]],
  ["lo_put", ["Update"]],
  ["setval", ["Update"]],
  ["pg_terminate_backend", ["Maintenance"]],
  ["ts_stat", ["Read", "ExecuteCode"]],
  ["table_to_xml", ["Read"]],
  ["pg_stat_get_activity", []],
  ["pg_ls_dir", ["File"]],
  ["lo_import", ["File", "Insert"]],
  ["lo_get", ["Read"]],
  ["set_config", ["SessionChange"]],
  ["pg_notify", ["Notify"]],
  ["current_setting", []],
  ["database_to_xml", ["Read"]],
  ["cursor_to_xml", ["Read"]],
  ["pg_logical_slot_peek_changes", ["Read"]],
])("%s is not safe and does %j", (name, effects) => {
  const overloads = context.snapshot
    .functionsNamed("pg_catalog", name)
    .filter((info) => !(name === "ts_rewrite" && info.args.length === 3));
  expect(overloads.map((info) => [isSafe(info), functionEffects(info)])).toEqual(overloads.map(() => [false, effects]));
  expect(overloads.length).toBeGreaterThan(0);
});

test.each([
  "now",
  "clock_timestamp",
  "format_type",
  "pg_get_expr",
  "pg_get_constraintdef",
  "obj_description",
  "col_description",
  "has_table_privilege",
  "to_char",
  "date_part",
  "random",
  "gen_random_uuid",
  "json_build_object",
  "to_json",
  "row_to_json",
  "concat",
  "format",
  "quote_literal",
  "quote_ident",
  "version",
  "current_database",
  "current_schemas",
  "pg_backend_pid",
  "pg_table_is_visible",
  "pg_encoding_to_char",
  "pg_size_pretty",
  "count",
  "sum",
  "array_agg",
  "string_agg",
  "json_agg",
  "jsonb_object_agg",
  "row_number",
  "lag",
  "generate_series",
  "unnest",
  "nextval",
  "lastval",
  "pg_get_viewdef",
  "pg_get_userbyid",
  "pg_relation_size",
  "shobj_description",
  "pg_get_function_identity_arguments",
  "txid_current",
  "pg_is_in_recovery",
  "to_regclass",
  "md5",
  "length",
])("%s is safe", (name) => {
  const overloads = context.snapshot.functionsNamed("pg_catalog", name);
  expect(overloads.map(isSafe)).toEqual(overloads.map(() => true));
  expect(overloads.length).toBeGreaterThan(0);
});

test("advisory locks are safe, lock, and their key is a sink", () => {
  const { trust, effects, info } = call("pg_advisory_lock", [20]);
  expect([trust, effects, argumentSink(info!)]).toEqual(["safe", ["Lock"], "lock key"]);
});

test("current_setting, set_config and pg_notify are safe only with constants", () => {
  const of = (name: string, constants: (string | null | undefined)[]) =>
    resolveFunction(
      [name],
      constants.map(() => text),
      constants.length,
      context,
      { constants },
    ).trust;
  expect(of("current_setting", ["server_version_num"])).toBe("safe");
  expect(of("current_setting", ["app.last_email"])).toBe("opaque");
  expect(of("current_setting", [undefined])).toBe("opaque");
  expect(of("pg_notify", ["channel", "payload"])).toBe("safe");
  expect(of("pg_notify", ["channel", undefined])).toBe("opaque");
  expect(resolveFunction(["set_config"], [705, 705, 16], 3, context, { constants: ["a.b", "x", "f"] }).trust).toBe(
    "safe",
  );
  expect(settingChangeOf(["Search_Path", "x", "true"])).toEqual({
    name: "search_path",
    value: "x",
    scope: "transaction",
  });
  expect(settingChangeOf([undefined, undefined, "false"])).toEqual({ name: "*", value: null, scope: "session" });
});

test("a name resolves along the search path, and users' code is opaque under its signature", () => {
  expect(call("lower", [text])).toMatchObject({ name: "pg_catalog.lower(text)", trust: "safe" });
  expect(call("lower", [text], withPath(context, ["public", "pg_catalog"]))).toMatchObject({
    name: "public.lower(text)",
    trust: "opaque",
  });
  expect(call("public.lower", [text])).toMatchObject({ name: "public.lower(text)", trust: "opaque" });
  expect(call("pg_catalog.lower", [text], withPath(context, ["public", "pg_catalog"]))).toMatchObject({
    trust: "safe",
  });
  expect(call("full_name", [705, 705, 705])).toMatchObject({
    name: "public.full_name(bigint, character varying[], timestamp with time zone)",
    trust: "opaque",
    returns: text,
  });
  expect(call("full_name", [705, 705, 705]).effects).toBeUndefined();
  expect(call("own_sum", [23])).toMatchObject({ name: "public.own_sum(integer)", trust: "opaque", kind: "a" });
});

test("arguments of unknown type leave several; they are safe only if all are", () => {
  expect(call("lower", [0])).toMatchObject({ oid: null, trust: "safe" });
  expect(call("lower", [0], withPath(context, ["public", "pg_catalog"]))).toMatchObject({ trust: "opaque" });
  expect(resolveOperator(["="], 0, 0, context)).toMatchObject({ oid: null, trust: "safe", result: 16 });
});

test("a function that named arguments may single out is not hidden by an equal one of an earlier schema", async () => {
  const total = (form: object) =>
    resolveFunction(["total"], [23, 23], 2, withPath(context, ["mine", "public"]), form).info?.schema ?? null;
  await client.query("CREATE FUNCTION mine.total(a int, b int) RETURNS int LANGUAGE sql AS 'SELECT 2'");
  context = await realContext(client);
  expect([total({ named: false }), total({ named: true }), total({})]).toEqual(["mine", null, null]);
});

test("a user's own operator counts where it comes first or fits alone, not otherwise", () => {
  const equals = (at: AnalysisContext, name = ["="]) => resolveOperator(name, text, text, at).trust;
  expect(equals(context)).toBe("safe");
  expect(equals(withPath(context, ["pg_catalog", "mine"]))).toBe("safe");
  expect(equals(withPath(context, ["mine", "pg_catalog"]))).toBe("opaque");
  expect(equals(context, ["mine", "="])).toBe("opaque");
  expect(equals(withPath(context, ["mine", "pg_catalog"]), ["pg_catalog", "="])).toBe("safe");
  expect(resolveOperator(["="], 0, 0, withPath(context, ["pg_catalog", "mine"])).trust).toBe("safe");
  expect(resolveOperator(["="], 0, 0, withPath(context, ["mine", "pg_catalog"])).trust).toBe("opaque");
  expect(resolveOperator(["="], 23, 0, withPath(context, ["mine", "pg_catalog"])).trust).toBe("safe");
});

test("casts: built-in ones run nothing opaque, users' own and domains that check with users' code do", () => {
  const type = (name: string) => context.snapshot.typeNamed("public", name)!.oid;
  const cast = (source: number, target: number) => resolveCast(source, target, context)?.name ?? null;
  expect([cast(23, text), cast(705, type("mood")), cast(1043, text), cast(text, type("plain"))]).toEqual([
    null,
    null,
    null,
    null,
  ]);
  expect([
    cast(text, type("mood")),
    cast(0, type("mood")),
    cast(1009, context.snapshot.typeNamed("public", "_mood")!.oid),
  ]).toEqual(Array(3).fill("public.mood(text)"));
  expect([cast(text, type("checked")), cast(705, type("outer_checked"))]).toEqual(
    Array(2).fill("constraint of public.checked"),
  );
  expect(resolveCast(23, 999_999, context)).toMatchObject({ trust: "opaque" });
  expect(call("mood", [text])).toMatchObject({ name: "public.mood(text)", trust: "opaque" });
  expect(call("checked", [705])).toMatchObject({ trust: "opaque" });
  expect(call("plain", [705])).toMatchObject({ trust: "safe", returns: type("plain") });
});

test("result types: fixed, polymorphic and of several", () => {
  expect([
    call("count", []).returns,
    call("array_agg", [23]).returns,
    call("max", [1082]).returns,
    call("unnest", [1009]).returns,
  ]).toEqual([20, 1007, 1082, 25]);
  expect([
    call("coalesce_nothing", [23]).returns,
    call("lag", [text]).returns,
    call("sum", [23]).returns,
    call("sum", [0]).returns,
  ]).toEqual([0, text, 20, 0]);
  expect([call("lag", [text]).kind, call("sum", [0]).kind, call("unnest", [1009]).returnsSet]).toEqual([
    "w",
    "a",
    true,
  ]);
});

test("without a catalogue, or for a name that nobody knows, it is opaque", () => {
  const blind: AnalysisContext = { ...context, snapshot: null };
  expect([
    call("lower", [text], blind).trust,
    resolveOperator(["="], 23, 23, blind).trust,
    resolveCast(23, 25, blind)?.trust,
    call("nosuch", []).trust,
  ]).toEqual(Array(4).fill("opaque"));
  expect(call("lower", [text], { ...context, resolution: null }).trust).toBe("opaque");
});

test("a built-in whose body a superuser replaced by other code is opaque", () => {
  const lower = context.snapshot.functionsNamed("pg_catalog", "lower").find((info) => info.args[0] === text)!;
  expect([
    isSafe(lower),
    isSafe({ ...lower, language: "plpgsql" }),
    isSafe({ ...lower, oid: 20000 }),
    isSafe({ ...lower, schema: "public" }),
  ]).toEqual([true, false, false, false]);
});

test.each([
  "pg_stat_activity",
  "pg_stats",
  "pg_statistic",
  "pg_prepared_statements",
  "pg_cursors",
  "pg_largeobject",
  "pg_statistic_ext_data",
  "pg_stats_ext",
  "pg_shadow",
  "pg_user_mapping",
])("pg_catalog.%s leaks", (name) => {
  expect([leakyRelation("pg_catalog", name), leakReason("pg_catalog", name)]).toEqual([
    true,
    expect.stringMatching(/./),
  ]);
});

test.each([
  "pg_class",
  "pg_attribute",
  "pg_type",
  "pg_proc",
  "pg_attrdef",
  "pg_constraint",
  "pg_settings",
  "pg_roles",
  "pg_tables",
  "pg_description",
  "pg_views",
  "pg_indexes",
  "pg_database",
])("pg_catalog.%s is clean", (name) => {
  expect([leakyRelation("pg_catalog", name), leakyColumns("pg_catalog", name)]).toEqual([false, null]);
});

test("leaks are known by schema and name: a user's own pg_stats is a table like others, an extension's view counts anywhere", () => {
  expect([
    leakyRelation("public", "pg_stats"),
    leakyRelation("monitor", "pg_stat_statements"),
    leakyRelation("pg_toast", "pg_toast_16400"),
    leakyRelation("information_schema", "columns"),
  ]).toEqual([false, true, true, false]);
  expect(leakyColumns("pg_catalog", "pg_stat_activity")).toContain("query");
});

test("every leaky relation and column exists on this server, or is of another major", async () => {
  const { rows } = await client.query(
    "SELECT relname AS name FROM pg_class WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind IN ('r', 'v')",
  );
  const leaky = rows.map(({ name }) => name as string).filter((name) => leakyRelation("pg_catalog", name));
  expect(leaky.length).toBeGreaterThan(18);
  for (const name of leaky) {
    const known = context.snapshot.relationNamed("pg_catalog", name)!.columns.map((column) => column.name);
    const columns = leakyColumns("pg_catalog", name)!;
    if (columns !== "*")
      expect(known).toEqual(expect.arrayContaining(columns.filter((column) => !column.startsWith("range_"))));
  }
});
