// What masking knows of a type: PostgreSQL's built-in OIDs (pg_type.dat), and the catalogue for the rest.
import type { MaskKeys } from "./keys.ts";

/** The part of the catalogue's TypeInfo that masking reads; what is optional makes more types maskable. */
export interface TypeFacts {
  /** pg_type.typtype: b base, c composite, d domain, e enum, p pseudo, r range, m multirange. */
  readonly kind: string;
  readonly category: string;
  readonly schema: string;
  readonly name: string;
  readonly element: number;
  readonly base: number;
  readonly relation: number;
  /** Labels of an enum in their order. */
  readonly enumLabels?: readonly string[];
  /** Columns of a composite type in their order, dropped ones left out. */
  readonly attributes?: readonly { readonly type: number; readonly typmod: number }[];
  /** pg_type.typtypmod of a domain. */
  readonly typmod?: number;
  /** Subtype of a range, range of a multirange. */
  readonly subtype?: number;
}

export interface MaskContext {
  /** null: methods that need a key give Default. */
  readonly keys: MaskKeys | null;
  readonly types: (oid: number) => TypeFacts | undefined;
  readonly serverMajor: number;
}

/** A result column as RowDescription tells it. */
export interface Field {
  readonly type: number;
  readonly typmod: number;
  readonly format: 0 | 1;
}

/** A type taken apart as far as masking needs. `opaque`: nothing is known that could be written for it. */
export type Shape =
  | { readonly shape: "base"; readonly oid: number; readonly typmod: number }
  | { readonly shape: "array"; readonly elementOid: number; readonly element: Shape; readonly delimiter: string }
  | { readonly shape: "range"; readonly subtype: Shape | null }
  | { readonly shape: "multirange"; readonly subtype: Shape | null }
  | { readonly shape: "enum"; readonly labels: readonly string[] }
  | { readonly shape: "composite"; readonly attributes: readonly { readonly oid: number; readonly shape: Shape }[] }
  | { readonly shape: "opaque" };

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

/** Built-in array type to its element type. */
const ARRAY_ELEMENTS: ReadonlyMap<number, number> = new Map([
  [1000, 16],
  [1001, 17],
  [1002, 18],
  [1003, 19],
  [1016, 20],
  [1005, 21],
  [1006, 22],
  [1007, 23],
  [1008, 24],
  [1009, 25],
  [1028, 26],
  [1010, 27],
  [1011, 28],
  [1012, 29],
  [1013, 30],
  [199, 114],
  [143, 142],
  [1017, 600],
  [1018, 601],
  [1019, 602],
  [1020, 603],
  [1027, 604],
  [629, 628],
  [651, 650],
  [1021, 700],
  [1022, 701],
  [719, 718],
  [775, 774],
  [791, 790],
  [1040, 829],
  [1041, 869],
  [1014, 1042],
  [1015, 1043],
  [1182, 1082],
  [1183, 1083],
  [1115, 1114],
  [1185, 1184],
  [1187, 1186],
  [1270, 1266],
  [1561, 1560],
  [1563, 1562],
  [1231, 1700],
  [2201, 1790],
  [2207, 2202],
  [2208, 2203],
  [2209, 2204],
  [2210, 2205],
  [2211, 2206],
  [2951, 2950],
  [2949, 2970],
  [3221, 3220],
  [3643, 3614],
  [3645, 3615],
  [3735, 3734],
  [3770, 3769],
  [3807, 3802],
  [3905, 3904],
  [3907, 3906],
  [3909, 3908],
  [3911, 3910],
  [3913, 3912],
  [3927, 3926],
  [4073, 4072],
  [4090, 4089],
  [4097, 4096],
  [4192, 4191],
  [6150, 4451],
  [6151, 4532],
  [6152, 4533],
  [6153, 4534],
  [6155, 4535],
  [6157, 4536],
  [5039, 5038],
  [271, 5069],
]);

/** Built-in range and multirange types to the subtype of their bounds. */
const RANGE_SUBTYPES: ReadonlyMap<number, number> = new Map([
  [3904, 23],
  [3906, 1700],
  [3908, 1114],
  [3910, 1184],
  [3912, 1082],
  [3926, 20],
]);
const MULTIRANGE_SUBTYPES: ReadonlyMap<number, number> = new Map([
  [4451, 23],
  [4532, 1700],
  [4533, 1114],
  [4534, 1184],
  [4535, 1082],
  [4536, 20],
]);

const BASE_OIDS: ReadonlySet<number> = new Set(Object.values(OID));
/** Deeper nesting (domain over array of composite of ...) is opaque. */
const NESTING_MAX = 16;

/** Takes a type apart. */
export function shapeOf(oid: number, typmod: number, context: MaskContext, depth = 0): Shape {
  if (depth > NESTING_MAX) return { shape: "opaque" };
  const element = ARRAY_ELEMENTS.get(oid);
  if (element !== undefined) return arrayOf(element, typmod, context, depth);
  const range = RANGE_SUBTYPES.get(oid);
  if (range !== undefined) return { shape: "range", subtype: { shape: "base", oid: range, typmod: -1 } };
  const multirange = MULTIRANGE_SUBTYPES.get(oid);
  if (multirange !== undefined) return { shape: "multirange", subtype: { shape: "base", oid: multirange, typmod: -1 } };
  if (BASE_OIDS.has(oid)) return { shape: "base", oid, typmod };
  const facts = context.types(oid);
  return facts === undefined ? { shape: "opaque" } : declaredShape(facts, typmod, context, depth);
}

function arrayOf(elementOid: number, typmod: number, context: MaskContext, depth: number): Shape {
  const element = shapeOf(elementOid, typmod, context, depth + 1);
  return { shape: "array", elementOid, element, delimiter: elementOid === OID.box ? ";" : "," };
}

function declaredShape(facts: TypeFacts, typmod: number, context: MaskContext, depth: number): Shape {
  if (facts.kind === "b" && facts.category === "A" && facts.element !== 0)
    return arrayOf(facts.element, typmod, context, depth);
  if (facts.kind === "d" && facts.base !== 0) return shapeOf(facts.base, facts.typmod ?? typmod, context, depth + 1);
  if (facts.kind === "e") {
    return facts.enumLabels?.length ? { shape: "enum", labels: facts.enumLabels } : { shape: "opaque" };
  }
  if (facts.kind === "r") return { shape: "range", subtype: boundsOf(facts.subtype, context, depth) };
  if (facts.kind === "m") return { shape: "multirange", subtype: multirangeBounds(facts, context, depth) };
  if (facts.kind === "c" && facts.attributes !== undefined) {
    const attributes = facts.attributes.map(({ type, typmod: own }) => ({
      oid: type,
      shape: shapeOf(type, own, context, depth + 1),
    }));
    return { shape: "composite", attributes };
  }
  return { shape: "opaque" };
}

function boundsOf(subtype: number | undefined, context: MaskContext, depth: number): Shape | null {
  return subtype === undefined || subtype === 0 ? null : shapeOf(subtype, -1, context, depth + 1);
}

function multirangeBounds(facts: TypeFacts, context: MaskContext, depth: number): Shape | null {
  const range =
    facts.subtype === undefined ? { shape: "opaque" as const } : shapeOf(facts.subtype, -1, context, depth + 1);
  return range.shape === "range" ? range.subtype : null;
}

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
