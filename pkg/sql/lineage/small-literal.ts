// What is asked of a literal without asking for its value (constant-watch.ts), so that statements that differ in it still share an analysis.

/** Asks for the sign of a number that shifts or scales a value by little; 0: it is another. */
export const SMALL_NUMBER: unique symbol = Symbol("small number");
/** Asks whether it is a text without a backslash. */
export const PLAIN_TEXT: unique symbol = Symbol("text without a backslash");

export const SMALL_INTEGER_MAX = 999_999;
const SMALL_NUMERIC_CHARS_MAX = 20;

/**
 * `inner`: what an A_Const holds, such as `{ ival: 5 }`. 1 or -1, by its sign, for a whole number from 1 to 999,999, or one with a fraction and
 * 20 characters at most; else 0.
 */
export function smallNumber(inner: { ival?: number; fval?: string; str?: string }): number {
  const { ival } = inner;
  if (ival !== undefined) return ival !== 0 && Math.abs(ival) <= SMALL_INTEGER_MAX ? Math.sign(ival) : 0;
  const digits = inner.fval ?? inner.str ?? "";
  if (!isSmallNumeric(digits.replace(/^-/, ""))) return 0;
  return digits.startsWith("-") ? -1 : 1;
}

export function isSmallNumeric(digits: string): boolean {
  return digits.length <= SMALL_NUMERIC_CHARS_MAX && /^\d+\.\d+$/.test(digits) && /[1-9]/.test(digits);
}

export function isPlainText(inner: { sval?: string; str?: string }): boolean {
  return !(inner.sval ?? inner.str ?? "").includes("\\");
}
