// Dates and timestamps as days and microseconds since 2000-01-01, PostgreSQL's epoch, in the proleptic Gregorian calendar.
import type { Codec, Format } from "./cell.ts";

export const DAY_US = 86_400_000_000n;
/** Days from 0000-03-01 to 2000-01-01. */
const EPOCH_OFFSET = 730425;
const ERA_DAYS = 146097;
const TEXT_BYTES_MAX = 48;
/** 4713-11-24 BC to 5874897-12-31, the range of type date. */
const DAYS_MIN = -2451545;
const DAYS_MAX = 2145031948;
/** End of type timestamp, 294277-01-01. */
const TIMESTAMP_END = 9223371331200000000n;
const TIMESTAMP_START = BigInt(DAYS_MIN) * DAY_US;

export interface CivilDate {
  /** Astronomical: 0 is 1 BC. */
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

/** Days since 2000-01-01 (after Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms"). */
export function daysOf({ year, month, day }: CivilDate): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * ERA_DAYS + dayOfEra - EPOCH_OFFSET;
}

export function civilOf(days: number): CivilDate {
  const z = days + EPOCH_OFFSET;
  const era = Math.floor(z / ERA_DAYS);
  const dayOfEra = z - era * ERA_DAYS;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36524) - Math.floor(dayOfEra / 146096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shifted = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shifted < 10 ? shifted + 3 : shifted - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * shifted + 2) / 5) + 1,
  };
}

export function isDateInRange(days: number): boolean {
  return days >= DAYS_MIN && days <= DAYS_MAX;
}

export function isTimestampInRange(microseconds: bigint): boolean {
  return microseconds >= TIMESTAMP_START && microseconds < TIMESTAMP_END;
}

const two = (value: number): string => String(value).padStart(2, "0");

/** `2024-05-06`, and whether ` BC` belongs at the end of the whole text. */
function dateText(days: number): { readonly text: string; readonly suffix: string } {
  const { year, month, day } = civilOf(days);
  const shown = year > 0 ? year : 1 - year;
  return { text: `${String(shown).padStart(4, "0")}-${two(month)}-${two(day)}`, suffix: year > 0 ? "" : " BC" };
}

/** `10:20:30` or with up to six digits of fraction. */
export function timeText(microseconds: bigint): string {
  const seconds = Number(microseconds / 1_000_000n);
  const fraction = Number(microseconds % 1_000_000n);
  const text = `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return fraction === 0 ? text : `${text}.${String(fraction).padStart(6, "0").replace(/0+$/, "")}`;
}

export function timestampText(microseconds: bigint, zone: string): string {
  const time = ((microseconds % DAY_US) + DAY_US) % DAY_US;
  const { text, suffix } = dateText(Number((microseconds - time) / DAY_US));
  return `${text} ${timeText(time)}${zone}${suffix}`;
}

/** Reads DateStyle ISO only; other styles are not read and become Default. */
const ISO =
  /^([0-9]{4,7})-([0-9]{2})-([0-9]{2})(?: ([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,6}))?([+-][0-9]{2}(?::[0-9]{2}){0,2})?)?( BC)?$/;

function parseIso(source: Buffer, start: number, end: number): RegExpExecArray | null {
  return end - start > TEXT_BYTES_MAX ? null : ISO.exec(source.toString("latin1", start, end));
}

function daysOfMatch(match: RegExpExecArray): number {
  const year = Number(match[1]);
  return daysOf({ year: match[9] === undefined ? year : 1 - year, month: Number(match[2]), day: Number(match[3]) });
}

export function timeOfParts(hours: string, minutes: string, seconds: string, fraction: string | undefined): bigint {
  const whole = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  return BigInt(whole) * 1_000_000n + BigInt((fraction ?? "").padEnd(6, "0"));
}

/** Seconds east of UTC of `+02`, `-03:30` or `+01:02:03`. */
export function zoneSeconds(zone: string): number {
  const [hours, minutes = 0, seconds = 0] = zone.slice(1).split(":").map(Number);
  const size = hours! * 3600 + minutes * 60 + seconds;
  return zone.startsWith("-") ? -size : size;
}

const textDate: Codec<number> = {
  read(source, start, end) {
    const match = parseIso(source, start, end);
    return match === null || match[4] !== undefined ? undefined : daysOfMatch(match);
  },
  write(days, sink) {
    const { text, suffix } = dateText(days);
    sink.writeAscii(text + suffix);
  },
};

const binaryDate: Codec<number> = {
  read(source, start, end) {
    const days = end - start === 4 ? source.readInt32BE(start) : Number.NaN;
    return isDateInRange(days) ? days : undefined;
  },
  write: (days, sink) => sink.writeInt32(days),
};

export function dateCodec(format: Format): Codec<number> {
  return format === 0 ? textDate : binaryDate;
}

function textTimestamp(zoned: boolean): Codec<bigint> {
  return {
    read(source, start, end) {
      const match = parseIso(source, start, end);
      if (match === null || match[4] === undefined || (match[8] !== undefined) !== zoned) return undefined;
      const time = timeOfParts(match[4], match[5]!, match[6]!, match[7]);
      const offset = zoned ? BigInt(zoneSeconds(match[8]!)) * 1_000_000n : 0n;
      return BigInt(daysOfMatch(match)) * DAY_US + time - offset;
    },
    write: (value, sink) => sink.writeAscii(timestampText(value, zoned ? "+00" : "")),
  };
}

const textPlain = textTimestamp(false);
const textZoned = textTimestamp(true);

const binaryTimestamp: Codec<bigint> = {
  read(source, start, end) {
    if (end - start !== 8) return undefined;
    const value = source.readBigInt64BE(start);
    return isTimestampInRange(value) ? value : undefined;
  },
  write: (value, sink) => sink.writeInt64(value),
};

/** timestamp (`zoned: false`) or timestamptz, which is written in UTC. */
export function timestampCodec(zoned: boolean, format: Format): Codec<bigint> {
  return format === 1 ? binaryTimestamp : zoned ? textZoned : textPlain;
}
