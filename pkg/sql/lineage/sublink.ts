// Subqueries in expressions: scalar, EXISTS, IN, ANY, ALL, ARRAY. Their own conditions steer the result and are noted there.
import { type Node, texts } from "../node.ts";
import { callOperator } from "./calls.ts";
import { steer } from "./collector.ts";
import { evaluate } from "./expression.ts";
import { CLEAN, deriveAll, unknown } from "./label.ts";
import { appliedToColumns } from "./operator.ts";
import type { Scope } from "./scope.ts";
import { analyzeSelect, type QueryResult } from "./select.ts";
import { isTotalQuery, tells } from "./total.ts";
import { arrayOf, BOOL, RECORD, TEXT, UNKNOWN } from "./types.ts";
import { COMPUTED, computed, type Value } from "./value.ts";
import { NotKnown, type Walk } from "./walk.ts";

export function evaluateSublink(walk: Walk, scope: Scope, node: Node): Value {
  const select = node.subselect?.SelectStmt;
  if (select === undefined) throw new NotKnown("subquery that is no SELECT");
  const result = analyzeSelect(walk, scope, select);
  switch (node.subLinkType) {
    case "EXISTS_SUBLINK":
      return computed(CLEAN, BOOL);
    case "EXPR_SUBLINK":
      return scalar(walk, node, result);
    case "ARRAY_SUBLINK":
      return computed(labelOf(result), arrayOf(walk, typeOf(result)));
    case "ANY_SUBLINK":
    case "ALL_SUBLINK":
      return compared(walk, scope, node, result);
    default:
      throw new NotKnown("subquery of an unknown kind");
  }
}

export function labelOf(result: QueryResult) {
  if (result.open) return unknown("columns not known");
  return deriveAll(result.columns.map((column) => column.lineage));
}

function typeOf(result: QueryResult): number {
  const type = result.columns[0]?.type ?? 0;
  return type === UNKNOWN ? TEXT : type;
}

function scalar(walk: Walk, node: Node, result: QueryResult): Value {
  const [column] = result.columns;
  walk.sublinkNames.set(node, result.open ? null : (column?.name ?? null));
  if (result.open || column === undefined) return computed(labelOf(result), 0);
  // Several columns are a row to be compared with another.
  if (result.columns.length > 1) return computed(labelOf(result), RECORD, result.columns);
  const { lineage, typmod } = column;
  return { lineage, type: typeOf(result), typmod, origin: COMPUTED, shape: "computed" };
}

/** Of a total query nobody can tell how many of the rows were looked at before one of them decided. */
function compared(walk: Walk, scope: Scope, node: Node, result: QueryResult): Value {
  const test = evaluate(walk, scope, node.testexpr);
  const name = node.operName === undefined ? ["="] : texts(node.operName);
  const tested = test.fields ?? [test];
  for (const [position, part] of tested.entries()) {
    const column = result.columns[position];
    if (column === undefined) callOperator(walk, name, part.type, 0);
    else appliedToColumns(walk, name, part, column);
  }
  const label = deriveAll([test.lineage, labelOf(result)]);
  if (tells(walk, label) && !isTotalQuery(walk, scope, node.subselect.SelectStmt)) steer(walk, label, "subquery");
  return computed(label, BOOL);
}
