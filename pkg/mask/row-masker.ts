// Rewrites DataRow frames: made once for a result's shape, then called for each row. The row lane: no objects, closures
// or promises per row; what is not masked is copied in runs.
// Source: PostgreSQL "Message Formats", DataRow: Byte1 'D', Int32 length, Int16 columns, per column Int32 length (-1 NULL) and bytes.
import type { MaskPlan } from "../policy/decision.ts";
import { WireError } from "../wire/postgres/frame-reader.ts";
import { type CellMasker, maskCell, type SubjectReader } from "./cell.ts";
import { compileCell } from "./compile-cell.ts";
import { BYTES_MIN, type GivenValues } from "./given-values.ts";
import type { RowSink } from "./row-sink.ts";
import type { Field, MaskContext } from "./types.ts";

const HEADER_BYTES = 7;

/**
 * The masker of a result whose RowDescription is `fields`; null when nothing is masked and rows pass as they are.
 * Throws WireError when the plan has another number of columns than the result.
 */
export function compileRowMasker(plan: MaskPlan, fields: readonly Field[], context: MaskContext): RowMasker | null {
  const columns = plan.columns;
  if (columns === null) return null;
  if (columns.length !== fields.length) {
    throw new WireError(`the mask plan has ${columns.length} columns, the result ${fields.length}`);
  }
  if (columns.every((column) => column === null)) return null;
  const cells: (CellMasker | null)[] = [];
  const copies = columns.map((column) => (column?.apply === "method" ? column.mask.class : null));
  const hidden: boolean[] = [];
  const subjects: SubjectReader[] = [];
  for (const [index, column] of columns.entries()) {
    const cell = column === null ? null : compileCell(column, index, fields, context);
    cells.push(cell?.mask ?? null);
    hidden.push(cell?.hidesNull === true);
    if (cell?.subject) subjects.push(cell.subject);
  }
  return new RowMasker(cells, hidden, subjects, copies, null);
}

export class RowMasker {
  /** Cells masked so far, NULLs not counted. */
  maskedCells = 0;
  readonly #cells: readonly (CellMasker | null)[];
  /** Columns whose NULLs are masked, too. */
  readonly #hidden: readonly boolean[];
  readonly #subjects: readonly SubjectReader[];
  /** Start and end of each cell of the row at hand; only filled when there are subjects. */
  readonly #places: Int32Array;
  /** The class of each column that shows a stored one, masked by a method: its values might be sent back. */
  readonly #copies: readonly (string | null)[];
  readonly #given: GivenValues | null;

  constructor(
    cells: readonly (CellMasker | null)[],
    hidden: readonly boolean[],
    subjects: readonly SubjectReader[],
    copies: readonly (string | null)[],
    given: GivenValues | null,
  ) {
    this.#cells = cells;
    this.#hidden = hidden;
    this.#subjects = subjects;
    this.#copies = copies;
    this.#given = given;
    this.#places = new Int32Array(2 * cells.length);
  }

  /** For another result of the same shape: it shares everything but the count. `given` remembers what it shows. */
  anew(given: GivenValues | null): RowMasker {
    return new RowMasker(this.#cells, this.#hidden, this.#subjects, this.#copies, given);
  }

  /**
   * Appends the masked form of the DataRow frame buffer[start, end) to `sink`; `buffer` must stay as it is until
   * `sink.take()`. Throws WireError at a row that is not as the protocol and the result's description say; `sink` then
   * holds a part of it and must be dropped.
   */
  maskDataRow(buffer: Buffer, start: number, end: number, sink: RowSink): void {
    const cells = this.#cells;
    if (end - start < HEADER_BYTES || ((buffer[start + 5]! << 8) | buffer[start + 6]!) !== cells.length) {
      throw new WireError(`a row does not have the ${cells.length} columns of its result`);
    }
    if (this.#subjects.length > 0) this.#readSubjects(buffer, start, end);
    const frameAt = sink.position;
    let copied = start;
    let at = start + HEADER_BYTES;
    let grown = 0;
    for (let column = 0; column < cells.length; column++) {
      const valueStart = at + 4;
      if (valueStart > end) throw new WireError("a row ends inside a column's length");
      const size = (buffer[at]! << 24) | (buffer[at + 1]! << 16) | (buffer[at + 2]! << 8) | buffer[at + 3]!;
      if (size < 0) {
        if (size !== -1) throw new WireError("a column of a row has a negative length");
        if (this.#hidden[column]) {
          sink.copy(buffer, copied, at);
          grown += maskWhole(cells[column]!, column, buffer, valueStart, valueStart, sink);
          this.maskedCells++;
          copied = valueStart;
        }
        at = valueStart;
        continue;
      }
      const valueEnd = valueStart + size;
      if (valueEnd > end) throw new WireError("a column of a row is longer than the row");
      const cell = cells[column]!;
      if (cell !== null) {
        sink.copy(buffer, copied, at);
        const bytes = maskWhole(cell, column, buffer, valueStart, valueEnd, sink);
        const shows = this.#copies[column]!;
        if (this.#given !== null && shows !== null) {
          const writtenEnd = sink.indexOf(sink.position);
          if (bytes >= BYTES_MIN) this.#given.note(sink.bytes, writtenEnd - bytes, writtenEnd);
          else this.#given.noteShort(shows, sink.bytes, writtenEnd - bytes, writtenEnd);
        }
        grown += bytes - size;
        this.maskedCells++;
        copied = valueEnd;
      }
      at = valueEnd;
    }
    if (at !== end) throw new WireError("a row is longer than its columns");
    sink.copy(buffer, copied, end);
    if (grown !== 0) sink.patchInt32(frameAt + 1, end - start - 1 + grown);
  }

  #readSubjects(buffer: Buffer, start: number, end: number): void {
    const places = this.#places;
    let at = start + HEADER_BYTES;
    for (let i = 0; i < places.length; i += 2) {
      const size = at + 4 <= end ? buffer.readInt32BE(at) : -2;
      if (size < -1 || at + 4 + size > end) throw new WireError("a column of a row is longer than the row");
      places[i] = size === -1 ? -1 : at + 4;
      places[i + 1] = size === -1 ? -1 : at + 4 + size;
      at += 4 + Math.max(0, size);
    }
    for (const reader of this.#subjects)
      reader.read(buffer, places[2 * reader.column]!, places[2 * reader.column + 1]!);
  }
}

/** A masker that fails must not let the row through, and its error may hold the value: only the column is told. */
function maskWhole(
  cell: CellMasker,
  column: number,
  source: Buffer,
  start: number,
  end: number,
  sink: RowSink,
): number {
  try {
    return maskCell(cell, source, start, end, sink);
  } catch {
    throw new WireError(`column ${column + 1} of a row cannot be masked`);
  }
}
