// One spelling for a function's name and argument types, so that `f(bigint)` in a policy is `f(int8)` in facts.

/** SQL's names of types to those of pg_type. */
const typeNames: Readonly<Record<string, string>> = {
  bigint: "int8",
  integer: "int4",
  int: "int4",
  smallint: "int2",
  real: "float4",
  "double precision": "float8",
  float: "float8",
  boolean: "bool",
  decimal: "numeric",
  character: "bpchar",
  char: "bpchar",
  "character varying": "varchar",
  "bit varying": "varbit",
  "timestamp without time zone": "timestamp",
  "timestamp with time zone": "timestamptz",
  "time without time zone": "time",
  "time with time zone": "timetz",
};

/** `schema.name(type, type)` in a form to compare; a name without argument types stays one. */
export function functionKey(text: string): string {
  const open = text.indexOf("(");
  if (open < 0) return text.trim();
  const close = text.lastIndexOf(")");
  const types = text.slice(open + 1, close < open ? undefined : close).trim();
  const list = types === "" ? [] : types.split(",").map(typeKey);
  return `${text.slice(0, open).trim()}(${list.join(",")})`;
}

function typeKey(text: string): string {
  const name = text
    .trim()
    .replace(/\s+/g, " ")
    .replace(/^pg_catalog\./, "");
  const array = /^(.*?)((?:\s*\[\])+)$/.exec(name);
  const element = array === null ? name.replace(/^_(?=[a-z])/, "") : array[1]!.trim();
  const canonical = Object.hasOwn(typeNames, element) ? typeNames[element]! : element;
  return array !== null || element !== name ? `${canonical}[]` : canonical;
}
