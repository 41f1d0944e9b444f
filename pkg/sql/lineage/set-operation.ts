// UNION, INTERSECT, EXCEPT: labels join by position over all branches; finding duplicates compares them (rules R5, R9).
import type { Node } from "../node.ts";
import { steerColumns } from "./collector.ts";
import { noteConversionFailures } from "./failing.ts";
import type { Scope } from "./scope.ts";
import { analyzeSelect, type QueryResult } from "./select.ts";
import { commonType } from "./types.ts";
import { COMPUTED } from "./value.ts";
import type { Walk } from "./walk.ts";
import { joinPositions } from "./with.ts";

export function analyzeSetOperation(walk: Walk, scope: Scope, node: Node, top: boolean): QueryResult {
  const left = analyzeSelect(walk, scope, node.larg, top);
  const right = analyzeSelect(walk, scope, node.rarg);
  const joined = joinPositions(left, right);
  const columns = joined.columns.map((column, position) => {
    const both = [left.columns[position], right.columns[position]].filter((side) => side !== undefined);
    const type = commonType(
      walk,
      both.map((side) => side.type),
    );
    noteConversionFailures(walk, both, type);
    return { ...column, type, typmod: -1, origin: COMPUTED };
  });
  if (node.op !== "SETOP_UNION" || node.all !== true)
    steerColumns(walk, { columns, open: joined.open }, "set operation");
  return { columns, open: joined.open };
}
