import { bind, execute, parse, query, sync } from "../../support/messages.ts";
import { type Script, script } from "../../support/script.ts";

const simple = (name: string, ...texts: readonly string[]) => script(name, ...texts.map((text) => [query(text)]));
const starting = (name: string, parameters: Readonly<Record<string, string>>, ...texts: readonly string[]): Script => ({ ...simple(name, ...texts), parameters });

export default [
  simple("settings: ParameterStatus", "SET DateStyle = 'German, YMD'", "SELECT '2020-02-01'::date", "SET IntervalStyle = iso_8601", "SELECT interval '1 day 2 h'", "SET TimeZone = 'Asia/Tokyo'", "SELECT '2020-02-01 00:00Z'::timestamptz", "SET application_name = 'Ünï'", "SET standard_conforming_strings = off", "SELECT 'a\\'b'", "SET client_encoding = 'LATIN1'", "SET search_path = pg_catalog", "RESET ALL"),
  simple("settings: SET LOCAL ends with its transaction", "BEGIN; SET LOCAL TimeZone = 'Asia/Tokyo'", "SHOW TimeZone", "COMMIT", "SHOW TimeZone", "SET LOCAL TimeZone = 'Asia/Tokyo'"),
  simple("settings: rolled back", "BEGIN; SET TimeZone = 'Asia/Tokyo'", "ROLLBACK", "BEGIN; SAVEPOINT s; SET TimeZone = 'Asia/Tokyo'", "ROLLBACK TO s", "COMMIT"),
  simple("settings: set_config", "SELECT set_config('application_name', 'x', false)", "BEGIN; SELECT set_config('DateStyle', 'SQL', true)", "COMMIT", "SELECT set_config('my.own', 'v', false), current_setting('my.own'), current_setting('not.set', true)", "SELECT set_config('work_mem', 'lots', false)"),
  simple("settings: errors", "SET nothing.here = 1", "SET nothing = 1", "SET work_mem = 'x'", "SET max_connections = 1", "SHOW nothing", "SET ROLE nobody_there", "RESET nothing"),
  simple("settings: a string of SETs with an error", "SET application_name = 'a'; SET application_name = 'b'; SELECT 1/0; SET application_name = 'c'", "SHOW application_name"),
  script("settings: extended", [parse("", "SET application_name TO 'ext'"), bind(), execute(), parse("", "SELECT set_config('TimeZone', $1, false)"), bind({ values: ["Europe/Paris"] }), execute(), sync()]),
  simple("settings: UPDATE pg_settings", "UPDATE pg_settings SET setting = 'via view' WHERE name = 'application_name'", "SHOW application_name"),
  simple("settings: statement and lock timeouts", "SET statement_timeout = '40ms'", "SELECT pg_sleep(5)", "RESET statement_timeout", "SELECT 1", "BEGIN; SET LOCAL statement_timeout = '40ms'", "SELECT pg_sleep(5)", "ROLLBACK"),
  { ...simple("settings: SET ROLE and SESSION AUTHORIZATION", "SET ROLE app", "SELECT current_user, session_user", "SET SESSION AUTHORIZATION app", "SELECT current_user, session_user", "RESET SESSION AUTHORIZATION", "RESET ROLE", "SELECT current_user"), user: "postgres" },
  starting("start-up: application_name and settings", { application_name: "my app", DateStyle: "German", search_path: "pg_catalog, public", timezone: "Asia/Tokyo" }, "SHOW application_name", "SHOW search_path", "SELECT '2020-02-01'::date", "RESET ALL", "SHOW search_path"),
  starting("start-up: options", { options: "-c work_mem=7MB -c my.own=a\\ b --geqo=off" }, "SHOW work_mem", "SHOW my.own", "SHOW geqo"),
  starting("start-up: client_encoding", { client_encoding: "SQL_ASCII" }, "SELECT 'é'", "SHOW client_encoding"),
  starting("start-up: an unknown setting", { nothing_of_the_sort: "1" }),
  starting("start-up: a bad value", { work_mem: "lots" }),
  starting("start-up: bad options", { options: "-z what" }),
  { ...starting("start-up: a role that may not log in", {}), user: "missing" },
  { ...starting("start-up: protocol 3.2", {}, "SELECT 1"), version: 0x00030002 },
  { ...starting("start-up: protocol 3.9 is negotiated down", {}, "SELECT 1"), version: 0x00030009 },
  { ...starting("start-up: unknown protocol options", { "_pq_.made_up": "1", "_pq_.other": "2" }, "SELECT 1") },
  { ...starting("start-up: protocol 2", {}), version: 0x00020000 },
  { ...starting("start-up: protocol 4", {}), version: 0x00040000 },
];
