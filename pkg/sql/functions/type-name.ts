// A type's name as format_type spells it, for names of functions in policies and records.
import type { Snapshot } from "../../catalog/snapshot.ts";

/** format_type_extended (utils/adt/format_type.c): the types with a spelling of their own in SQL. */
const spelled: Readonly<Record<string, string>> = {
  bit: "bit",
  bool: "boolean",
  bpchar: "character",
  float4: "real",
  float8: "double precision",
  int2: "smallint",
  int4: "integer",
  int8: "bigint",
  time: "time without time zone",
  timetz: "time with time zone",
  timestamp: "timestamp without time zone",
  timestamptz: "timestamp with time zone",
  varbit: "bit varying",
  varchar: "character varying",
};

/** Types outside pg_catalog always come with their schema. An OID that nobody knows comes as "?". */
export function typeName(oid: number, snapshot: Snapshot): string {
  const type = snapshot.type(oid);
  if (type === undefined) return "?";
  if (type.element !== 0 && type.name.startsWith("_")) return `${typeName(type.element, snapshot)}[]`;
  if (type.schema !== "pg_catalog") return `${type.schema}.${type.name}`;
  return Object.hasOwn(spelled, type.name) ? spelled[type.name]! : type.name;
}
