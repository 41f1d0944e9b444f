// What is listed as unable to fail does not, on the real server: every function, operator and cast of the lists, over every pair of its
// arguments' awkward values. A value that failed one of them would tell itself (rule R9).
import pg from "pg";
import {
  patternOperators,
  textTypes,
  totalCasts,
  totalFunctions,
  totalInOne,
  totalOperators,
} from "../../pkg/sql/functions/total-builtins.ts";
import { startTestServer, type TestServer } from "../support/server.ts";

/** Values of each type at its edges, as SQL literals. */
const awkward: Readonly<Record<string, readonly string[]>> = {
  int2: ["0", "-32767", "32767"],
  int4: ["0", "-1", "-2147483647", "2147483647"],
  int8: ["0", "-1", "-9223372036854775807", "9223372036854775807"],
  float4: ["0", "-1", "NaN", "Infinity", "-Infinity", "3.4e38", "1e-37"],
  float8: ["0", "-1", "NaN", "Infinity", "-Infinity", "1e308", "1e-307"],
  numeric: ["0", "-1", "NaN", "Infinity", "-Infinity", "1e500", "1e-500"],
  money: ["0", "-92233720368547758.07"],
  bool: ["t", "f"],
  text: ["", "a", "%", "\\", "é😀", "1", "{", "null", "a,b"],
  varchar: ["", "a\\", "é😀"],
  bpchar: ["", "a  "],
  name: ["", "a"],
  '"char"': ["", "a"],
  bytea: ["", "\\x00ff"],
  bit: ["0", "1"],
  varbit: ["", "0101"],
  date: ["2020-02-29", "infinity", "-infinity", "4713-01-01 BC", "5874897-12-31"],
  timestamp: ["2020-02-29 23:59:60", "infinity", "-infinity", "4713-01-01 BC", "294276-12-31"],
  timestamptz: ["2020-02-29 23:59:60Z", "infinity", "-infinity", "4713-01-01 BC", "294276-12-30Z"],
  time: ["00:00", "24:00"],
  timetz: ["00:00+15", "24:00-15"],
  interval: ["0", "-1 year", "178000000 years", "infinity"],
  uuid: ["00000000-0000-0000-0000-000000000000"],
  inet: ["0.0.0.0", "255.255.255.255/0", "::", "ffff::/1"],
  cidr: ["0.0.0.0/0", "::/0"],
  macaddr: ["00:00:00:00:00:00"],
  json: ["1", "null", '{"a":1,"a":2}', "[]", '"x"'],
  jsonb: ["1", "null", '{"a":1}', "[]", '"x"'],
  int4range: ["empty", "(,)", "[1,2)"],
  numrange: ["empty", "(,)", "[1,2)"],
  int4multirange: ["{}", "{(,)}", "{[1,2)}"],
  tsvector: ["", "a:1"],
  tsquery: ["", "a"],
  int4_: ["{}", "{NULL}", "{{1,2},{3,4}}", "[5:6]={1,2}"],
  text_: ["{}", "{NULL}", "{a,b}", "{{a},{b}}"],
  xml: ["<a/>", ""],
  point: ["(0,0)", "(NaN,Infinity)"],
  oid: ["0", "4294967295"],
};

/** What stands for a pseudo-type. */
const standIns: Readonly<Record<string, string>> = {
  any: "text",
  anyelement: "int4",
  anycompatible: "int4",
  anynonarray: "int4",
  anycompatiblenonarray: "int4",
  anyarray: "int4_",
  anycompatiblearray: "int4_",
  anyrange: "int4range",
  anycompatiblerange: "int4range",
  anymultirange: "int4multirange",
  anycompatiblemultirange: "int4multirange",
  anyenum: "tier",
};

/** Constants by position, where the value's own place is skipped; what is not listed is 1 of numbers, 'i' of texts and NULL of anything. */
const constants: Readonly<Record<string, readonly string[]>> = {
  date_part: ["'hour'"],
  date_trunc: ["'month'", "", "'UTC'"],
  extract: ["'hour'"],
  timezone: ["'UTC'"],
  to_char: ["", "'FM999'"],
  encode: ["", "'hex'"],
};

let server: TestServer;
let client: pg.Client;

beforeAll(async () => {
  server = await startTestServer([]);
  const { port, superuser: user, superuserPassword: password } = server;
  client = new pg.Client({ host: "127.0.0.1", port, user, password, database: "postgres" });
  await client.connect();
  await client.query("CREATE TYPE tier AS ENUM ('basic', 'gold')");
});

afterAll(async () => {
  await client?.end();
  await server?.stop();
});

const typeOf = (name: string) => (name.endsWith("_") ? `${name.slice(0, -1)}[]` : name);
const literals = (type: string): readonly string[] | null => {
  const known = standIns[type] ?? type;
  if (known === "record") return ["ROW(1, NULL::text)"];
  const values = known === "tier" ? ["basic"] : awkward[known];
  if (values === undefined) return null;
  return [...values.map((value) => `'${value}'::${typeOf(known)}`), `NULL::${typeOf(known)}`];
};

/** Every combination of the first with every one of the others, at most so many. */
function combined(lists: readonly (readonly string[])[]): string[][] {
  return lists.reduce<string[][]>(
    (rows, list) => rows.flatMap((row) => list.map((item) => [...row, item])).slice(0, 400),
    [[]],
  );
}

/** Asks for all of them in one transaction of savepoints; returns those that failed, with the server's word. */
async function failing(expressions: readonly string[]): Promise<string[]> {
  const failed: string[] = [];
  for (const expression of expressions) {
    try {
      await client.query(`SELECT ${expression}`);
    } catch (error) {
      failed.push(`${expression}: ${(error as Error).message}`);
    }
  }
  return failed;
}

interface Proc {
  readonly name: string;
  readonly kind: string;
  readonly variadic: boolean;
  readonly args: readonly string[];
}

async function procedures(names: readonly string[]): Promise<readonly Proc[]> {
  const { rows } = await client.query(
    `SELECT proname AS name, prokind AS kind, provariadic <> 0 AS variadic,
       ARRAY(SELECT CASE WHEN t.typelem <> 0 AND t.typcategory = 'A' THEN e.typname || '_' ELSE t.typname END
         FROM unnest(proargtypes) WITH ORDINALITY a(oid, n) JOIN pg_type t ON t.oid = a.oid LEFT JOIN pg_type e ON e.oid = t.typelem
         ORDER BY n)::text[] AS args
     FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace AND proname = ANY ($1) AND prolang IN (12, 14) AND NOT proretset
     ORDER BY proname, oid`,
    [names],
  );
  return rows;
}

function calls({ name: bare, kind, variadic, args }: Proc, lists: readonly (readonly string[])[]): string[] {
  const name = `pg_catalog."${bare}"`;
  const over = kind === "w" ? " OVER ()" : "";
  if (bare.startsWith("percentile")) {
    return lists[1]!.map((value) => `${name}(0.5) WITHIN GROUP (ORDER BY ${value})`);
  }
  if (bare === "mode") return lists[0]!.map((value) => `mode() WITHIN GROUP (ORDER BY ${value})`);
  if (["rank", "dense_rank", "percent_rank", "cume_dist"].includes(bare))
    return kind === "w" ? [`${name}()${over}`] : [];
  if (args.length === 0) return [`${name}(${kind === "a" ? "*" : ""})${over}`];
  return combined(lists).map((row) => {
    const last = variadic && row.at(-1)!.includes("[]") ? [...row.slice(0, -1), `VARIADIC ${row.at(-1)}`] : row;
    return `${name}(${last.join(", ")})${over}`;
  });
}

test("no awkward value fails a function of the list", async () => {
  const unknown: string[] = [];
  const failed: string[] = [];
  for (const proc of await procedures([...totalFunctions])) {
    if (["age", "length"].includes(proc.name) && proc.args.length > 1) continue;
    const lists = proc.args.map((type) => literals(type));
    if (lists.includes(null)) unknown.push(`${proc.name}(${proc.args})`);
    else failed.push(...(await failing(calls(proc, lists as string[][]))));
  }
  expect(failed).toEqual([]);
  expect(unknown.join(" ")).toBe(
    "age(xid) length(lseg) length(path) max(tid) max(pg_lsn) max(xid8) min(tid) min(pg_lsn) min(xid8) text(char)",
  );
});

test("no awkward value in its place fails a function whose other arguments are constants", async () => {
  const failed: string[] = [];
  for (const proc of await procedures([...totalInOne.keys()])) {
    const place = totalInOne.get(proc.name)!;
    const lists = proc.args.map((type, position) => {
      if (position === place) return literals(type);
      if (type.startsWith("any")) return ["NULL"];
      return [constants[proc.name]?.[position] ?? (/int|numeric/.test(type) ? "1" : "'i'")];
    });
    if (place >= proc.args.length || lists.includes(null)) continue;
    if (proc.args[0] === "text" && proc.args[1] === "date")
      lists[1] = ["'2020-02-29'::date", "NULL::date"].slice(0, lists[1]!.length);
    if (takesNoHour(proc)) continue;
    failed.push(...(await failing(calls(proc, lists as string[][]))));
  }
  expect(failed).toEqual([]);
});

/** A field that the type does not have fails with every value. */
const takesNoHour = ({ name, args }: Proc) => name === "extract" && args[1] === "date";

test("no awkward value fails an operator of the list", async () => {
  const { rows } = await client.query(
    `SELECT oprname AS name, l.typname AS left, r.typname AS right, result.typname AS result
     FROM pg_operator JOIN pg_type l ON l.oid = oprleft JOIN pg_type r ON r.oid = oprright JOIN pg_type result ON result.oid = oprresult
     WHERE oprnamespace = 'pg_catalog'::regnamespace AND oprname = ANY ($1) ORDER BY 1, 2, 3`,
    [[...totalOperators]],
  );
  const failed: string[] = [];
  for (const { name, left, right, result } of rows) {
    if (name === "||" && !["text", "bytea", "varbit", "bit", "tsvector"].includes(result)) continue;
    const lefts = literals(left);
    const rights = patternOperators.has(name) && right === "text" ? ["'a%'::text"] : literals(right);
    if (lefts === null || rights === null) continue;
    failed.push(...(await failing(combined([lefts, rights]).map(([one, other]) => `${one} ${name} ${other}`))));
  }
  expect(failed).toEqual([]);
});

test("no awkward value fails a conversion of the list", async () => {
  const far = /'(infinity|-infinity|5874897|294276|4713)/;
  const failed: string[] = [];
  for (const from of Object.keys(awkward)) {
    const targets = [...(totalCasts.get(from) ?? []), ...textTypes].filter((type) => type !== "");
    for (const to of targets) {
      const values = literals(from)!.filter((value) => !(totalCasts.get(from)?.has(to) === true && far.test(value)));
      failed.push(...(await failing(values.map((value) => `(${value})::${to}`))));
    }
  }
  expect(failed).toEqual([]);
});
