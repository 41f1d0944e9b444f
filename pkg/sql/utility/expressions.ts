// Expressions inside utility statements, judged by the engine as a SELECT over the relation whose columns they may name.
import type { Engine } from "../engine.ts";
import type { Understood } from "../facts.ts";
import type { Node } from "../node.ts";
import { insist } from "./understood.ts";

/** Expressions over nothing: arguments of EXECUTE and CALL, column defaults. */
export function expressionFacts(engine: Engine, expressions: readonly Node[]): Understood {
  return insist(engine.statement({ SelectStmt: { targetList: targets(expressions), ...plain } }));
}

/** Expressions and a condition over the rows of one relation. */
export function overRelation(
  engine: Engine,
  rangeVar: Node,
  expressions: readonly Node[],
  condition?: Node,
): Understood {
  const where = condition === undefined ? {} : { whereClause: condition };
  const from = { fromClause: [{ RangeVar: { inh: true, relpersistence: "p", ...rangeVar } }] };
  return insist(engine.statement({ SelectStmt: { targetList: targets(expressions), ...from, ...where, ...plain } }));
}

export function columnNode(name: string): Node {
  return { ColumnRef: { fields: [{ String: { sval: name, str: name } }] } };
}

const plain = { limitOption: "LIMIT_OPTION_DEFAULT", op: "SETOP_NONE" };

function targets(expressions: readonly Node[]): Node[] {
  return expressions.map((val) => ({ ResTarget: { val } }));
}
