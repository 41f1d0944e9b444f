// Cells of one COPY row in text or csv: where they lie, and what a masker makes of them.
import type { CellPlan, SubjectReader } from "./cell.ts";
import { RowSink } from "./row-sink.ts";

/** Reads the text of field [start, end) of a row without escapes and quotes; the result is good until the next call. */
export interface FieldReader {
  isNull(source: Buffer, start: number, end: number): boolean;
  /** Leaves the value in `value`; `valueStart` and `valueEnd` bound it. */
  read(source: Buffer, start: number, end: number): void;
  value: Buffer;
  valueStart: number;
  valueEnd: number;
}

/** The places of a row's fields, reused for every row. */
export class RowFields {
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly cells: readonly (CellPlan | null)[];
  readonly masked = new RowSink();
  readonly #subjects: readonly SubjectReader[];

  constructor(cells: readonly (CellPlan | null)[]) {
    this.cells = cells;
    this.starts = new Int32Array(cells.length);
    this.ends = new Int32Array(cells.length);
    this.#subjects = cells.flatMap((cell) => (cell?.subject ? [cell.subject] : []));
  }

  readSubjects(source: Buffer, reader: FieldReader): void {
    for (const subject of this.#subjects) {
      const start = this.starts[subject.column]!;
      const end = this.ends[subject.column]!;
      if (reader.isNull(source, start, end)) subject.read(source, -1, -1);
      else {
        reader.read(source, start, end);
        subject.read(reader.value, reader.valueStart, reader.valueEnd);
      }
    }
  }

  /** Masks the value in `reader` into `masked`; false for NULL. */
  mask(column: number, reader: FieldReader): boolean {
    this.masked.rewind(0);
    return this.cells[column]!.mask(reader.value, reader.valueStart, reader.valueEnd, this.masked);
  }
}

/** Whether source[start, end) holds exactly these bytes. */
export function isExactly(source: Uint8Array, start: number, end: number, bytes: Uint8Array): boolean {
  if (end - start !== bytes.length) return false;
  for (let i = 0; i < bytes.length; i++) if (source[start + i] !== bytes[i]) return false;
  return true;
}
