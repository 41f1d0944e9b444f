// Round and Bucket, computed exactly on decimals and in doubles on floats.
import type { MaskMethod } from "../policy/decision.ts";
import { numberParameter, textParameter } from "../policy/method-parameters.ts";
import { aligned, type Decimal, decimalOf, parseDecimal, roundedQuotient } from "./decimal.ts";

export type DecimalTransform = (value: Decimal) => Decimal | undefined;

/** Round or Bucket on decimals; null for any other method. */
export function decimalMethod(mask: MaskMethod): DecimalTransform | null {
  if (mask.method === "Round") {
    const step = decimalOf(numberParameter(mask, "to"));
    return (value) => onGrid(value, step, roundedQuotient);
  }
  if (mask.method !== "Bucket") return null;
  const bounds = boundsOf(mask);
  if (bounds.length > 0) return (value) => lowerBound(bounds, value);
  const width = decimalOf(numberParameter(mask, "width"));
  return (value) => onGrid(value, width, floorQuotient);
}

/** Round or Bucket on doubles; null for any other method. */
export function floatMethod(mask: MaskMethod): ((value: number) => number | undefined) | null {
  const method = decimalMethod(mask);
  if (method === null) return null;
  return (value) => {
    const exact = parseDecimal(String(value));
    const masked = exact === undefined ? undefined : method(exact);
    return masked === undefined ? undefined : Number(masked.coefficient) / 10 ** masked.scale;
  };
}

function onGrid(value: Decimal, step: Decimal, quotient: (a: bigint, b: bigint) => bigint): Decimal {
  const { a, b, scale } = aligned(value, step);
  return { coefficient: quotient(a, b) * b, scale };
}

/** a / b towards minus infinity; b > 0. */
function floorQuotient(a: bigint, b: bigint): bigint {
  return a >= 0n ? a / b : -((b - 1n - a) / b);
}

function boundsOf(mask: MaskMethod): readonly Decimal[] {
  const text = textParameter(mask, "bounds");
  if (text === "") return [];
  const bounds = text.split(",").map((part) => parseDecimal(part.trim()));
  if (bounds.some((bound) => bound === undefined)) return [];
  return (bounds as Decimal[]).sort((x, y) => {
    const { a, b } = aligned(x, y);
    return a < b ? -1 : a > b ? 1 : 0;
  });
}

/** The last bound not above the value; the first for what is below all. */
function lowerBound(bounds: readonly Decimal[], value: Decimal): Decimal {
  const reached = bounds.filter((bound) => {
    const { a, b } = aligned(bound, value);
    return a <= b;
  });
  return reached.at(-1) ?? bounds[0]!;
}
