// The way back from a utility statement into the engine: what stands inside EXPLAIN, COPY, PREPARE or CREATE TABLE AS.
import type { AnalysisContext } from "./analyze.ts";
import type { EffectKind, Facts, RelationUse } from "./facts.ts";

export interface Engine {
  readonly context: AnalysisContext;
  /**
   * Facts of a nested statement, given as the grammar wraps it, such as `{ SelectStmt: { ... } }`. A lone expression is judged by
   * wrapping it: `{ SelectStmt: { targetList: [{ ResTarget: { val } }] } }`. `reads`: whether its `reads` are wanted. `parameterTypes`: those
   * of a statement that has parameters of its own, 0 for one that the server infers.
   */
  statement(node: unknown, reads?: boolean, parameterTypes?: readonly number[]): Facts;
  /**
   * The relation a RangeVar (the bare node, without its `RangeVar` wrapper, or with it) names in this session, with the access
   * given; null when the catalogue does not hold it. Without a catalogue: a use with OID 0 and the names as written.
   */
  relation(rangeVar: unknown, access: readonly EffectKind[]): RelationUse | null;
}
