// Columns of a query as facts tell them.
import type { OutputColumn } from "../facts.ts";
import { unknown } from "./label.ts";
import type { QueryResult } from "./select.ts";

export function outputsOf(result: QueryResult): OutputColumn[] {
  const outputs: OutputColumn[] = result.columns.map(({ name, lineage, origin }) => ({ name, lineage, origin }));
  if (result.open) outputs.push({ name: null, lineage: unknown("columns not known"), origin: null });
  return outputs;
}
