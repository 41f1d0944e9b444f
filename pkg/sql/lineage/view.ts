// A view's definition, analysed by the same engine as any statement.
import type { Relation } from "../../catalog/snapshot.ts";
import type { Understood } from "../facts.ts";
import { kindOf, list, type Node } from "../node.ts";
import { factsOf } from "./collector.ts";
import { outputsOf } from "./outputs.ts";
import { lookUpRelation } from "./relation.ts";
import { analyzeSelect } from "./select.ts";
import { NotKnown, type Walk } from "./walk.ts";

export interface ViewExpansion {
  readonly facts: Understood;
  readonly base: Relation | null;
}

export function expandView(walk: Walk, view: Relation): ViewExpansion {
  if (view.definition === null) throw new NotKnown("no definition");
  const parsed = walk.grammar.parse(view.definition);
  if (!parsed.ok) throw new NotKnown(parsed.why);
  const select = parsed.statements[0]?.stmt?.SelectStmt;
  if (select === undefined || parsed.statements.length !== 1) throw new NotKnown("definition is not one SELECT");
  const result = analyzeSelect(walk, null, select);
  if (result.open || result.columns.length !== view.columns.length) throw new NotKnown("columns differ");
  const facts = factsOf(walk.found, "SELECT", outputsOf(result)) as Understood;
  return { facts, base: baseOf(walk, select) };
}

/** PostgreSQL passes changes of a view on when its FROM list is one relation. */
function baseOf(walk: Walk, select: Node): Relation | null {
  const from = list(select.fromClause);
  if (from.length !== 1 || kindOf(from[0]) !== "RangeVar" || select.withClause !== undefined) return null;
  return lookUpRelation(walk, from[0].RangeVar) ?? null;
}
