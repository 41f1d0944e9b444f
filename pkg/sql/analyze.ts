// Text in, facts out. Placeholder contract: the engine behind it is written in this package.
import type { Resolution, Snapshot } from "../catalog/snapshot.ts";
import type { Analysis, Facts } from "./facts.ts";

/** What a text is judged against. `snapshot: null`: no catalogue is loaded, so relations resolve to "not known". */
export interface AnalysisContext {
  readonly snapshot: Snapshot | null;
  readonly resolution: Resolution | null;
  /** Facts of a prepared statement, by its SQL and protocol name, or undefined when there is none. */
  prepared(name: string): Facts | undefined;
  /** Facts of an open cursor or portal. */
  cursor(name: string): Facts | undefined;
}

/** Loaded grammar of one PostgreSQL major. */
export interface Grammar {
  readonly major: number;
}

export type Analyze = (grammar: Grammar, text: string, context: AnalysisContext) => Analysis;
