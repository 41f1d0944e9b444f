// The unit of masking: one cell in, its masked form out. Everything else composes these.
import type { RowSink } from "./row-sink.ts";

/**
 * Appends the masked form of the value source[start, end) (empty for a NULL whose presence is hidden) to `sink`, in the same format.
 * Returns false for NULL; what it appended is then taken back by the caller.
 */
export type CellMasker = (source: Buffer, start: number, end: number, sink: RowSink) => boolean;

/** Hears the value of another column of the same row before the cell is masked; `start` is -1 for NULL. */
export interface SubjectReader {
  /** Position of that column in the row, from 0. */
  readonly column: number;
  read(source: Buffer, start: number, end: number): void;
}

export interface CellPlan {
  readonly mask: CellMasker;
  readonly subject: SubjectReader | null;
  /**
   * NULL is masked like any value. For what is derived from protected columns: `substring(email from '^a')` is NULL or not by the
   * protected value, so its presence would tell it.
   */
  readonly hidesNull?: true;
}

/** Text (0) or binary (1), as the protocol's format codes say. */
export type Format = 0 | 1;

export const nullCell: CellMasker = () => false;

/** The same bytes for every value. */
export function constantCell(bytes: Buffer): CellMasker {
  return (_source, _start, _end, sink) => {
    sink.write(bytes, 0, bytes.length);
    return true;
  };
}

/** How a type's values are read and written in one format. */
export interface Codec<V> {
  /** undefined: not readable as such a value. */
  read(source: Buffer, start: number, end: number): V | undefined;
  write(value: V, sink: RowSink): void;
}

/** Reads, transforms, writes; what cannot be read or has no transformed value becomes `otherwise`. */
export function mapCell<V>(codec: Codec<V>, transform: (value: V) => V | undefined, otherwise: CellMasker): CellMasker {
  return (source, start, end, sink) => {
    const value = codec.read(source, start, end);
    const masked = value === undefined ? undefined : transform(value);
    if (masked === undefined) return otherwise(source, start, end, sink);
    codec.write(masked, sink);
    return true;
  };
}

/** Appends the masked cell after its Int32 length, -1 for NULL; returns the bytes of the value, 0 for NULL. */
export function maskCell(cell: CellMasker, source: Buffer, start: number, end: number, sink: RowSink): number {
  sink.reserve(4);
  const from = sink.position;
  if (!cell(source, start, end, sink)) {
    sink.rewind(from);
    sink.patchInt32(from - 4, -1);
    return 0;
  }
  const count = sink.position - from;
  sink.patchInt32(from - 4, count);
  return count;
}
