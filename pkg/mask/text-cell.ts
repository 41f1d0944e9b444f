// Masks of texts: a text masker appends the masked text, and this fits it to the column.
import type { CellMasker } from "./cell.ts";
import type { RowSink } from "./row-sink.ts";
import { characterCount, fitText, textLimit, trimmedEnd } from "./text-limit.ts";

/** Appends the masked form of the UTF-8 text source[start, end). False: this value has none, Default stands in. */
export type TextMasker = (source: Buffer, start: number, end: number, sink: RowSink) => boolean;

export const TEXT_MARKER = "***";

/** The column masker of a text masker, for a type of the text family; `otherwise` must fit the column by itself. */
export function textCell(masker: TextMasker, oid: number, typmod: number, otherwise: CellMasker): CellMasker {
  const limit = textLimit(oid, typmod);
  const free = limit.charactersMax === Infinity && limit.bytesMax === Infinity;
  if (!limit.padded) {
    return (source, start, end, sink) => {
      const from = sink.position;
      if (!masker(source, start, end, sink)) return otherwise(source, start, end, sink);
      if (!free) fitText(limit, sink, from, 0);
      return true;
    };
  }
  return (source, start, end, sink) => {
    const from = sink.position;
    if (!masker(source, start, trimmedEnd(source, start, end), sink)) return otherwise(source, start, end, sink);
    fitText(limit, sink, from, characterCount(source, start, end));
    return true;
  };
}

/** The same text for every value. */
export function constantText(text: string): TextMasker {
  const bytes = Buffer.from(text);
  return (_source, _start, _end, sink) => {
    sink.write(bytes, 0, bytes.length);
    return true;
  };
}
