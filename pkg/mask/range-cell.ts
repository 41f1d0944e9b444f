// Ranges: both bounds are masked by a method that keeps their order (Round, Bucket, TruncateDate, ShiftDate).
// Text: `[a,b)` with quoted bounds (range_out). Binary: one byte of flags, then per finite bound Int32 length and bytes.
import type { CellMasker, Format } from "./cell.ts";
import { RowSink } from "./row-sink.ts";

/** Flags of rangetypes.h. */
const EMPTY = 0x01;
const LOWER_INCLUSIVE = 0x02;
const UPPER_INCLUSIVE = 0x04;
const LOWER_INFINITE = 0x08;
const UPPER_INFINITE = 0x10;
const TEXT_BYTES_MAX = 4096;

interface Bounds {
  flags: number;
  lower: Buffer;
  upper: Buffer;
}

const NOTHING = Buffer.alloc(0);

/** The masker of a range. `bound` returns false where it has no masked form: the range is then `empty`. */
export function rangeCell(bound: CellMasker, format: Format, otherwise: CellMasker): CellMasker {
  const read = format === 0 ? readText : readBinary;
  const write = format === 0 ? writeText : writeBinary;
  const scratch = new RowSink();
  const maskBound = (value: Buffer): Buffer | null => (bound(value, 0, value.length, scratch) ? scratch.take() : null);
  return (source, start, end, sink) => {
    const range = read(source, start, end);
    if (range === null) return otherwise(source, start, end, sink);
    if ((range.flags & EMPTY) === 0) maskBounds(range, maskBound);
    write(range, sink);
    return true;
  };
}

function maskBounds(range: Bounds, mask: (value: Buffer) => Buffer | null): void {
  const hasLower = (range.flags & LOWER_INFINITE) === 0;
  const hasUpper = (range.flags & UPPER_INFINITE) === 0;
  const lower = hasLower ? mask(range.lower) : NOTHING;
  const upper = hasUpper ? mask(range.upper) : NOTHING;
  const closed = (range.flags & LOWER_INCLUSIVE) !== 0 && (range.flags & UPPER_INCLUSIVE) !== 0;
  if (lower === null || upper === null || (hasLower && hasUpper && !closed && lower.equals(upper))) {
    range.flags = EMPTY;
    return;
  }
  range.lower = lower;
  range.upper = upper;
}

function readBinary(source: Buffer, start: number, end: number): Bounds | null {
  if (start >= end) return null;
  const range: Bounds = { flags: source[start]!, lower: NOTHING, upper: NOTHING };
  let at = start + 1;
  for (const [side, infinite] of [
    ["lower", LOWER_INFINITE],
    ["upper", UPPER_INFINITE],
  ] as const) {
    if ((range.flags & (EMPTY | infinite)) !== 0) continue;
    const size = at + 4 <= end ? source.readInt32BE(at) : -1;
    if (size < 0 || at + 4 + size > end) return null;
    range[side] = Buffer.from(source.subarray(at + 4, at + 4 + size));
    at += 4 + size;
  }
  return at === end ? range : null;
}

function writeBinary(range: Bounds, sink: RowSink): void {
  sink.writeByte(range.flags);
  for (const [side, infinite] of [
    ["lower", LOWER_INFINITE],
    ["upper", UPPER_INFINITE],
  ] as const) {
    if ((range.flags & (EMPTY | infinite)) !== 0) continue;
    sink.writeInt32(range[side].length);
    sink.write(range[side], 0, range[side].length);
  }
}

function readText(source: Buffer, start: number, end: number): Bounds | null {
  if (end - start > TEXT_BYTES_MAX) return null;
  const text = source.toString("latin1", start, end);
  if (text === "empty") return { flags: EMPTY, lower: NOTHING, upper: NOTHING };
  const match = /^([[(])("[^"\\]*"|[^",()[\]\\]*),("[^"\\]*"|[^",()[\]\\]*)([\])])$/.exec(text);
  if (match === null) return null;
  const [, open, lower, upper, close] = match as unknown as [string, string, string, string, string];
  const flags =
    (open === "[" ? LOWER_INCLUSIVE : 0) |
    (close === "]" ? UPPER_INCLUSIVE : 0) |
    (lower === "" ? LOWER_INFINITE : 0) |
    (upper === "" ? UPPER_INFINITE : 0);
  return { flags, lower: Buffer.from(unquoted(lower), "latin1"), upper: Buffer.from(unquoted(upper), "latin1") };
}

/** Bounds of the subtypes that are masked hold no quotes or backslashes. */
function unquoted(bound: string): string {
  return bound.startsWith('"') ? bound.slice(1, -1) : bound;
}

function boundText(bound: Buffer): string {
  const text = bound.toString("latin1");
  return /[\s,()[\]"\\]/.test(text) ? `"${text}"` : text;
}

function writeText(range: Bounds, sink: RowSink): void {
  if ((range.flags & EMPTY) !== 0) {
    sink.writeAscii("empty");
    return;
  }
  sink.writeAscii((range.flags & LOWER_INCLUSIVE) !== 0 ? "[" : "(");
  if ((range.flags & LOWER_INFINITE) === 0) sink.writeAscii(boundText(range.lower));
  sink.writeAscii(",");
  if ((range.flags & UPPER_INFINITE) === 0) sink.writeAscii(boundText(range.upper));
  sink.writeAscii((range.flags & UPPER_INCLUSIVE) !== 0 ? "]" : ")");
}
