// time and timetz in text and binary: microseconds since midnight, and for timetz seconds east of UTC.
import { timeOfParts, timeText, zoneSeconds } from "./calendar.ts";
import type { Codec, Format } from "./cell.ts";

export interface TimeOfDay {
  readonly microseconds: bigint;
  /** null for type time. */
  readonly eastSeconds: number | null;
}

const TEXT_BYTES_MAX = 32;
const TEXT = /^([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,6}))?([+-][0-9]{2}(?::[0-9]{2}){0,2})?$/;

export function timeCodec(zoned: boolean, format: Format): Codec<TimeOfDay> {
  return format === 0 ? textTime(zoned) : binaryTime(zoned);
}

function textTime(zoned: boolean): Codec<TimeOfDay> {
  return {
    read(source, start, end) {
      const match = end - start > TEXT_BYTES_MAX ? null : TEXT.exec(source.toString("latin1", start, end));
      if (match === null || (match[5] !== undefined) !== zoned) return undefined;
      return {
        microseconds: timeOfParts(match[1]!, match[2]!, match[3]!, match[4]),
        eastSeconds: zoned ? zoneSeconds(match[5]!) : null,
      };
    },
    write(value, sink) {
      sink.writeAscii(timeText(value.microseconds) + (value.eastSeconds === null ? "" : zoneText(value.eastSeconds)));
    },
  };
}

function zoneText(eastSeconds: number): string {
  const size = Math.abs(eastSeconds);
  const parts = [Math.floor(size / 3600), Math.floor(size / 60) % 60, size % 60];
  const shown = parts[2] !== 0 ? parts : parts[1] !== 0 ? parts.slice(0, 2) : parts.slice(0, 1);
  return (eastSeconds < 0 ? "-" : "+") + shown.map((part) => String(part).padStart(2, "0")).join(":");
}

/** timetz carries seconds west of UTC. */
function binaryTime(zoned: boolean): Codec<TimeOfDay> {
  return {
    read(source, start, end) {
      if (end - start !== (zoned ? 12 : 8)) return undefined;
      return { microseconds: source.readBigInt64BE(start), eastSeconds: zoned ? -source.readInt32BE(start + 8) : null };
    },
    write(value, sink) {
      sink.writeInt64(value.microseconds);
      if (value.eastSeconds !== null) sink.writeInt32(-value.eastSeconds);
    },
  };
}
