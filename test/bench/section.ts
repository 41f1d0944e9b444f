// What every part of the bench gets, and gives back: tables for people, and the ratios that Weir aims at.
import type { LocalPostgres } from "../../pkg/localdb/start-postgres.ts";
import type { Target } from "./targets.ts";
import type { Tools } from "./tools.ts";

export interface Bench {
  readonly tools: Tools;
  readonly server: LocalPostgres;
  readonly targets: readonly Target[];
  /** Interleaved repetitions. */
  readonly rounds: number;
  /** Of one run of pgbench. */
  readonly seconds: number;
  /** Of the streamed tables, and records of the index. */
  readonly rows: number;
  /** A smoke run: everything happens, no figure means much. */
  readonly isShort: boolean;
  say(line: string): void;
}

export interface Aim {
  readonly what: string;
  readonly found: string;
  readonly aim: string;
}

export interface Section {
  readonly title: string;
  /** Markdown. */
  readonly body: string;
  readonly aims: readonly Aim[];
}
