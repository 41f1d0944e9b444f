// An AnalysisContext over a real server's catalogue.
import type pg from "pg";
import type { Resolution, Snapshot } from "../../pkg/catalog/snapshot.ts";
import type { AnalysisContext } from "../../pkg/sql/analyze.ts";
import { load, resolution } from "../catalog/real-catalog.ts";

export async function realContext(client: pg.Client): Promise<AnalysisContext & { readonly snapshot: Snapshot }> {
  const [snapshot, resolved] = [await load(client), await resolution(client)];
  return contextOf(snapshot, resolved);
}

export function contextOf(snapshot: Snapshot, resolved: Resolution): AnalysisContext & { readonly snapshot: Snapshot } {
  return { snapshot, resolution: resolved, prepared: () => undefined, cursor: () => undefined };
}

export function withPath<C extends AnalysisContext>(context: C, searchPath: readonly string[]): C {
  return { ...context, resolution: { ...context.resolution!, searchPath } };
}
