// The analyses of one server major version, made once its grammar is loaded.
import { loadGrammar } from "../sql/grammar.ts";
import { AnalysisCache } from "./analysis-cache.ts";

/** An AnalysisCache for `major`; of a version without a grammar it understands nothing. */
export async function openAnalyses(major: number): Promise<AnalysisCache> {
  return new AnalysisCache(await loadGrammar(major));
}
