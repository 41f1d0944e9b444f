// Values of records as the index takes them: bounded, of one type, or null. Numbers beyond what both engines hold exactly are none.

export type Members = Readonly<Record<string, unknown>>;

const TEXT_CHARS_MAX = 4096;
const LIST_MAX = 2048;

export function membersOf(value: unknown): Members {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Members) : {};
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value.slice(0, LIST_MAX) : [];
}

/** NUL is replaced: not every engine keeps it. */
export function textOr(value: unknown): string | null {
  if (typeof value !== "string") return null;
  const short = value.length > TEXT_CHARS_MAX ? value.slice(0, TEXT_CHARS_MAX) : value;
  return short.toWellFormed().replaceAll("\u0000", "\ufffd");
}

export function textsOf(value: unknown): readonly string[] {
  return listOf(value).flatMap((each) => textOr(each) ?? []);
}

/** Not negative. */
export function wholeOr(value: unknown): number | null {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : null;
}

/** Milliseconds from 1970 to the year 9999. */
export function timeOr(value: unknown): number | null {
  const time = wholeOr(value);
  return time !== null && time <= 253_402_300_799_999 ? time : null;
}

export function flagOr(value: unknown): boolean | null {
  return typeof value === "boolean" ? value : null;
}
