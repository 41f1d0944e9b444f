// What is asked of a literal without asking for its value (constant-watch.ts), so that statements that differ in it still share an analysis.

/** Asks whether it is a number that shifts or scales a value by little. */
export const SMALL_NUMBER: unique symbol = Symbol("small number");
/** Asks whether it is a text without a backslash. */
export const PLAIN_TEXT: unique symbol = Symbol("text without a backslash");

export const SMALL_INTEGER_MAX = 999_999;
const SMALL_NUMERIC_CHARS_MAX = 20;

/** `inner`: what an A_Const holds, such as `{ ival: 5 }`. Neither nothing nor more than 999,999, or with a fraction and 20 characters at most. */
export function isSmallNumber(inner: { ival?: number; fval?: string; str?: string }): boolean {
  const { ival } = inner;
  if (ival !== undefined) return ival !== 0 && Math.abs(ival) <= SMALL_INTEGER_MAX;
  return isSmallNumeric((inner.fval ?? inner.str ?? "").replace(/^-/, ""));
}

export function isSmallNumeric(digits: string): boolean {
  return digits.length <= SMALL_NUMERIC_CHARS_MAX && /^\d+\.\d+$/.test(digits) && /[1-9]/.test(digits);
}

export function isPlainText(inner: { sval?: string; str?: string }): boolean {
  return !(inner.sval ?? inner.str ?? "").includes("\\");
}
