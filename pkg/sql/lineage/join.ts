// JOIN: which names its sides can see, the columns of USING and NATURAL, and what the join shows outside (parse_clause.c).
import type { Origin } from "../facts.ts";
import { type Node, texts } from "../node.ts";
import { callOperator } from "./calls.ts";
import { steer } from "./collector.ts";
import { analyzeCondition } from "./condition.ts";
import { aliasColumns, analyzeFromItem, type FromItem } from "./from.ts";
import { both, derive, equalBoth } from "./label.ts";
import { columnNamed, type RangeItem, rangeItem, type Scope, type ScopeColumn, setLateral } from "./scope.ts";
import { commonType } from "./types.ts";
import { COMPUTED } from "./value.ts";
import { NotKnown, type Walk } from "./walk.ts";

export function analyzeJoin(walk: Walk, scope: Scope, node: Node): FromItem {
  const left = analyzeFromItem(walk, scope, node.larg);
  const right = rightSide(walk, scope, node, left.visible);
  const names = node.isNatural === true ? commonNames(left.main, right.main) : texts(node.usingClause);
  const merged = names.map((name) => mergedColumn(walk, node.jointype, left.main, right.main, name));
  const inside = [...left.visible, ...right.visible];
  if (node.quals !== undefined) analyzeOn(walk, scope, inside, node.quals);
  const open = left.main.open || right.main.open;
  const columns = [...merged, ...without(left.main, names), ...without(right.main, names)];
  const main = rangeItem(node.alias?.aliasname ?? null, open ? columns : aliasColumns(columns, node.alias), { open });
  return { main, visible: [...seenThrough(node, inside), ...usingAlias(node, merged), main] };
}

/** The right side may refer to the left with LATERAL, where the kind of join allows it. */
function rightSide(walk: Walk, scope: Scope, node: Node, left: RangeItem[]): FromItem {
  const allowed = node.jointype === "JOIN_INNER" || node.jointype === "JOIN_LEFT";
  const before = scope.items;
  setLateral(left, true, allowed);
  scope.items = [...before, ...left];
  const right = analyzeFromItem(walk, scope, node.rarg);
  scope.items = before;
  return right;
}

/** ON sees both sides and nothing else of this FROM list. */
function analyzeOn(walk: Walk, scope: Scope, items: RangeItem[], quals: Node): void {
  const before = scope.items;
  const lateralBefore = scope.lateralActive;
  setLateral(items, false, true);
  scope.items = items;
  analyzeCondition(walk, scope, quals, "ON", false);
  scope.items = before;
  scope.lateralActive = lateralBefore;
}

/** With an alias only the join's own name can be seen; without one its tables can, by their names. */
function seenThrough(node: Node, items: RangeItem[]): RangeItem[] {
  if (node.alias !== undefined) return [];
  for (const item of items) item.columnsVisible = false;
  return items;
}

/** `JOIN ... USING (...) AS name`. */
function usingAlias(node: Node, merged: readonly ScopeColumn[]): RangeItem[] {
  const name = node.join_using_alias?.aliasname;
  return name === undefined ? [] : [rangeItem(name, merged, { columnsVisible: false })];
}

function commonNames(left: RangeItem, right: RangeItem): string[] {
  if (left.open || right.open) throw new NotKnown("NATURAL JOIN of a table whose columns are not known");
  const names = left.columns.map((column) => column.name);
  return names.filter((name): name is string => name !== null && columnNamed(right, name) !== null);
}

function without(item: RangeItem, names: readonly string[]): readonly ScopeColumn[] {
  return names.length === 0
    ? item.columns
    : item.columns.filter((column) => column.name === null || !names.includes(column.name));
}

function mergedColumn(
  walk: Walk,
  joinType: string,
  leftItem: RangeItem,
  rightItem: RangeItem,
  name: string,
): ScopeColumn {
  const left = sideColumn(leftItem, name);
  const right = sideColumn(rightItem, name);
  callOperator(walk, ["="], left.type, right.type);
  steer(walk, both(left.lineage, right.lineage), "USING");
  const type = commonType(walk, [left.type, right.type]);
  const typmod = left.typmod === right.typmod ? left.typmod : -1;
  const shown = joinType === "JOIN_RIGHT" ? right : left;
  const lineage =
    joinType === "JOIN_FULL"
      ? both(left.lineage, right.lineage)
      : equalBoth(shown.lineage, (shown === left ? right : left).lineage);
  const kept = (side: ScopeColumn) => side.type === type && side.typmod === typmod;
  const coerced = !kept(shown);
  return {
    name,
    lineage: coerced ? derive(lineage) : lineage,
    type,
    typmod,
    origin: mergedOrigin(joinType, left, right, kept),
  };
}

/** A side that had to be converted is no longer a plain column; an inner join then takes the other (buildMergedJoinVar). */
function mergedOrigin(
  joinType: string,
  left: ScopeColumn,
  right: ScopeColumn,
  kept: (side: ScopeColumn) => boolean,
): Origin | null {
  if (left.type === 0 || right.type === 0) return null;
  switch (joinType) {
    case "JOIN_FULL":
      return COMPUTED;
    case "JOIN_RIGHT":
      return kept(right) ? right.origin : COMPUTED;
    case "JOIN_INNER":
      return kept(left) ? left.origin : kept(right) ? right.origin : COMPUTED;
    default:
      return kept(left) ? left.origin : COMPUTED;
  }
}

function sideColumn(item: RangeItem, name: string): ScopeColumn {
  const column = columnNamed(item, name);
  if (column === "ambiguous") throw new NotKnown("ambiguous column of USING");
  if (column !== null) return column;
  if (!item.open) throw new NotKnown("column of USING not found");
  return { name, lineage: unknownColumn, type: 0, typmod: -1, origin: null };
}

const unknownColumn = { kind: "unknown", why: "columns not known" } as const;
