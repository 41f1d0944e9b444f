// Arrays of any dimension: every element is masked by the masker of its type, the dimensions stay.
// Text: `[1:2][1:2]={{a,"b c"},{NULL,d}}` (array_out). Binary: Int32 dimensions, Int32 has-NULL flag, Int32 element type,
// per dimension Int32 length and lower bound, per element Int32 length (-1 NULL) and bytes (array_send).
import { type CellMasker, type Format, maskCell } from "./cell.ts";
import { RowSink } from "./row-sink.ts";

const OPEN = 0x7b;
const CLOSE = 0x7d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const EQUALS = 0x3d;
const DIMENSIONS_MAX = 6;

/** The masker of an array; what is not readable as one becomes `otherwise`. */
export function arrayCell(element: CellMasker, delimiter: string, format: Format, otherwise: CellMasker): CellMasker {
  const masker = format === 1 ? binaryArray(element) : new TextArray(element, delimiter.charCodeAt(0)).mask;
  return (source, start, end, sink) => {
    const from = sink.position;
    if (masker(source, start, end, sink)) return true;
    sink.rewind(from);
    return otherwise(source, start, end, sink);
  };
}

function binaryArray(element: CellMasker): CellMasker {
  return (source, start, end, sink) => {
    if (end - start < 12) return false;
    const dimensions = source.readInt32BE(start);
    const headerEnd = start + 12 + 8 * dimensions;
    if (dimensions < 0 || dimensions > DIMENSIONS_MAX || headerEnd > end) return false;
    const flagsAt = sink.position + 4;
    sink.write(source, start, headerEnd);
    let hasNull = 0;
    let at = headerEnd;
    while (at < end) {
      const size = at + 4 <= end ? source.readInt32BE(at) : -2;
      const valueStart = at + 4;
      if (size < -1 || valueStart + size > end) return false;
      if (size === -1) {
        sink.writeInt32(-1);
        hasNull = 1;
        at = valueStart;
        continue;
      }
      const before = sink.position;
      maskCell(element, source, valueStart, valueStart + size, sink);
      if (sink.bytes.readInt32BE(sink.indexOf(before)) === -1) hasNull = 1;
      at = valueStart + size;
    }
    sink.patchInt32(flagsAt, hasNull);
    return true;
  };
}

class TextArray {
  readonly #element: CellMasker;
  readonly #delimiter: number;
  readonly #plain = new RowSink();
  readonly #masked = new RowSink();

  constructor(element: CellMasker, delimiter: number) {
    this.#element = element;
    this.#delimiter = delimiter;
  }

  readonly mask: CellMasker = (source, start, end, sink) => {
    let at = start;
    while (at < end && source[at] !== OPEN) at++;
    if (at === end || (at !== start && source[at - 1] !== EQUALS)) return false;
    sink.write(source, start, at);
    let depth = 0;
    while (at < end) {
      const byte = source[at]!;
      if (byte === OPEN) depth++;
      else if (byte === CLOSE) depth--;
      if (byte === OPEN || byte === CLOSE || byte === this.#delimiter) {
        if (depth < 0 || depth > DIMENSIONS_MAX) return false;
        sink.writeByte(byte);
        at++;
      } else {
        at = byte === QUOTE ? this.#quoted(source, at, end, sink) : this.#bare(source, at, end, sink);
        if (at === -1) return false;
      }
    }
    return depth === 0;
  };

  /** Masks the quoted element at `start`; returns the index after it, -1 when it does not end. */
  #quoted(source: Buffer, start: number, end: number, sink: RowSink): number {
    const plain = this.#plain;
    plain.rewind(0);
    for (let at = start + 1; at < end; at++) {
      const byte = source[at]!;
      if (byte === QUOTE) {
        const from = plain.indexOf(0);
        this.#write(plain.bytes, from, from + plain.position, sink);
        return at + 1;
      }
      plain.writeByte(byte === BACKSLASH && at + 1 < end ? source[++at]! : byte);
    }
    return -1;
  }

  #bare(source: Buffer, start: number, end: number, sink: RowSink): number {
    let at = start;
    while (at < end && source[at] !== this.#delimiter && source[at] !== CLOSE && source[at] !== OPEN) at++;
    if (isNullWord(source, start, at)) sink.write(source, start, at);
    else this.#write(source, start, at, sink);
    return at;
  }

  #write(source: Buffer, start: number, end: number, sink: RowSink): void {
    const masked = this.#masked;
    masked.rewind(0);
    if (!this.#element(source, start, end, masked)) {
      sink.writeAscii("NULL");
      return;
    }
    const from = masked.indexOf(0);
    const to = from + masked.position;
    if (!this.#needsQuotes(masked.bytes, from, to)) {
      sink.write(masked.bytes, from, to);
      return;
    }
    sink.writeByte(QUOTE);
    for (let i = from; i < to; i++) {
      const byte = masked.bytes[i]!;
      if (byte === QUOTE || byte === BACKSLASH) sink.writeByte(BACKSLASH);
      sink.writeByte(byte);
    }
    sink.writeByte(QUOTE);
  }

  /** As array_out: empty, the word NULL, or any of `"\{}`, the delimiter, blanks. */
  #needsQuotes(bytes: Buffer, from: number, to: number): boolean {
    if (from === to || isNullWord(bytes, from, to)) return true;
    for (let i = from; i < to; i++) {
      const byte = bytes[i]!;
      if (byte === QUOTE || byte === BACKSLASH || byte === OPEN || byte === CLOSE || byte === this.#delimiter)
        return true;
      if (byte === 0x20 || (byte >= 0x09 && byte <= 0x0d)) return true;
    }
    return false;
  }
}

function isNullWord(source: Buffer, start: number, end: number): boolean {
  return end - start === 4 && source.toString("latin1", start, end).toUpperCase() === "NULL";
}
