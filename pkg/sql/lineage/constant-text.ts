// The value of a literal as text: null for NULL, undefined for what is no literal. A cast of a literal is one only to text.
import { kindOf, type Node, text } from "../node.ts";

export function constantText(node: Node): string | null | undefined {
  const literal = node?.A_Const;
  if (literal !== undefined) return literalValue(literal);
  const cast = node?.TypeCast;
  if (cast === undefined || kindOf(cast.arg) !== "A_Const") return undefined;
  const type = text(cast.typeName?.names?.at(-1));
  return type === "text" || type === "bool" ? literalValue(cast.arg.A_Const) : undefined;
}

/** NULL itself, no cast of it; PostgreSQL 14 wraps it. */
export function isNullLiteral(node: Node): boolean {
  const literal = node?.A_Const;
  return literal !== undefined && (literal.isnull === true || literal.val?.Null !== undefined);
}

function literalValue(literal: Node): string | null | undefined {
  if (literal.isnull === true) return null;
  if (literal.sval !== undefined) return literal.sval.sval ?? "";
  if (literal.ival !== undefined) return String(literal.ival.ival ?? 0);
  if (literal.fval !== undefined) return literal.fval.fval;
  if (literal.boolval !== undefined) return String(literal.boolval.boolval === true);
  return literal.val === undefined ? undefined : earlierValue(literal.val);
}

/** PostgreSQL 14. */
function earlierValue(value: Node): string | null | undefined {
  if (value.Null !== undefined) return null;
  if (value.String !== undefined) return value.String.str ?? "";
  if (value.Integer !== undefined) return String(value.Integer.ival ?? 0);
  return value.Float?.str;
}
