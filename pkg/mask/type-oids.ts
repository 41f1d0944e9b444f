// PostgreSQL's built-in types by OID (src/include/catalog/pg_type.dat). OIDs of built-in types never change.

export const OID = {
  bool: 16,
  bytea: 17,
  char: 18,
  name: 19,
  int8: 20,
  int2: 21,
  int2vector: 22,
  int4: 23,
  regproc: 24,
  text: 25,
  oid: 26,
  tid: 27,
  xid: 28,
  cid: 29,
  oidvector: 30,
  json: 114,
  xml: 142,
  point: 600,
  lseg: 601,
  path: 602,
  box: 603,
  polygon: 604,
  line: 628,
  cidr: 650,
  float4: 700,
  float8: 701,
  unknown: 705,
  circle: 718,
  macaddr8: 774,
  money: 790,
  macaddr: 829,
  inet: 869,
  bpchar: 1042,
  varchar: 1043,
  date: 1082,
  time: 1083,
  timestamp: 1114,
  timestamptz: 1184,
  interval: 1186,
  timetz: 1266,
  bit: 1560,
  varbit: 1562,
  numeric: 1700,
  refcursor: 1790,
  regprocedure: 2202,
  regoper: 2203,
  regoperator: 2204,
  regclass: 2205,
  regtype: 2206,
  uuid: 2950,
  txid_snapshot: 2970,
  pg_lsn: 3220,
  tsvector: 3614,
  tsquery: 3615,
  regconfig: 3734,
  regdictionary: 3769,
  jsonb: 3802,
  int4range: 3904,
  numrange: 3906,
  tsrange: 3908,
  tstzrange: 3910,
  daterange: 3912,
  int8range: 3926,
  jsonpath: 4072,
  regnamespace: 4089,
  regrole: 4096,
  regcollation: 4191,
  int4multirange: 4451,
  nummultirange: 4532,
  tsmultirange: 4533,
  tstzmultirange: 4534,
  datemultirange: 4535,
  int8multirange: 4536,
  pg_snapshot: 5038,
  xid8: 5069,
} as const;

/** Pairs of `type:type`. */
function pairs(text: string): ReadonlyMap<number, number> {
  return new Map(
    text
      .trim()
      .split(/\s+/)
      .map((pair) => pair.split(":").map(Number) as [number, number]),
  );
}

/** Array type to its element type. */
export const ARRAY_ELEMENTS = pairs(`
  1000:16 1001:17 1002:18 1003:19 1016:20 1005:21 1006:22 1007:23 1008:24 1009:25 1028:26 1010:27 1011:28 1012:29
  1013:30 199:114 143:142 1017:600 1018:601 1019:602 1020:603 1027:604 629:628 651:650 1021:700 1022:701 719:718
  775:774 791:790 1040:829 1041:869 1014:1042 1015:1043 1182:1082 1183:1083 1115:1114 1185:1184 1187:1186
  1270:1266 1561:1560 1563:1562 1231:1700 2201:1790 2207:2202 2208:2203 2209:2204 2210:2205 2211:2206 2951:2950
  2949:2970 3221:3220 3643:3614 3645:3615 3735:3734 3770:3769 3807:3802 3905:3904 3907:3906 3909:3908 3911:3910
  3913:3912 3927:3926 4073:4072 4090:4089 4097:4096 4192:4191 6150:4451 6151:4532 6152:4533 6153:4534 6155:4535
  6157:4536 5039:5038 271:5069`);
/** Range type to the type of its bounds. */
export const RANGE_SUBTYPES = pairs("3904:23 3906:1700 3908:1114 3910:1184 3912:1082 3926:20");
/** Multirange type to the type of its bounds. */
export const MULTIRANGE_SUBTYPES = pairs("4451:23 4532:1700 4533:1114 4534:1184 4535:1082 4536:20");

const TEXT_OIDS: ReadonlySet<number> = new Set([
  OID.text,
  OID.varchar,
  OID.bpchar,
  OID.name,
  OID.unknown,
  OID.refcursor,
]);

/** Types whose value is the text itself, the same bytes in both formats. */
export function isTextOid(oid: number): boolean {
  return TEXT_OIDS.has(oid);
}
