// COPY OUT rows in csv format (PostgreSQL "COPY", File Formats: CSV Format; CopyAttributeOutCSV in copyto.c): quotes hold
// delimiters and line feeds, an escape character inside quotes stands before a quote or itself.
import { WireError } from "../wire/postgres/frame-reader.ts";
import type { CellPlan } from "./cell.ts";
import type { CopyRows, CopyShape } from "./copy-masker.ts";
import { type FieldReader, isExactly, RowFields } from "./copy-row.ts";
import { RowSink } from "./row-sink.ts";

const LF = 0x0a;
const CR = 0x0d;
const END_OF_DATA = Buffer.from("\\.");

export class CsvCopyRows implements CopyRows {
  maskedCells = 0;
  readonly #fields: RowFields;
  readonly #reader: CsvField;
  readonly #delimiter: number;
  readonly #quote: number;
  readonly #escape: number;
  readonly #null: Buffer;
  readonly #forced: readonly number[] | "*";
  #header: boolean;
  #looked = 0;
  #quoted = false;
  #escaping = false;
  /** Where the next quote of the bytes at hand is, so that they are searched once only. */
  #nextQuote = -1;

  constructor(copy: CopyShape, cells: readonly (CellPlan | null)[]) {
    this.#fields = new RowFields(cells);
    this.#delimiter = copy.delimiter.charCodeAt(0);
    this.#quote = copy.quote.charCodeAt(0);
    this.#escape = copy.escape.charCodeAt(0);
    this.#null = Buffer.from(copy.nullText);
    this.#reader = new CsvField(this.#null, this.#quote, this.#escape);
    this.#forced = copy.forceQuote;
    this.#header = copy.header;
  }

  consume(bytes: Buffer, sink: RowSink): number {
    this.#nextQuote = -1;
    let start = 0;
    for (;;) {
      const lineEnd = this.#rowEnd(bytes, Math.max(start, this.#looked));
      if (lineEnd === -1) break;
      this.#row(bytes, start, lineEnd, sink);
      start = lineEnd + 1;
      this.#looked = 0;
    }
    this.#looked = bytes.length - start;
    return start;
  }

  end(restBytes: number): void {
    if (restBytes !== 0) throw new WireError("COPY data ended inside a row");
  }

  /** Index of the line feed that ends the row, or -1; goes on where the last call stopped, in the same quotes. */
  #rowEnd(bytes: Buffer, from: number): number {
    if (!this.#quoted) {
      if (this.#nextQuote < from) this.#nextQuote = indexOrEnd(bytes, this.#quote, from);
      const lineEnd = bytes.indexOf(LF, from);
      if (lineEnd !== -1 && lineEnd < this.#nextQuote) return lineEnd;
    }
    return this.#quotedRowEnd(bytes, from);
  }

  #quotedRowEnd(bytes: Buffer, from: number): number {
    const quote = this.#quote;
    const escaper = this.#escape;
    let quoted = this.#quoted;
    let escaping = this.#escaping;
    let found = -1;
    for (let i = from; i < bytes.length; i++) {
      const byte = bytes[i];
      if (!quoted) {
        if (byte === LF) {
          found = i;
          break;
        }
        if (byte === quote) quoted = true;
      } else if (escaping) {
        // An escape character stands for itself unless a quote or another one follows: either way it is done with.
        escaping = false;
      } else if (byte === escaper && escaper !== quote) {
        escaping = true;
      } else if (byte === quote) {
        quoted = false;
      }
    }
    this.#quoted = quoted;
    this.#escaping = escaping;
    return found;
  }

  #row(bytes: Buffer, start: number, lineEnd: number, sink: RowSink): void {
    if (this.#header) {
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
      if (this.#fields.mask(column, this.#reader)) this.#write(column, this.#fields.masked, sink);
      else sink.write(this.#null, 0, this.#null.length);
      this.maskedCells++;
      copied = ends[column]!;
    }
    sink.copy(bytes, copied, lineEnd + 1);
  }

  #split(bytes: Buffer, start: number, lineEnd: number): void {
    const { starts, ends, cells } = this.#fields;
    const [delimiter, quote, escaper] = [this.#delimiter, this.#quote, this.#escape];
    let column = 0;
    let quoted = false;
    starts[0] = start;
    for (let i = start; i < lineEnd; i++) {
      const byte = bytes[i];
      if (quoted) {
        if (byte === escaper && i + 1 < lineEnd && (bytes[i + 1] === quote || bytes[i + 1] === escaper)) i++;
        else if (byte === quote) quoted = false;
      } else if (byte === quote) {
        quoted = true;
      } else if (byte === delimiter) {
        ends[column++] = i;
        if (column === cells.length) break;
        starts[column] = i + 1;
      }
    }
    ends[column] = lineEnd;
    if (column !== cells.length - 1) throw new WireError(`a COPY row does not have ${cells.length} columns`);
  }

  /** Quotes as the server does: when forced, when it reads as NULL or end of data, or holds a special character. */
  #write(column: number, masked: RowSink, sink: RowSink): void {
    const value = masked.bytes;
    const from = masked.indexOf(0);
    const to = from + masked.position;
    if (!this.#isForced(column) && !this.#needsQuotes(value, from, to)) {
      sink.write(value, from, to);
      return;
    }
    sink.writeByte(this.#quote);
    for (let i = from; i < to; i++) {
      if (value[i] === this.#quote || value[i] === this.#escape) sink.writeByte(this.#escape);
      sink.writeByte(value[i]!);
    }
    sink.writeByte(this.#quote);
  }

  #isForced(column: number): boolean {
    return this.#forced === "*" || this.#forced.includes(column);
  }

  #needsQuotes(value: Buffer, from: number, to: number): boolean {
    if (isExactly(value, from, to, this.#null) || isExactly(value, from, to, END_OF_DATA)) return true;
    for (let i = from; i < to; i++) {
      const byte = value[i];
      if (byte === this.#delimiter || byte === this.#quote || byte === LF || byte === CR) return true;
    }
    return false;
  }
}

function indexOrEnd(bytes: Buffer, byte: number, from: number): number {
  const found = bytes.indexOf(byte, from);
  return found === -1 ? bytes.length : found;
}

class CsvField implements FieldReader {
  value: Buffer = Buffer.alloc(0);
  valueStart = 0;
  valueEnd = 0;
  readonly #null: Buffer;
  readonly #quote: number;
  readonly #escape: number;
  readonly #plain = new RowSink();

  constructor(nullText: Buffer, quote: number, escaper: number) {
    this.#null = nullText;
    this.#quote = quote;
    this.#escape = escaper;
  }

  /** Only what is not quoted can be NULL: the marker never holds a quote. */
  isNull(source: Buffer, start: number, end: number): boolean {
    return isExactly(source, start, end, this.#null);
  }

  read(source: Buffer, start: number, end: number): void {
    this.value = source;
    this.valueStart = start;
    this.valueEnd = end;
    const quote = this.#quote;
    for (let i = start; i < end; i++) {
      if (source[i] === quote) {
        this.#unquote(source, start, end);
        return;
      }
    }
  }

  #unquote(source: Buffer, start: number, end: number): void {
    const plain = this.#plain;
    plain.rewind(0);
    let quoted = false;
    for (let i = start; i < end; i++) {
      const byte = source[i]!;
      const next = i + 1 < end ? source[i + 1] : -1;
      if (quoted && byte === this.#escape && (next === this.#quote || next === this.#escape))
        plain.writeByte(source[++i]!);
      else if (byte === this.#quote) quoted = !quoted;
      else plain.writeByte(byte);
    }
    this.value = plain.bytes;
    this.valueStart = plain.indexOf(0);
    this.valueEnd = this.valueStart + plain.position;
  }
}
