// One row that differs whenever DDL changed something that a Snapshot holds. Rows are folded by exclusive or of 64-bit
// hashes, in no order. Where rows also change for other reasons (pg_class on TRUNCATE, pg_index and pg_attribute on
// ANALYZE or CLUSTER) the fields themselves are hashed; elsewhere xmin, which every insert and update renews, and which
// freezing leaves alone. Counting rows beside the fold catches what cancels out. Rows of temp objects are left out: other sessions
// make them all the time.
import { CatalogError } from "./catalog-error.ts";
import { eq, FIRST_USER_OID, gt, isOneOf, ne, temporarySchemas, xor } from "./sql-text.ts";

const int8 = (expression: string) => `${expression}::pg_catalog.int8`;
const shifted = (expression: string, bits: number) => `(${int8(expression)} OPERATOR(pg_catalog.<<) ${bits})`;
const flag = (condition: string, bit: number) =>
  `(CASE WHEN ${condition} THEN ${2 ** bit} ELSE 0 END)::pg_catalog.int8`;
const fold = (hash: string) => `pg_catalog.concat(pg_catalog.count(*), '.', pg_catalog.bit_xor(${hash}))`;
const mixed = (parts: readonly string[]) => parts.join(` ${xor} `);
const hashName = (name: string, parts: readonly string[]) => `pg_catalog.hashnameextended(${name}, ${mixed(parts)})`;
const hashText = (value: string, parts: readonly string[]) =>
  `pg_catalog.hashtextextended(${value}::pg_catalog.text, ${mixed(parts)})`;
const user = (column: string) => `${column} OPERATOR(pg_catalog.>=) '${FIRST_USER_OID}'::pg_catalog.oid`;
const builtin = (column: string) => `${column} OPERATOR(pg_catalog.<) '${FIRST_USER_OID}'::pg_catalog.oid`;

/** A relation that is no temp one; `temporary` is read once and hashed. */
const permanent = (column: string) => `NOT (${column} ${eq} ANY (SELECT q.oid FROM temporary q))`;
const temporary = `temporary AS MATERIALIZED (SELECT c.oid FROM pg_catalog.pg_class c WHERE c.relpersistence ${eq} 't')`;

const classes = `SELECT ${fold(
  hashName("c.relname", [
    int8("c.oid"),
    shifted("c.relnamespace", 20),
    shifted("pg_catalog.ascii(c.relkind::pg_catalog.text)", 52),
    flag("c.relrowsecurity", 61),
  ]),
)} FROM pg_catalog.pg_class c WHERE c.relpersistence ${ne} 't' AND ${isOneOf("c.relkind", "rpvmfSciI")}`;

const attributes = `SELECT ${fold(
  hashName("a.attname", [
    int8("a.attrelid"),
    shifted("a.attnum", 48),
    shifted("a.atttypid", 24),
    shifted("a.atttypmod", 16),
    flag("a.attisdropped", 60),
    flag("a.attnotnull", 61),
    flag("a.atthasdef", 59),
  ]),
)} FROM pg_catalog.pg_attribute a WHERE a.attnum ${gt} 0 AND ${user("a.attrelid")} AND ${permanent("a.attrelid")}`;

const indexes = `SELECT ${fold(
  hashText("i.indkey", [
    int8("i.indexrelid"),
    flag("i.indisvalid", 40),
    flag("i.indisunique", 41),
    flag("i.indimmediate", 42),
    flag("i.indisprimary", 43),
  ]),
)} FROM pg_catalog.pg_index i WHERE i.indisunique AND ${user("i.indexrelid")} AND ${permanent("i.indrelid")}`;

const byXmin = (from: string, key: string, where: string) =>
  `SELECT ${fold(hashText("x.xmin", [int8(`x.${key}`)]))} FROM pg_catalog.${from} x WHERE ${where}`;

const userParts = [
  classes,
  attributes,
  indexes,
  byXmin("pg_attrdef", "oid", permanent("x.adrelid")),
  byXmin("pg_inherits", "inhrelid", permanent("x.inhrelid")),
  byXmin("pg_rewrite", "oid", `${user("x.oid")} AND ${permanent("x.ev_class")}`),
  byXmin("pg_trigger", "oid", `NOT x.tgisinternal AND ${permanent("x.tgrelid")}`),
  byXmin(
    "pg_constraint",
    "oid",
    `(x.contype ${eq} 'f' OR x.contypid ${ne} '0'::pg_catalog.oid) AND ${permanent("x.conrelid")}`,
  ),
  byXmin("pg_proc", "oid", user("x.oid")),
  byXmin("pg_type", "oid", `${user("x.oid")} AND x.typnamespace ${ne} ALL (${temporarySchemas})`),
  byXmin("pg_operator", "oid", user("x.oid")),
  byXmin("pg_cast", "oid", user("x.oid")),
  byXmin("pg_namespace", "oid", `x.oid ${ne} ALL (${temporarySchemas})`),
];

/** What only a superuser who edits the server's own objects changes. */
const builtinParts = [
  byXmin("pg_proc", "oid", builtin("x.oid")),
  byXmin("pg_operator", "oid", builtin("x.oid")),
  byXmin("pg_cast", "oid", builtin("x.oid")),
  byXmin("pg_rewrite", "oid", builtin("x.oid")),
];

const joined = (parts: readonly string[]) =>
  `pg_catalog.concat_ws(' ', ${parts.map((part) => `(${part})`).join(", ")})`;

/** One row of two texts: the probe of users' objects and that of the server's own. */
export const probeText = `WITH ${temporary} SELECT ${joined(userParts)}, ${joined(builtinParts)}`;

/** The answer as one opaque text, to compare for equality and to keep with the snapshot. */
export function probeOf(rows: readonly (readonly (string | null)[])[]): string {
  const [row] = rows;
  const complete = rows.length === 1 && row?.length === 2 && row.every((cell) => cell !== null);
  if (!complete) throw new CatalogError("probe", 0, "there is not exactly one row of two texts");
  return JSON.stringify(rows);
}

/** The part of a `probeOf` text that tells of the server's own objects. */
export function builtinPart(probe: string): string {
  const [row] = JSON.parse(probe) as readonly (readonly string[])[];
  return row?.[1] ?? "";
}

/** The probe of a snapshot that lacks something: unlike any answer, so that the next probe finds a change. */
export function incomplete(probe: string): string {
  return JSON.stringify([...JSON.parse(probe), ["incomplete"]]);
}
