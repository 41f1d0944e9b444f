// TruncateDate and ShiftDate on dates, timestamps and times of day.
import type { MaskMethod } from "../policy/decision.ts";
import { numberParameter, textParameter } from "../policy/method-parameters.ts";
import { civilOf, DAY_US, daysOf, isDateInRange, isTimestampInRange } from "./calendar.ts";
import type { Hmac } from "./sha256.ts";

/** Smaller units of a time of day, in microseconds. */
const CLOCK_UNITS: Readonly<Record<string, bigint>> = { Hour: 3_600_000_000n, Minute: 60_000_000n };
/** 2000-01-03, the first Monday, as ISO weeks begin on Monday. */
const FIRST_MONDAY = 2;

/** The first day of the unit; undefined for units that leave a date as it is. */
function truncatedDay(days: number, unit: string): number | undefined {
  const { year, month } = civilOf(days);
  switch (unit) {
    case "Year":
      return daysOf({ year, month: 1, day: 1 });
    case "Quarter":
      return daysOf({ year, month: month - ((month - 1) % 3), day: 1 });
    case "Month":
      return daysOf({ year, month, day: 1 });
    case "Week":
      return days - ((((days - FIRST_MONDAY) % 7) + 7) % 7);
    default:
      return undefined;
  }
}

/** TruncateDate of a date. Day and smaller would change nothing, so they give Default. */
export function truncateDate(mask: MaskMethod): (days: number) => number | undefined {
  const unit = textParameter(mask, "unit");
  return (days) => {
    const day = truncatedDay(days, unit);
    return day !== undefined && isDateInRange(day) ? day : undefined;
  };
}

/** TruncateDate of a timestamp, in UTC for timestamptz. */
export function truncateTimestamp(mask: MaskMethod): (value: bigint) => bigint | undefined {
  const unit = textParameter(mask, "unit");
  const clock = CLOCK_UNITS[unit] ?? DAY_US;
  return (value) => {
    const cut = value - (((value % clock) + clock) % clock);
    const day = clock === DAY_US && unit !== "Day" ? truncatedDay(Number(cut / DAY_US), unit) : undefined;
    const masked = day === undefined ? cut : BigInt(day) * DAY_US;
    return isTimestampInRange(masked) ? masked : undefined;
  };
}

/** TruncateDate of a time of day: units from Day on leave nothing, which is Default. */
export function truncateTime(mask: MaskMethod): (microseconds: bigint) => bigint | undefined {
  const clock = CLOCK_UNITS[textParameter(mask, "unit")];
  return (value) => (clock === undefined ? undefined : value - (value % clock));
}

/** The shift of the subject at hand, in days; null before any and for a NULL subject. */
export class DateShift {
  days: number | null = null;
  readonly #maxDays: number;
  readonly #hmac: Hmac;

  constructor(mask: MaskMethod, hmac: Hmac) {
    this.#maxDays = numberParameter(mask, "maxDays");
    this.#hmac = hmac;
  }

  /** Derives the shift from the subject's canonical bytes: uniform over -maxDays to maxDays without 0. */
  setSubject(source: Buffer, start: number, end: number): void {
    const drawn = this.#hmac.compute(source, start, end).readUIntBE(0, 6) % (2 * this.#maxDays);
    this.days = drawn < this.#maxDays ? drawn - this.#maxDays : drawn - this.#maxDays + 1;
  }

  readonly date = (days: number): number | undefined => {
    const shifted = this.days === null ? undefined : days + this.days;
    return shifted !== undefined && isDateInRange(shifted) ? shifted : undefined;
  };

  readonly timestamp = (value: bigint): bigint | undefined => {
    const shifted = this.days === null ? undefined : value + BigInt(this.days) * DAY_US;
    return shifted !== undefined && isTimestampInRange(shifted) ? shifted : undefined;
  };
}
