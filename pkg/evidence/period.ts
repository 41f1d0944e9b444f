// A period as people write it, with the time zone that days are meant in, and as milliseconds. The end is not part of it.

export interface Period {
  /** As it was written: `2026-10-01`, or a whole time such as `2026-10-01T08:00:00Z`. */
  readonly from: string;
  readonly to: string;
  /** IANA name; what days without a time begin in. */
  readonly zone: string;
  readonly fromMs: number;
  readonly toMs: number;
}

export type PeriodRead =
  | { readonly ok: true; readonly period: Period }
  | { readonly ok: false; readonly field: "from" | "to" | "zone"; readonly why: string };

export function readPeriod(from: string, to: string, zone: string): PeriodRead {
  if (!isZone(zone))
    return { ok: false, field: "zone", why: `"${zone}" is no time zone; write it as UTC or Europe/Paris` };
  const [fromMs, toMs] = [timeIn(from, zone), timeIn(to, zone)];
  const remedy = "write it as 2026-10-01 or 2026-10-01T08:00:00Z";
  if (fromMs === null) return { ok: false, field: "from", why: `"${from}" is no time; ${remedy}` };
  if (toMs === null) return { ok: false, field: "to", why: `"${to}" is no time; ${remedy}` };
  if (toMs <= fromMs)
    return { ok: false, field: "to", why: "it must be after the beginning; it is not part of the period" };
  return { ok: true, period: { from, to, zone, fromMs, toMs } };
}

export function isSamePeriod(a: Period, b: Period): boolean {
  return a.fromMs === b.fromMs && a.toMs === b.toMs && a.zone === b.zone && a.from === b.from && a.to === b.to;
}

function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

function timeIn(text: string, zone: string): number | null {
  const day = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (day === null) {
    const time = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})$/.test(text)
      ? Date.parse(text)
      : Number.NaN;
    return Number.isNaN(time) ? null : time;
  }
  const utc = Date.parse(`${text}T00:00:00Z`);
  if (Number.isNaN(utc) || new Date(utc).toISOString().slice(0, 10) !== text) return null;
  // The offset at the guess may be that of the other side of a change; asked once more it is that of midnight itself.
  const guess = utc - offsetMs(utc, zone);
  return utc - offsetMs(guess, zone);
}

/** How far the zone's clocks are ahead of UTC at a time. */
function offsetMs(ms: number, zone: string): number {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    hourCycle: "h23",
    ...{ year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric" },
  });
  const part = Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]));
  const local = Date.UTC(part.year!, part.month! - 1, part.day!, part.hour!, part.minute!, part.second!);
  return local - Math.floor(ms / 1000) * 1000;
}
