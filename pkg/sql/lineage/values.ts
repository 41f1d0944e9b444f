// VALUES lists: rows whose labels join by position.
import { list, type Node } from "../node.ts";
import { noteConversionFailures } from "./failing.ts";
import { either } from "./label.ts";
import type { Scope, ScopeColumn } from "./scope.ts";
import { type Columns, expandTarget } from "./targets.ts";
import { commonType } from "./types.ts";
import { COMPUTED, type Value } from "./value.ts";
import { NotKnown, type Walk } from "./walk.ts";

export function analyzeValues(walk: Walk, scope: Scope, rows: readonly Node[]): Columns {
  const values = rows.map((row) => list(row.List.items).flatMap((item) => expandTarget(walk, scope, item)));
  const width = values[0]!.length;
  if (values.some((row) => row.length !== width)) throw new NotKnown("VALUES of different lengths");
  return { columns: Array.from({ length: width }, (_, position) => joinedColumn(walk, values, position)), open: false };
}

function joinedColumn(walk: Walk, rows: readonly (readonly Value[])[], position: number): ScopeColumn {
  let lineage = rows[0]![position]!.lineage;
  const types = new Set<number>();
  for (const row of rows) {
    lineage = either(lineage, row[position]!.lineage);
    types.add(row[position]!.type);
  }
  const type = commonType(walk, [...types]);
  if (types.size > 1)
    noteConversionFailures(
      walk,
      rows.map((row) => row[position]!),
      type,
    );
  return { name: `column${position + 1}`, lineage, type, typmod: -1, origin: COMPUTED };
}
