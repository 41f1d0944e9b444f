// Times as people write them: a date, a time with its zone, or how long ago.

const units: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 7 * 86_400_000 };

/** Milliseconds since 1970. A date is its beginning in UTC; `7d` is seven days before `nowMs`. undefined: neither. */
export function timeIn(text: string, nowMs: number): number | undefined {
  const ago = /^(\d{1,6})([smhdw])$/.exec(text);
  if (ago !== null) return nowMs - Number(ago[1]) * units[ago[2]!]!;
  if (text === "now") return nowMs;
  if (!/^\d{4}-\d\d(-\d\d(T.*(Z|[+-]\d\d:?\d\d))?)?$/.test(text)) return undefined;
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}
