// COPY OUT rows in text format (PostgreSQL "COPY", File Formats: Text Format; CopyAttributeOutText in copyto.c): a line
// feed always ends a row, since one inside a value is written as \n.
import { WireError } from "../wire/postgres/frame-reader.ts";
import type { CellPlan } from "./cell.ts";
import type { CopyRows, CopyShape } from "./copy-masker.ts";
import { type FieldReader, isExactly, RowFields } from "./copy-row.ts";
import { RowSink } from "./row-sink.ts";

const LF = 0x0a;
const BACKSLASH = 0x5c;
const DOT = 0x2e;
const CONTROLS = "\b\t\n\v\f\r";
const LETTERS = "btnvfr";

export class TextCopyRows implements CopyRows {
  maskedCells = 0;
  readonly #fields: RowFields;
  readonly #reader: TextField;
  readonly #delimiter: number;
  readonly #null: Buffer;
  /** By byte: the letter after a backslash, or 0 when the byte stands for itself. */
  readonly #escapes = new Uint8Array(256);
  #header: boolean;
  #looked = 0;

  constructor(copy: CopyShape, cells: readonly (CellPlan | null)[]) {
    this.#fields = new RowFields(cells);
    this.#delimiter = copy.delimiter.charCodeAt(0);
    this.#null = Buffer.from(copy.nullText);
    this.#reader = new TextField(this.#null);
    this.#header = copy.header;
    for (const [i, control] of [...CONTROLS].entries()) this.#escapes[control.charCodeAt(0)] = LETTERS.charCodeAt(i);
    this.#escapes[BACKSLASH] = BACKSLASH;
    this.#escapes[this.#delimiter] = this.#delimiter;
  }

  consume(bytes: Buffer, sink: RowSink): number {
    let start = 0;
    for (;;) {
      const lineEnd = bytes.indexOf(LF, Math.max(start, this.#looked));
      if (lineEnd === -1) break;
      this.#line(bytes, start, lineEnd, sink);
      start = lineEnd + 1;
      this.#looked = 0;
    }
    this.#looked = bytes.length - start;
    return start;
  }

  end(restBytes: number): void {
    if (restBytes !== 0) throw new WireError("COPY data ended inside a row");
  }

  #line(bytes: Buffer, start: number, lineEnd: number, sink: RowSink): void {
    const isEnd = lineEnd - start === 2 && bytes[start] === BACKSLASH && bytes[start + 1] === DOT;
    if (this.#header || isEnd) {
      this.#header = false;
      sink.copy(bytes, start, lineEnd + 1);
      return;
    }
    const { starts, ends, cells } = this.#fields;
    this.#split(bytes, start, lineEnd);
    this.#fields.readSubjects(bytes, this.#reader);
    let copied = start;
    for (let column = 0; column < cells.length; column++) {
      const cell = cells[column]!;
      if (cell === null) continue;
      if (cell.hidesNull !== true && this.#reader.isNull(bytes, starts[column]!, ends[column]!)) continue;
      sink.copy(bytes, copied, starts[column]!);
      this.#reader.read(bytes, starts[column]!, ends[column]!);
      if (this.#fields.mask(column, this.#reader)) this.#escape(this.#fields.masked, sink);
      else sink.write(this.#null, 0, this.#null.length);
      this.maskedCells++;
      copied = ends[column]!;
    }
    sink.copy(bytes, copied, lineEnd + 1);
  }

  #split(bytes: Buffer, start: number, lineEnd: number): void {
    const { starts, ends, cells } = this.#fields;
    const delimiter = this.#delimiter;
    let column = 0;
    starts[0] = start;
    for (let i = start; i < lineEnd; i++) {
      const byte = bytes[i];
      if (byte === BACKSLASH) i++;
      else if (byte === delimiter) {
        ends[column++] = i;
        if (column === cells.length) break;
        starts[column] = i + 1;
      }
    }
    ends[column] = lineEnd;
    if (column !== cells.length - 1) throw new WireError(`a COPY row does not have ${cells.length} columns`);
  }

  #escape(masked: RowSink, sink: RowSink): void {
    const from = masked.indexOf(0);
    const to = from + masked.position;
    let copied = from;
    // A value that would read as NULL begins with an escape; the server itself leaves it ambiguous.
    if (this.#reader.isNull(masked.bytes, from, to) && to > from && !isAlphanumeric(masked.bytes[from]!)) {
      if (this.#escapes[masked.bytes[from]!] === 0) sink.writeByte(BACKSLASH);
    }
    for (let i = from; i < to; i++) {
      const letter = this.#escapes[masked.bytes[i]!]!;
      if (letter === 0) continue;
      sink.write(masked.bytes, copied, i);
      sink.writeByte(BACKSLASH);
      sink.writeByte(letter);
      copied = i + 1;
    }
    sink.write(masked.bytes, copied, to);
  }
}

/** A backslash before one of these may mean a control character. */
function isAlphanumeric(byte: number): boolean {
  return /[0-9A-Za-z]/.test(String.fromCharCode(byte));
}

class TextField implements FieldReader {
  value: Buffer = Buffer.alloc(0);
  valueStart = 0;
  valueEnd = 0;
  readonly #null: Buffer;
  readonly #plain = new RowSink();

  constructor(nullText: Buffer) {
    this.#null = nullText;
  }

  isNull(source: Buffer, start: number, end: number): boolean {
    return isExactly(source, start, end, this.#null);
  }

  read(source: Buffer, start: number, end: number): void {
    this.value = source;
    this.valueStart = start;
    this.valueEnd = end;
    for (let i = start; i < end; i++) {
      if (source[i] === BACKSLASH) {
        this.#unescape(source, start, end);
        return;
      }
    }
  }

  #unescape(source: Buffer, start: number, end: number): void {
    const plain = this.#plain;
    plain.rewind(0);
    for (let i = start; i < end; i++) {
      let byte = source[i]!;
      if (byte === BACKSLASH && i + 1 < end) {
        byte = source[++i]!;
        const control = LETTERS.indexOf(String.fromCharCode(byte));
        if (control !== -1) byte = CONTROLS.charCodeAt(control);
      }
      plain.writeByte(byte);
    }
    this.value = plain.bytes;
    this.valueStart = plain.indexOf(0);
    this.valueEnd = this.valueStart + plain.position;
  }
}
