// What the collector and the thread of its index say to each other: a call with a number, and its answer.
import type { Question } from "../store/question.ts";
import type { Answer, Cell, StoreError } from "../store/store.ts";
import type { StoreConfig } from "./store-config.ts";

export interface IndexPlace {
  readonly config: Exclude<StoreConfig, { engine: "none" }>;
  /** The collector's data folder. */
  readonly data: string;
  readonly origin: string;
}

/** A segment's file as it lies in the ledger. */
export interface SegmentBytes {
  readonly entry: number;
  readonly bytes: Uint8Array;
}

/** What each call gives. */
export interface IndexCalls {
  open: {
    readonly of: IndexPlace;
    readonly gives: {
      readonly engine: "duckdb" | "clickhouse";
      readonly indexedUpTo: number;
      readonly remade: string | null;
    };
  };
  /** `damaged`: entries whose file is no segment. */
  index: {
    readonly of: { readonly segments: readonly SegmentBytes[]; readonly upTo: number };
    readonly gives: { readonly damaged: readonly number[] };
  };
  ask: { readonly of: Question; readonly gives: Answer };
  /** A number for `next` and `end`. */
  stream: { readonly of: Question; readonly gives: number };
  /** null: that was all. */
  next: { readonly of: number; readonly gives: readonly (readonly Cell[])[] | null };
  end: { readonly of: number; readonly gives: null };
  forget: { readonly of: readonly number[]; readonly gives: null };
  clear: { readonly of: null; readonly gives: null };
  close: { readonly of: null; readonly gives: null };
}

export type IndexCall = keyof IndexCalls;

export interface IndexRequest {
  readonly id: number;
  readonly call: IndexCall;
  readonly of: unknown;
}

export type IndexReply =
  | { readonly id: number; readonly ok: true; readonly gives: unknown; readonly indexedUpTo: number }
  | { readonly id: number; readonly ok: false; readonly code: StoreError["code"]; readonly message: string };
