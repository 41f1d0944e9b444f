// An expression that the catalogue holds as text: a default, a generated column.
import { evaluate } from "./expression.ts";
import type { Scope } from "./scope.ts";
import type { Value } from "./value.ts";
import { NotKnown, type Walk } from "./walk.ts";

export function evaluateText(walk: Walk, scope: Scope, expression: string): Value {
  const parsed = walk.grammar.parse(`SELECT ${expression}`);
  const target = parsed.ok ? parsed.statements[0]?.stmt?.SelectStmt?.targetList?.[0]?.ResTarget : undefined;
  if (target?.val === undefined) throw new NotKnown("stored expression not understood");
  return evaluate(walk, scope, target.val);
}
