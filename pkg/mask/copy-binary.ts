// COPY OUT rows in binary format (PostgreSQL "COPY", File Formats: Binary Format): signature, flags, header extension,
// then per row Int16 columns and per column Int32 length (-1 NULL) and bytes; a row of -1 columns ends the data.
import { WireError } from "../wire/postgres/frame-reader.ts";
import { type CellPlan, maskCell } from "./cell.ts";
import type { CopyRows } from "./copy-masker.ts";
import type { RowSink } from "./row-sink.ts";

const SIGNATURE = Buffer.from("PGCOPY\n\xff\r\n\0", "latin1");
/** Signature, flags, length of the header extension. */
const HEADER_BYTES = SIGNATURE.length + 8;
/** Flag bits 16 to 31 change the format in a way a reader must know; none is in use since PostgreSQL 12. */
const CRITICAL_FLAGS = 0xffff0000;
const TRAILER = -1;

export class BinaryCopyRows implements CopyRows {
  maskedCells = 0;
  readonly #cells: readonly (CellPlan | null)[];
  readonly #hasSubjects: boolean;
  readonly #starts: Int32Array;
  readonly #ends: Int32Array;
  #begun = false;
  #ended = false;
  /** Columns of the row at the front whose place is known already. */
  #found = 0;

  constructor(cells: readonly (CellPlan | null)[]) {
    this.#cells = cells;
    this.#hasSubjects = cells.some((cell) => cell?.subject);
    this.#starts = new Int32Array(cells.length);
    this.#ends = new Int32Array(cells.length);
  }

  consume(bytes: Buffer, sink: RowSink): number {
    let at = 0;
    if (!this.#begun) {
      at = this.#header(bytes);
      if (at === 0) return 0;
      this.#begun = true;
      sink.copy(bytes, 0, at);
    }
    for (;;) {
      const next = this.#row(bytes, at, sink);
      if (next === at) return at;
      at = next;
    }
  }

  end(restBytes: number): void {
    if (restBytes !== 0 || !this.#ended) throw new WireError("binary COPY data ended before its trailer");
  }

  /** End of the file header, 0 when it is not whole. */
  #header(bytes: Buffer): number {
    const seen = Math.min(bytes.length, SIGNATURE.length);
    if (!bytes.subarray(0, seen).equals(SIGNATURE.subarray(0, seen)))
      throw new WireError("binary COPY data has another signature");
    if (bytes.length < HEADER_BYTES) return 0;
    if ((bytes.readUInt32BE(SIGNATURE.length) & CRITICAL_FLAGS) !== 0)
      throw new WireError("binary COPY data has unknown critical flags");
    const extensionBytes = bytes.readInt32BE(SIGNATURE.length + 4);
    if (extensionBytes < 0) throw new WireError("binary COPY data has a negative header length");
    return bytes.length < HEADER_BYTES + extensionBytes ? 0 : HEADER_BYTES + extensionBytes;
  }

  /** End of the row at `at` after masking it, or `at` when it is not whole. */
  #row(bytes: Buffer, at: number, sink: RowSink): number {
    if (this.#ended && at < bytes.length) throw new WireError("binary COPY data goes on after its trailer");
    if (at + 2 > bytes.length) return at;
    const count = bytes.readInt16BE(at);
    if (count === TRAILER) {
      this.#ended = true;
      sink.copy(bytes, at, at + 2);
      return at + 2;
    }
    if (count !== this.#cells.length) throw new WireError(`a COPY row does not have ${this.#cells.length} columns`);
    const end = this.#find(bytes, at);
    if (end === -1) return at;
    this.#found = 0;
    if (this.#hasSubjects) this.#readSubjects(bytes, at);
    this.#mask(bytes, at, end, sink);
    return end;
  }

  /** Finds the places of the columns, relative to the row's start since rows move while they are kept; -1 when not whole. */
  #find(bytes: Buffer, row: number): number {
    const ends = this.#ends;
    while (this.#found < this.#cells.length) {
      const at = row + (this.#found === 0 ? 2 : ends[this.#found - 1]!);
      if (at + 4 > bytes.length) return -1;
      const size = bytes.readInt32BE(at);
      if (size < -1) throw new WireError("a column of a COPY row has a negative length");
      const end = at + 4 + Math.max(0, size);
      if (end > bytes.length) return -1;
      this.#starts[this.#found] = size === -1 ? -1 : at + 4 - row;
      ends[this.#found] = end - row;
      this.#found++;
    }
    return row + (ends.at(-1) ?? 2);
  }

  #readSubjects(bytes: Buffer, row: number): void {
    for (const cell of this.#cells) {
      if (!cell?.subject) continue;
      const start = this.#starts[cell.subject.column]!;
      if (start === -1) cell.subject.read(bytes, -1, -1);
      else cell.subject.read(bytes, row + start, row + this.#ends[cell.subject.column]!);
    }
  }

  #mask(bytes: Buffer, row: number, end: number, sink: RowSink): void {
    let copied = row;
    for (let column = 0; column < this.#cells.length; column++) {
      const cell = this.#cells[column];
      const start = this.#starts[column]!;
      if (!cell || (start === -1 && cell.hidesNull !== true)) continue;
      const valueEnd = row + this.#ends[column]!;
      const valueStart = start === -1 ? valueEnd : row + start;
      sink.copy(bytes, copied, valueStart - 4);
      maskCell(cell.mask, bytes, valueStart, valueEnd, sink);
      this.maskedCells++;
      copied = valueEnd;
    }
    sink.copy(bytes, copied, end);
  }
}
