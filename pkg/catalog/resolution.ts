// How a session resolves names now (rule R1), asked for after anything that may have changed it.
import { CatalogError } from "./catalog-error.ts";
import { Fields } from "./fields.ts";
import type { CatalogQuery } from "./queries.ts";
import type { Resolution } from "./snapshot.ts";
import { canPrintViews, eq, jsonRow } from "./sql-text.ts";

const setting = (name: string) => `pg_catalog.current_setting('${name}')`;

/** [effective search path with temp schema, whether views print truly] as it was when definitions were printed. */
export const pathQuery = `SELECT ${jsonRow(["pg_catalog.current_schemas(true)", canPrintViews])}`;

/** current_user and session_user are keywords, which nobody can replace. */
const resolutionText = `SELECT ${jsonRow([
  "pg_catalog.current_schemas(true)",
  `(SELECT n.nspname FROM pg_catalog.pg_namespace n WHERE n.oid ${eq} pg_catalog.pg_my_temp_schema())`,
  "current_user",
  "session_user",
  setting("standard_conforming_strings"),
  setting("client_encoding"),
])}`;

/** One row, for `resolutionOf`; the same text for every major. */
export function resolutionQuery(_serverMajor: number): CatalogQuery {
  return { name: "resolution", sql: resolutionText };
}

/** The row of `resolutionQuery`. A schema made or a USAGE granted elsewhere changes it too: ask again after each new snapshot. */
export function resolutionOf(row: readonly (string | null)[]): Resolution {
  const fields = Fields.of("resolution", 0, row, 6);
  const state = {
    searchPath: fields.texts(0),
    tempSchema: fields.textOrNull(1),
    currentUser: fields.text(2),
    standardConformingStrings: onOff(fields.text(4)),
    clientEncoding: fields.text(5),
  };
  return { ...state, key: JSON.stringify([state, fields.text(3)]) };
}

function onOff(value: string): boolean {
  if (value === "on" || value === "off") return value === "on";
  throw new CatalogError("resolution", 0, "standard_conforming_strings is neither on nor off");
}

/**
 * The path of a `pathQuery` answer without temp schemas: what is permanent never refers to temp objects. Throws CatalogError
 * where the session hides operators of the server behind its own, so that what it loads is shared with nobody.
 */
export function permanentPath(rows: readonly (readonly (string | null)[])[]): readonly string[] {
  if (rows.length !== 1) throw new CatalogError("path", 0, "there is not exactly one row");
  const fields = Fields.of("path", 0, rows[0]!, 2);
  if (!fields.boolean(1))
    throw new CatalogError("path", 0, "the search_path puts other operators before those of pg_catalog");
  return fields.texts(0).filter((schema) => !schema.startsWith("pg_temp_"));
}
