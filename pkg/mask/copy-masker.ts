// Rewrites COPY OUT data of any format. CopyData messages cut the data anywhere, so a row that is not whole yet is kept.
import type { MaskPlan } from "../policy/decision.ts";
import { WireError } from "../wire/postgres/frame-reader.ts";
import type { CellPlan } from "./cell.ts";
import { compileCell } from "./compile-cell.ts";
import { BinaryCopyRows } from "./copy-binary.ts";
import { CsvCopyRows } from "./copy-csv.ts";
import { TextCopyRows } from "./copy-text.ts";
import { RowSink } from "./row-sink.ts";
import type { Field, MaskContext } from "./types.ts";

/** What masking needs of a COPY's options; the `CopyFacts` of package sql fit. */
export interface CopyShape {
  readonly format: "text" | "csv" | "binary";
  readonly delimiter: string;
  readonly nullText: string;
  readonly quote: string;
  readonly escape: string;
  readonly header: boolean;
  /** Output positions under FORCE_QUOTE; "*" for all. */
  readonly forceQuote: readonly number[] | "*";
  /** Type OID of each output column, 0 when unknown: a masked column of unknown type becomes NULL. */
  readonly types: readonly number[];
  /** Typmods of the output columns where known; without them lengths are not limited. */
  readonly typmods?: readonly number[];
}

/** The rows of one format: takes whole rows off the front of `bytes`, appends them masked, keeps its place. */
export interface CopyRows {
  /** Cells masked so far, NULLs not counted. */
  maskedCells: number;
  /** Returns how many bytes were whole rows; `from` says up to where an earlier call looked already. Throws WireError. */
  consume(bytes: Buffer, sink: RowSink): number;
  /** Throws WireError when the data may not end with `rest` left over. */
  end(restBytes: number): void;
}

/** A row above PostgreSQL's own limit of 1 GiB is no row. */
const ROW_BYTES_MAX = 0x40000000;
const NOTHING = Buffer.alloc(0);
/** CopyData: Byte1 'd', Int32 length. */
const COPY_DATA = 0x64;
const FRAME_HEADER_BYTES = 5;

/** The masker of a COPY OUT; null when nothing is masked. Throws WireError when plan and columns differ in number. */
export function compileCopyMasker(plan: MaskPlan, copy: CopyShape, context: MaskContext): CopyMasker | null {
  const columns = plan.columns;
  if (columns === null || columns.every((column) => column === null)) return null;
  if (copy.types.length !== columns.length) {
    throw new WireError(`the mask plan has ${columns.length} columns, the COPY ${copy.types.length}`);
  }
  const format = copy.format === "binary" ? 1 : 0;
  const fields = copy.types.map((type, i): Field => ({ type, typmod: copy.typmods?.[i] ?? -1, format }));
  const cells = columns.map((column, i) => (column === null ? null : compileCell(column, i, fields, context)));
  return new CopyMasker(rowsOf(copy, cells));
}

function rowsOf(copy: CopyShape, cells: readonly (CellPlan | null)[]): CopyRows {
  switch (copy.format) {
    case "text":
      return new TextCopyRows(copy, cells);
    case "csv":
      return new CsvCopyRows(copy, cells);
    case "binary":
      return new BinaryCopyRows(cells);
    default:
      return copy.format satisfies never;
  }
}

export class CopyMasker {
  readonly #rows: CopyRows;
  readonly #sink = new RowSink();
  /** The start of a row whose end has not come; `#held` has room to grow. */
  #held: Buffer = NOTHING;
  #heldBytes = 0;

  constructor(rows: CopyRows) {
    this.#rows = rows;
  }

  get maskedCells(): number {
    return this.#rows.maskedCells;
  }

  /** Bytes of an unfinished row that are held. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Takes the body of a CopyData message; returns the masked form of the rows that are whole now, maybe none. Throws WireError. */
  push(body: Buffer): Buffer {
    const bytes = this.#join(body);
    const used = this.#consume(bytes, this.#sink);
    const out = this.#sink.take();
    this.#keep(bytes, used);
    return out;
  }

  /**
   * The same for a whole CopyData frame buffer[start, end): appends one to `sink`, or none when no row is whole yet.
   * `buffer` must stay as it is until `sink.take()`. Throws WireError; `sink` must then be dropped.
   */
  maskCopyData(buffer: Buffer, start: number, end: number, sink: RowSink): void {
    const bytes = this.#join(buffer.subarray(start + FRAME_HEADER_BYTES, end));
    const at = sink.reserve(FRAME_HEADER_BYTES);
    sink.bytes[at] = COPY_DATA;
    const from = sink.position;
    const used = this.#consume(bytes, sink);
    const size = sink.position - from;
    if (size === 0) sink.rewind(from - FRAME_HEADER_BYTES);
    // What is held is about to change, so nothing may point to it any more.
    if (bytes.buffer === this.#held.buffer) sink.settle();
    if (size !== 0) sink.patchInt32(from - 4, 4 + size);
    this.#keep(bytes, used);
  }

  /** The data has ended (CopyDone). Throws WireError when a row is not whole. */
  finish(): void {
    this.#rows.end(this.#heldBytes);
  }

  /** A masker that fails must not let the row through, and its error may hold the value. */
  #consume(bytes: Buffer, sink: RowSink): number {
    try {
      return this.#rows.consume(bytes, sink);
    } catch (error) {
      throw error instanceof WireError ? error : new WireError("a COPY row cannot be masked");
    }
  }

  #join(body: Buffer): Buffer {
    const held = this.#heldBytes;
    if (held === 0) return body;
    const total = held + body.length;
    if (total > ROW_BYTES_MAX) throw new WireError(`a COPY row is above ${ROW_BYTES_MAX} bytes`);
    if (total > this.#held.length) {
      const grown = Buffer.allocUnsafe(Math.max(4096, 2 * total));
      this.#held.copy(grown, 0, 0, held);
      this.#held = grown;
    }
    body.copy(this.#held, held);
    return this.#held.subarray(0, total);
  }

  #keep(bytes: Buffer, used: number): void {
    const rest = bytes.length - used;
    if (rest === 0) {
      this.#held = NOTHING;
    } else if (this.#heldBytes === 0) {
      this.#held = Buffer.from(bytes.subarray(used));
    } else if (used > 0) {
      this.#held.copyWithin(0, used, bytes.length);
    }
    this.#heldBytes = rest;
  }
}
