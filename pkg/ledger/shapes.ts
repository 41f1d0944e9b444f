// Small questions about data from outside, each answered for good.

const TEXT_MAX = 1024;

export function parsedObject(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

export function isText(value: unknown): value is string {
  return typeof value === "string" && value.length <= TEXT_MAX && value.isWellFormed();
}

/** A number of records or the like. */
export function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && !Object.is(value, -0);
}

/** Milliseconds since the epoch. */
export function isTime(value: unknown): value is number {
  return isWhole(value);
}
