// Precision and scale of numeric(p, s) in its typmod (make_numeric_typmod in numeric.c).

const TYPMOD_OFFSET = 4;

/** Scale, -1000 to 1000 (an 11-bit signed number); null when undeclared. */
export function numericScale(typmod: number): number | null {
  if (typmod < TYPMOD_OFFSET) return null;
  const bits = (typmod - TYPMOD_OFFSET) & 0x7ff;
  return bits >= 0x400 ? bits - 0x800 : bits;
}

/** Precision in decimal digits; null when undeclared. */
export function numericPrecision(typmod: number): number | null {
  return typmod < TYPMOD_OFFSET ? null : ((typmod - TYPMOD_OFFSET) >>> 16) & 0xffff;
}
