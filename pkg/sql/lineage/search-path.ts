// The effective search path of a function that sets its own.
import type { Resolution } from "../../catalog/snapshot.ts";

/** The caller's path without such a setting; null when the function sets anything else, or a path that cannot be told. */
export function pathOfSettings(settings: readonly string[], own: Resolution): readonly string[] | null {
  let path = own.searchPath;
  for (const setting of settings) {
    const equals = setting.indexOf("=");
    if (setting.slice(0, equals) !== "search_path") return null;
    const written = setting
      .slice(equals + 1)
      .split(",")
      .map((name) => name.trim());
    const names = written.map(unquoted).filter((name) => name !== "");
    if (names.some((name) => name.includes('"') || name === "$user")) return null;
    path = effective(names, own.tempSchema);
  }
  return path;
}

function unquoted(name: string): string {
  return name.startsWith('"') && name.endsWith('"') ? name.slice(1, -1) : name.toLowerCase();
}

/** What is not in the path comes first: pg_catalog, and in front of it the temp schema (recomputeNamespacePath, namespace.c). */
function effective(names: readonly string[], tempSchema: string | null): readonly string[] {
  const withCatalog = names.includes("pg_catalog") ? names : ["pg_catalog", ...names];
  const withTemp = withCatalog.includes("pg_temp") ? withCatalog : ["pg_temp", ...withCatalog];
  return withTemp.flatMap((name) => (name !== "pg_temp" ? [name] : tempSchema === null ? [] : [tempSchema]));
}
