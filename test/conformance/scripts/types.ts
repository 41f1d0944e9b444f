import { bind, describe, execute, parse, query, sync } from "../../support/messages.ts";
import { script } from "../../support/script.ts";

/** Built-in types with values of each, asked for as text, as binary, and sent back as binary parameters' text. */
const values: Readonly<Record<string, readonly string[]>> = {
  bool: ["true", "false"],
  int2: ["-32768", "7"],
  int4: ["-2147483648", "7"],
  int8: ["9223372036854775807", "0"],
  float4: ["1.5", "NaN", "-Infinity"],
  float8: ["1.7976931348623157e308", "-0"],
  numeric: ["123456789012345678901234567890.0123456789", "NaN", "Infinity", "0.00"],
  money: ["$1,234.56"],
  text: ["", "tab\there", "ünïcödé ☃ 😀"],
  varchar: ["x"],
  "char(5)": ["ab"],
  '"char"': ["a"],
  name: ["a_name"],
  bytea: ["\\x00ff10", ""],
  uuid: ["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"],
  date: ["2024-02-29", "infinity", "4713-01-01 BC"],
  time: ["23:59:59.999999", "24:00"],
  timetz: ["04:05:06-08"],
  timestamp: ["2024-02-29 12:34:56.789", "-infinity"],
  timestamptz: ["2024-02-29 12:34:56.789+09"],
  interval: ["1 year -2 months 3 days 04:05:06.7"],
  json: ['{"a": [1, null]}'],
  jsonb: ['{"b": 1, "a": {"c": "☃"}}', "null"],
  jsonpath: ["$.a[*]"],
  xml: ["<a>b</a>"],
  inet: ["192.168.1.1/24", "::1"],
  cidr: ["10.0.0.0/8"],
  macaddr: ["08:00:2b:01:02:03"],
  macaddr8: ["08:00:2b:01:02:03:04:05"],
  bit: ["1"],
  varbit: ["10110"],
  point: ["(1,2)"],
  line: ["{1,2,3}"],
  lseg: ["[(1,2),(3,4)]"],
  box: ["(3,4),(1,2)"],
  path: ["((1,2),(3,4))"],
  polygon: ["((1,2),(3,4),(5,6))"],
  circle: ["<(1,2),3>"],
  tsvector: ["'a':1 'b':2"],
  tsquery: ["'a' & 'b'"],
  int4range: ["[1,5)", "empty", "(,)"],
  numrange: ["[1.5,2.5]"],
  tstzrange: ["[2020-01-01 00:00+00,)"],
  int4multirange: ["{[1,3),[5,9)}"],
  "int4[]": ["{1,NULL,3}", "{}", "{{1,2},{3,4}}", "[2:3]={5,6}"],
  "text[]": ['{a,"b c",NULL,"q\\"uote"}'],
  "jsonb[]": ['{"{\\"a\\": 1}"}'],
  mood: ["happy"],
  posint: ["5"],
  pair: ['(1,"a b")', "(,)"],
  "mood[]": ["{sad,ok}"],
  "pair[]": ['{"(1,x)","(2,y)"}'],
  oid: ["4294967295"],
  regclass: ["pg_class"],
  regtype: ["integer"],
  regproc: ["now"],
  pg_lsn: ["16/B374D848"],
  xid: ["7"],
  tid: ["(0,1)"],
  pg_snapshot: ["10:20:10,14"],
  oidvector: ["1 2"],
  record: [],
  void: [],
};

const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`;

export default Object.entries(values)
  .filter(([, samples]) => samples.length > 0)
  .map(([type, samples]) => {
    const list = [...samples.map((value) => `${quoted(value)}::${type}`), `NULL::${type}`].join(", ");
    const built = script(
      `type: ${type}`,
      [query(`SELECT ${list}`)],
      [parse("", `SELECT ${list}`), bind({ results: [1] }), describe("P"), execute(), sync()],
      [parse("", `SELECT $1::${type}, pg_typeof($1)`), describe("S"), bind({ values: [samples[0]!] }), execute(), sync()],
      [query(`COPY (SELECT ${list}) TO STDOUT`)],
      [query(`COPY (SELECT ${list}) TO STDOUT (FORMAT csv)`)],
      [query(`COPY (SELECT ${list}) TO STDOUT (FORMAT binary)`)],
      [query(`SELECT 'not ( a value'::${type}`)],
    );
    return { ...built, readOnly: true };
  });
