// Masks of date, timestamp and time columns.
import type { MaskMethod } from "../policy/decision.ts";
import { dateCodec, timestampCodec } from "./calendar.ts";
import { type CellMasker, type Format, mapCell } from "./cell.ts";
import { type DateShift, truncateDate, truncateTime, truncateTimestamp } from "./date-methods.ts";
import { timeCodec } from "./time-of-day.ts";

export function dateCell(
  mask: MaskMethod,
  format: Format,
  shift: DateShift | null,
  otherwise: CellMasker,
): CellMasker | null {
  if (shift !== null) return mapCell(dateCodec(format), shift.date, otherwise);
  return mask.method === "TruncateDate" ? mapCell(dateCodec(format), truncateDate(mask), otherwise) : null;
}

export function timestampCell(
  mask: MaskMethod,
  zoned: boolean,
  format: Format,
  shift: DateShift | null,
  otherwise: CellMasker,
): CellMasker | null {
  if (shift !== null) return mapCell(timestampCodec(zoned, format), shift.timestamp, otherwise);
  if (mask.method !== "TruncateDate") return null;
  return mapCell(timestampCodec(zoned, format), truncateTimestamp(mask), otherwise);
}

export function timeCell(mask: MaskMethod, zoned: boolean, format: Format, otherwise: CellMasker): CellMasker | null {
  if (mask.method !== "TruncateDate") return null;
  const truncate = truncateTime(mask);
  return mapCell(
    timeCodec(zoned, format),
    (value) => {
      const microseconds = truncate(value.microseconds);
      return microseconds === undefined ? undefined : { ...value, microseconds };
    },
    otherwise,
  );
}
