// From a column's mask and type to the function that masks its cells: the one place that says which method fits which
// type. What does not fit becomes Default, what has no Default becomes NULL.
import type { ColumnMask, MaskMethod } from "../policy/decision.ts";
import { needsKey } from "../policy/method-parameters.ts";
import { type CellMasker, type CellPlan, type Format, nullCell } from "./cell.ts";
import { defaultCell } from "./defaults.ts";
import type { MaskKeys } from "./keys.ts";
import { partialText } from "./partial.ts";
import { redactText } from "./redact.ts";
import { type TextMasker, textCell } from "./text-cell.ts";
import { tokenText } from "./token.ts";
import { isTextOid, type MaskContext, OID, type Shape, shapeOf } from "./types.ts";

/** The masker of one column. `subject` of the plan names the column that it must hear of before each cell. */
export function compileCell(
  mask: ColumnMask,
  type: number,
  typmod: number,
  format: Format,
  context: MaskContext,
): CellPlan {
  const shape = shapeOf(type, typmod, context);
  const fallback = defaultCell(shape, format);
  switch (mask.apply) {
    case "default":
      return { mask: fallback, subject: null };
    case "paths":
      return { mask: fallback, subject: null };
    case "method":
      return { mask: methodCell(mask.mask, shape, format, context) ?? fallback, subject: null };
    default:
      return mask satisfies never;
  }
}

/** The masker of a method for a type; null when it does not fit. */
function methodCell(mask: MaskMethod, shape: Shape, format: Format, context: MaskContext): CellMasker | null {
  if (mask.method === "Null") return nullCell;
  if (mask.method === "Default" || shape.shape === "opaque") return null;
  if (needsKey(mask.method) && context.keys === null) return null;
  if (shape.shape !== "base") return null;
  if (isTextOid(shape.oid)) {
    const text = textMethod(mask, context.keys);
    return text === null ? null : textCell(text, shape.oid, shape.typmod, defaultCell(shape, format));
  }
  return null;
}

/** How a method masks a text; null when it does not. */
function textMethod(mask: MaskMethod, keys: MaskKeys | null): TextMasker | null {
  switch (mask.method) {
    case "Redact":
      return redactText(mask);
    case "Partial":
      return partialText(mask);
    case "Token":
      return tokenText(mask, keys!);
    default:
      return null;
  }
}
