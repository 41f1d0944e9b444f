// Columns that a function's own declaration names: OUT, INOUT and TABLE parameters.
import type { FunctionInfo } from "../../catalog/snapshot.ts";
import { isPolymorphic } from "../functions/coercible.ts";
import { CLEAN } from "./label.ts";
import type { ScopeColumn } from "./scope.ts";

/** null when it declares none. */
export function outParameters(info: FunctionInfo): ScopeColumn[] | null {
  const columns: ScopeColumn[] = [];
  for (const [position, mode] of info.argModes.entries()) {
    if (mode !== "o" && mode !== "b" && mode !== "t") continue;
    const name = info.argNames[position] || `column${columns.length + 1}`;
    const type = info.allArgs[position] ?? 0;
    columns.push({
      name,
      lineage: CLEAN,
      type: isPolymorphic(type) ? 0 : type,
      typmod: -1,
      origin: { table: 0, column: 0 },
    });
  }
  return columns.length === 0 ? null : columns;
}
