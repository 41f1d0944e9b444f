// The index over the ledger's records, of whatever engine: rows in, answers out. It can always be made again from the segments.
import type { AnswerField, Question } from "./question.ts";
import type { SegmentRows } from "./segment-rows.ts";

/** A text, a list of texts, a whole number or time, a flag, or nothing. */
export type Cell = string | number | boolean | null | readonly string[];

export interface Answer {
  readonly fields: readonly AnswerField[];
  readonly rows: readonly (readonly Cell[])[];
  /** There are more rows than the question's limit. */
  readonly more: boolean;
  /** Entries of the log below this one are in the answer. */
  readonly indexedUpTo: number;
}

/** All that it throws are StoreErrors. */
export interface Store {
  readonly engine: "duckdb" | "clickhouse";
  /** Why it was made anew when it was opened; null: it was not, or there was none. */
  readonly remade: string | null;
  /** Entries of the log below this one are indexed. */
  readonly indexedUpTo: number;
  /**
   * Rows of segments, and that every entry below `upTo` is indexed; durable when it resolves. What is indexed already is taken again in
   * silence.
   */
  insert(batch: readonly SegmentRows[], upTo: number): Promise<void>;
  ask(question: Question): Promise<Answer>;
  /** All rows, however many, in parts; `limit` and `offset` do not count. */
  stream(question: Question): AsyncIterable<readonly (readonly Cell[])[]>;
  /** Rows of these entries go. */
  forget(entries: readonly number[]): Promise<void>;
  /** Empty, as new. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

/** `version`: made by another version of Weir, or for another log: make it again. `busy`: too much at once, ask for less or later. */
export class StoreError extends Error {
  readonly code: "io" | "version" | "locked" | "busy" | "too-long";

  constructor(code: StoreError["code"], message: string, cause?: unknown) {
    super(message, { cause });
    this.name = "StoreError";
    this.code = code;
  }
}

/** Of what every engine keeps; another one makes an index of another form. */
export const STORE_VERSION = 1;
