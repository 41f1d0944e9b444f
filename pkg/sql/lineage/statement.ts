// Facts of one statement: queries and data changes here, everything else by `utility`, which calls back for what is inside.
import type { AnalysisContext } from "../analyze.ts";
import type { Engine } from "../engine.ts";
import type { EffectKind, Facts, RelationUse } from "../facts.ts";
import type { Grammar } from "../grammar.ts";
import { callsUnder } from "../memory.ts";
import { kindOf, type Node } from "../node.ts";
import { utilityFacts } from "../utility/utility.ts";
import { factsOf, newCollector } from "./collector.ts";
import { analyzeDataChange } from "./data-change.ts";
import { beginLabels } from "./label.ts";
import { outputsOf } from "./outputs.ts";
import { lookUpRelation, useOf, useOfName } from "./relation.ts";
import { analyzeSelect } from "./select.ts";
import { noteType } from "./types.ts";
import { NotKnown, type Walk } from "./walk.ts";

const nestedMax = 20;

/** `node` as the grammar wraps it. `depth`: how many statements it is inside of. `reads`: every column that is read is wanted, too. */
export function statementFacts(
  grammar: Grammar,
  context: AnalysisContext,
  node: Node,
  depth = 0,
  reads = false,
): Facts {
  if (depth > nestedMax) return notUnderstood("statements nested too deeply");
  if (depth === 0) beginLabels();
  const walk = newWalk(grammar, context, reads);
  for (const type of context.parameterTypes ?? []) noteType(walk, type);
  const facts = dispatched(walk, node, depth);
  return facts.understood ? facts : { ...facts, ...knownOf(node) };
}

const changes = ["InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"];
const definitions = [
  ...["CreateTableAsStmt", "CreateStmt", "ViewStmt", "IndexStmt", "AlterTableStmt", "CreateFunctionStmt"],
  ...["CreateTrigStmt", "RuleStmt", "DoStmt", "ClusterStmt", "ReindexStmt", "RefreshMatViewStmt"],
];
/** Kinds of which it is known without any name (analyze_requires_snapshot and PlannedStmtRequiresSnapshot of the server). */
const takeSnapshots = new Set([
  ...["SelectStmt", "ExplainStmt", "DeclareCursorStmt", "ExecuteStmt", "CopyStmt", "CallStmt"],
  ...changes,
  ...definitions,
]);

/** What the tree alone tells of a statement that is not understood. */
function knownOf(node: Node): { readonly takesSnapshot?: true; readonly returnsNothing?: true } {
  const kind = kindOf(node);
  const returnsNothing =
    definitions.includes(kind) || (changes.includes(kind) && (node[kind]?.returningList ?? []).length === 0);
  return { ...(takeSnapshots.has(kind) && { takesSnapshot: true }), ...(returnsNothing && { returnsNothing: true }) };
}

function dispatched(walk: Walk, node: Node, depth: number): Facts {
  try {
    return dispatch(walk, node, depth);
  } catch (error) {
    // Whatever else goes wrong, such as a tree of a shape that was not foreseen: it is not understood either.
    return notUnderstood(error instanceof NotKnown ? error.message : `analysis failed: ${(error as Error).name}`);
  }
}

function notUnderstood(why: string): Facts {
  return { understood: false, why, syntax: false };
}

function newWalk(grammar: Grammar, context: AnalysisContext, reads: boolean): Walk {
  // Without knowing how names resolve, no name means anything.
  const { resolution } = context;
  const catalog = resolution === null ? null : context.snapshot;
  const memory = catalog === null ? null : grammar.memory.of(catalog);
  return {
    grammar,
    context,
    catalog,
    memory,
    calls: memory === null ? null : callsUnder(memory, resolution!.key),
    found: newCollector(reads),
    parameters: null,
    inside: null,
    probing: false,
    sublinkNames: new Map(),
    running: [],
    expanding: [],
    depth: 0,
    work: 0,
  };
}

function dispatch(walk: Walk, wrapped: Node, depth: number): Facts {
  const kind = kindOf(wrapped);
  const node = wrapped[kind];
  switch (kind) {
    case "SelectStmt":
      return selectFacts(walk, node);
    case "InsertStmt":
      return changeFacts(walk, wrapped, "INSERT", node);
    case "UpdateStmt":
      return changeFacts(walk, wrapped, "UPDATE", node);
    case "DeleteStmt":
      return changeFacts(walk, wrapped, "DELETE", node);
    case "MergeStmt":
      return changeFacts(walk, wrapped, "MERGE", node);
    default:
      return utilityFacts(kind, node, engineOf(walk, depth));
  }
}

const queries = new Set(["SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"]);

/** Facts of a statement in the body of a function: only queries and data changes are followed there. */
export function bodyFacts(walk: Walk, wrapped: Node): Facts {
  const kind = kindOf(wrapped);
  if (!queries.has(kind)) throw new NotKnown(`statement of kind ${kind} in a function`);
  return dispatch(walk, wrapped, 0);
}

function selectFacts(walk: Walk, node: Node): Facts {
  const result = analyzeSelect(walk, null, node, true);
  const into = intoOf(node);
  if (into === undefined) return factsOf(walk.found, "SELECT", outputsOf(result));
  walk.found.effects.add("Create");
  walk.found.changesCatalog = true;
  const temporary = into.rel?.relpersistence === "t" || into.rel?.schemaname === "pg_temp";
  if (temporary) walk.found.changesResolution = true;
  for (const { lineage } of outputsOf(result)) {
    walk.found.flows.push({ from: lineage, to: temporary ? "temp table" : "new relation" });
  }
  return factsOf(walk.found, "SELECT INTO", null);
}

/** INTO stands in the leftmost query of a set operation. */
function intoOf(node: Node): Node {
  for (let select = node; select !== undefined; select = select.larg) {
    if (select.intoClause !== undefined) return select.intoClause;
  }
  return undefined;
}

function changeFacts(walk: Walk, wrapped: Node, kind: string, node: Node): Facts {
  const result = analyzeDataChange(walk, null, wrapped, true);
  const returns = (node.returningClause ?? node.returningList) !== undefined;
  return factsOf(walk.found, kind, returns ? outputsOf(result) : null);
}

function engineOf(walk: Walk, depth: number): Engine {
  return {
    context: walk.context,
    statement(node, reads, parameterTypes) {
      const context = parameterTypes === undefined ? walk.context : { ...walk.context, parameterTypes };
      return statementFacts(walk.grammar, context, node, depth + 1, reads);
    },
    relation: (rangeVar, access) => relationUse(walk, rangeVar, access),
  };
}

function relationUse(walk: Walk, node: Node, access: readonly EffectKind[]): RelationUse | null {
  const rangeVar = node.RangeVar ?? node;
  if (walk.catalog === null) return useOfName(rangeVar, access);
  const relation = lookUpRelation(walk, rangeVar);
  return relation === undefined ? null : useOf(relation, access);
}
