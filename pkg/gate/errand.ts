// Something of our own between the client's frames: catalogue queries, Describe for the second witness, an injected error.
// Its replies are collected here and never shown; `finish` is called once, when the last of them is in or was skipped.
import { dataRowFields } from "../wire/postgres/data-row.ts";
import { decodeErrorFields } from "../wire/postgres/error-fields.ts";
import { decodeRowDescription, type RowField } from "../wire/postgres/row-description.ts";

export type ErrandRow = readonly (string | null)[];

/** Rows that one errand may collect; a catalogue of 5,000 tables needs about a tenth of it. */
const ROWS_MAX = 4_000_000;

export class Errand {
  /** Rows of each executed statement, in order. */
  readonly results: ErrandRow[][] = [];
  fields: readonly RowField[] | null = null;
  error: ReadonlyMap<string, string> | null = null;
  /** The server's ErrorResponse as sent, to be relayed when it answers the client's own statement. */
  errorFrame: Buffer | null = null;
  /** The server skipped it because an earlier frame of the client failed. */
  skipped = false;
  readonly #finish: (errand: Errand) => void;
  #left: number;
  #current: ErrandRow[] = [];
  #rows = 0;

  /** `frames`: how many owed entries carry this errand. */
  constructor(frames: number, finish: (errand: Errand) => void) {
    this.#left = frames;
    this.#finish = finish;
  }

  get failed(): boolean {
    return this.skipped || this.error !== null;
  }

  row(body: Buffer): void {
    this.#rows += 1;
    if (this.#rows > ROWS_MAX) throw new Error("the catalogue answered with more rows than Weir can hold");
    this.#current.push(dataRowFields(body).map((field) => (field === null ? null : field.toString("utf8"))));
  }

  completed(): void {
    this.results.push(this.#current);
    this.#current = [];
  }

  described(body: Buffer | null): void {
    this.fields = body === null ? [] : decodeRowDescription(body);
  }

  failedWith(frame: Buffer): void {
    if (this.error !== null) return;
    this.error = decodeErrorFields(frame.subarray(5));
    this.errorFrame = Buffer.from(frame);
  }

  /** One of its frames owes nothing more. */
  settle(skipped: boolean): void {
    if (skipped && this.error === null) this.skipped = true;
    this.#left -= 1;
    if (this.#left === 0) this.#finish(this);
  }
}
