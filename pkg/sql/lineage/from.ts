// FROM lists: each item with its columns, and what the items after it may see of it (transformFromClauseItem, parse_clause.c).
import { kindOf, list, type Node, texts } from "../node.ts";
import { noteCalled, resolveCall } from "./calls.ts";
import { noteFacts, noteRelation, steer } from "./collector.ts";
import { evaluate } from "./expression.ts";
import { analyzeJoin } from "./join.ts";
import { analyzeRangeFunction } from "./range-function.ts";
import { resolveRelation, useOf, useOfName } from "./relation.ts";
import { shapeOf } from "./relation-shape.ts";
import { type RangeItem, rangeItem, type Scope, type ScopeColumn, setLateral } from "./scope.ts";
import { analyzeSelect, textForUnknown } from "./select.ts";
import { jsonTableColumns, xmlTableColumns } from "./table-function.ts";
import type { Columns } from "./targets.ts";
import { enter, leave, NotKnown, type Walk } from "./walk.ts";
import { findCommonTable, referTo, renameColumns } from "./with.ts";

/** `main`: the item as a whole; `visible`: what it adds to the names that can be seen. */
export interface FromItem {
  readonly main: RangeItem;
  readonly visible: RangeItem[];
}

export function analyzeFrom(walk: Walk, scope: Scope, clause: readonly Node[]): void {
  for (const node of clause) {
    const { visible } = analyzeFromItem(walk, scope, node);
    setLateral(visible, true, true);
    scope.items.push(...visible);
  }
  setLateral(scope.items, false, true);
}

export function analyzeFromItem(walk: Walk, scope: Scope, wrapped: Node): FromItem {
  enter(walk);
  const kind = kindOf(wrapped);
  const item = dispatch(walk, scope, kind, wrapped[kind]);
  leave(walk);
  return item;
}

function dispatch(walk: Walk, scope: Scope, kind: string, node: Node): FromItem {
  switch (kind) {
    case "RangeVar":
      return alone(rangeVariable(walk, scope, node));
    case "RangeSubselect":
      return alone(subselect(walk, scope, node));
    case "RangeFunction":
      return alone(lateral(scope, true, () => analyzeRangeFunction(walk, scope, node)));
    case "RangeTableFunc":
      return alone(
        tableFunction(
          node,
          "xmltable",
          lateral(scope, true, () => xmlTableColumns(walk, scope, node)),
        ),
      );
    case "JsonTable":
      return alone(
        tableFunction(
          node,
          "json_table",
          lateral(scope, true, () => jsonTableColumns(walk, scope, node)),
        ),
      );
    case "RangeTableSample":
      return sample(walk, scope, node);
    case "JoinExpr":
      return analyzeJoin(walk, scope, node);
    default:
      throw new NotKnown(`FROM item of kind ${kind}`);
  }
}

function alone(item: RangeItem): FromItem {
  return { main: item, visible: [item] };
}

/** What is read meanwhile may refer to earlier items of the same list. */
function lateral<T>(scope: Scope, active: boolean, read: () => T): T {
  scope.lateralActive = active;
  const result = read();
  scope.lateralActive = false;
  return result;
}

function rangeVariable(walk: Walk, scope: Scope, node: Node): RangeItem {
  const common =
    node.schemaname === undefined && node.catalogname === undefined ? findCommonTable(scope, node.relname) : null;
  if (common !== null) return named(node, node.relname, referTo(walk, scope, common));
  return relationItem(walk, node, false);
}

/** A stored relation. `target`: the one that the statement changes. */
export function relationItem(walk: Walk, node: Node, target: boolean): RangeItem {
  const relation = resolveRelation(walk, node);
  const name = node.alias?.aliasname ?? node.relname;
  const more = { aliased: node.alias !== undefined, target, relation };
  if (relation === null) {
    if (!target) noteRelation(walk.found, useOfName(node, ["Read"]));
    return rangeItem(name, [], { ...more, open: true });
  }
  const { columns, facts } = shapeOf(walk, relation);
  if (!target) noteRelation(walk.found, useOf(relation, ["Read"]));
  if (facts !== null) noteFacts(walk.found, facts);
  return rangeItem(name, aliasColumns(columns, node.alias), more);
}

export function aliasColumns(columns: readonly ScopeColumn[], alias: Node): readonly ScopeColumn[] {
  return renameColumns({ columns, open: false }, texts(alias?.colnames)).columns;
}

function named(node: Node, name: string | null, result: Columns): RangeItem {
  const { columns, open } = renameColumns(result, texts(node.alias?.colnames));
  return rangeItem(node.alias?.aliasname ?? name, columns, { open, aliased: true });
}

function subselect(walk: Walk, scope: Scope, node: Node): RangeItem {
  const select = node.subquery?.SelectStmt;
  if (select === undefined) throw new NotKnown("subquery that is no SELECT");
  return lateral(scope, node.lateral === true, () =>
    named(node, null, textForUnknown(analyzeSelect(walk, scope, select))),
  );
}

function tableFunction(node: Node, name: string, columns: readonly ScopeColumn[]): RangeItem {
  return named(node, name, { columns, open: false });
}

function sample(walk: Walk, scope: Scope, node: Node): FromItem {
  const item = analyzeFromItem(walk, scope, node.relation);
  const types: number[] = [INTERNAL];
  const called = resolveCall(walk, texts(node.method), types);
  const isOwn =
    called.info?.schema === "pg_catalog" && (called.info.name === "system" || called.info.name === "bernoulli");
  if (!isOwn) noteCalled(walk, called.use);
  for (const argument of [...list(node.args), node.repeatable]) {
    if (argument !== undefined) steer(walk, evaluate(walk, scope, argument).lineage, "TABLESAMPLE");
  }
  return item;
}

/** The pseudo-type of the argument of a sampling method. */
const INTERNAL = 2281;
