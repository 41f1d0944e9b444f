// A sample that anybody can draw again: rows ranked by a hash over the seed, the population and the row, the lowest ranks taken. Nobody can
// choose rows by it without choosing the seed, which is why the seed comes from the checkpoint when nobody names one.
import { hash } from "node:crypto";
import type { Row } from "./row.ts";

const SAMPLE_FORMAT = "weir.dev/sample/v1";

export interface SampledRow {
  /** 64 hex digits. */
  readonly rank: string;
  readonly row: Row;
}

/** `populationSha256`: of the population's CSV, in hex. */
export function rankOf(seed: string, populationSha256: string, id: string): string {
  return hash("sha256", `${SAMPLE_FORMAT}\n${JSON.stringify(seed)}\n${populationSha256}\n${id}\n`);
}

/** At most `size` of them, by rank. `ids`: each row's, unique in the population. */
export function sampleOf(rows: readonly Row[], ids: readonly string[], draw: Draw): readonly SampledRow[] {
  const ranked = rows.map((row, at) => ({ rank: rankOf(draw.seed, draw.populationSha256, ids[at]!), row }));
  return ranked.sort((a, b) => (a.rank < b.rank ? -1 : 1)).slice(0, draw.size);
}

export interface Draw {
  readonly seed: string;
  readonly populationSha256: string;
  readonly size: number;
}

/** Of nobody's choice: what the log was at the time, for this criterion. */
export function seedOf(logRoot: string, criterion: string): string {
  return hash("sha256", `${SAMPLE_FORMAT}\n${logRoot}\n${criterion}\n`);
}
