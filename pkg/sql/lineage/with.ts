// WITH queries and their scopes: without RECURSIVE a query sees those before it, with it all of them; a recursive one is analysed
// until its labels no longer grow (rule R5).
import { kindOf, list, type Node, texts } from "../node.ts";
import { steer, steerColumns } from "./collector.ts";
import { analyzeDataChange } from "./data-change.ts";
import { CLEAN, deriveAll, either, sameLabel } from "./label.ts";
import { newScope, type Scope, type ScopeColumn } from "./scope.ts";
import { analyzeSelect, type QueryResult, textForUnknown } from "./select.ts";
import { COMPUTED } from "./value.ts";
import { NotKnown, type Walk } from "./walk.ts";

const roundsMax = 24;

export interface CommonTable {
  readonly node: Node;
  /** Where its own names are looked up. */
  readonly scope: Scope;
  result: QueryResult | null;
  /** Inside its own recursive term: what is known of it so far. */
  current: QueryResult | null;
  selfReferenced: boolean;
}

export function analyzeWith(walk: Walk, scope: Scope, clause: Node): void {
  if (clause === undefined) return;
  const recursive = clause.recursive === true;
  const tables: CommonTable[] = [];
  for (const { CommonTableExpr: node } of list(clause.ctes)) {
    const table: CommonTable = {
      node,
      scope: recursive ? scope : scopeBefore(scope, tables),
      result: null,
      current: null,
      selfReferenced: false,
    };
    tables.push(table);
    if (!recursive) resultOf(walk, table, false);
  }
  for (const table of tables) {
    if (scope.commonTables.has(table.node.ctename)) throw new NotKnown("two WITH queries of one name");
    scope.commonTables.set(table.node.ctename, table);
  }
  if (recursive) for (const table of tables) resultOf(walk, table, true);
}

/** A level that sees the queries before this one. */
function scopeBefore(scope: Scope, before: readonly CommonTable[]): Scope {
  const level = newScope(scope.parent);
  for (const table of before) level.commonTables.set(table.node.ctename, table);
  return level;
}

export function findCommonTable(scope: Scope | null, name: string): CommonTable | null {
  for (let level = scope; level !== null; level = level.parent) {
    const table = level.commonTables.get(name);
    if (table !== undefined) return table;
  }
  return null;
}

/** Columns of a WITH query where it is used. Below its own level, a star does not stand for those that SEARCH and CYCLE add. */
export function referTo(walk: Walk, scope: Scope, table: CommonTable): QueryResult {
  const { columns, open } = currentResult(walk, table);
  const { search_clause: search, cycle_clause: cycle } = table.node;
  const added = scope === table.scope ? 0 : (search === undefined ? 0 : 1) + (cycle === undefined ? 0 : 2);
  if (added === 0) return { columns, open };
  return {
    columns: columns.map((column, position) =>
      position < columns.length - added ? column : { ...column, hidden: true },
    ),
    open,
  };
}

function currentResult(walk: Walk, table: CommonTable): QueryResult {
  if (!walk.running.includes(table)) return resultOf(walk, table, true);
  if (table.current === null || siblingRuns(walk, table))
    throw new NotKnown("WITH query that refers to itself in another way");
  table.selfReferenced = true;
  return table.current;
}

/** One of the same WITH clause that was reached from this one: mutual recursion. */
function siblingRuns(walk: Walk, table: CommonTable): boolean {
  const inner = walk.running.slice(walk.running.indexOf(table) + 1);
  return inner.some((other) => other.scope === table.scope);
}

function resultOf(walk: Walk, table: CommonTable, recursive: boolean): QueryResult {
  if (table.result !== null) return table.result;
  walk.running.push(table);
  const query = table.node.ctequery;
  const select = query.SelectStmt;
  const isRecursion = recursive && select !== undefined && select.op === "SETOP_UNION";
  const plain = isRecursion
    ? recursion(walk, table, select)
    : renamed(
        kindOf(query) === "SelectStmt"
          ? analyzeSelect(walk, table.scope, select)
          : analyzeDataChange(walk, table.scope, query),
        table.node,
      );
  walk.running.pop();
  table.result = searched(walk, table.node, textForUnknown(plain));
  return table.result;
}

function renamed(result: QueryResult, node: Node): QueryResult {
  return renameColumns(result, texts(node.aliascolnames));
}

/** The first names of an alias list replace those of the columns; there may not be more of them. */
export function renameColumns(result: QueryResult, names: readonly string[]): QueryResult {
  if (names.length === 0) return result;
  if (names.length > result.columns.length && !result.open) throw new NotKnown("more column names than columns");
  const columns = result.columns.map((column, position) => ({ ...column, name: names[position] ?? column.name }));
  return { columns, open: result.open };
}

function recursion(walk: Walk, table: CommonTable, select: Node): QueryResult {
  if (select.sortClause !== undefined || select.lockingClause !== undefined)
    throw new NotKnown("ORDER BY in a recursive query");
  const scope = newScope(table.scope);
  analyzeWith(walk, scope, select.withClause);
  let known = withoutOrigins(renamed(textForUnknown(analyzeSelect(walk, scope, select.larg)), table.node));
  for (let round = 0; ; round++) {
    if (round === roundsMax) throw new NotKnown("recursive query that does not settle");
    table.current = searched(walk, table.node, known);
    const next = joinPositions(known, analyzeSelect(walk, scope, select.rarg));
    const settled = next.columns.every((column, position) =>
      sameLabel(column.lineage, known.columns[position]!.lineage),
    );
    known = next;
    if (settled || !table.selfReferenced) break;
  }
  table.current = null;
  if (select.all !== true) steerColumns(walk, known, "set operation");
  for (const [place, limit] of [
    ["LIMIT", select.limitCount],
    ["OFFSET", select.limitOffset],
  ]) {
    if (limit !== undefined && kindOf(limit) !== "A_Const") throw new NotKnown(`${place} in a recursive query`);
  }
  return known;
}

function withoutOrigins(result: QueryResult): QueryResult {
  return { ...result, columns: result.columns.map((column) => ({ ...column, origin: COMPUTED })) };
}

/** Set operations join labels by position. Names and types are those of the first. */
export function joinPositions(first: QueryResult, second: QueryResult): QueryResult {
  const open = first.open || second.open;
  if (!open && first.columns.length !== second.columns.length)
    throw new NotKnown("set operation over different numbers of columns");
  const columns = first.columns.map((column, position): ScopeColumn => {
    const other = second.columns[position];
    if (other === undefined) return column;
    const { name, type, typmod } = column;
    return { name, lineage: either(column.lineage, other.lineage), type, typmod, origin: COMPUTED };
  });
  return { columns, open };
}

/** The columns that SEARCH and CYCLE add. */
function searched(walk: Walk, node: Node, result: QueryResult): QueryResult {
  const { search_clause: search, cycle_clause: cycle } = node;
  if (search === undefined && cycle === undefined) return result;
  const columns: ScopeColumn[] = [...result.columns];
  const labelOf = (names: Node) => {
    const wanted = new Set(texts(names));
    return deriveAll(
      result.columns
        .filter((column) => column.name !== null && wanted.has(column.name))
        .map((column) => column.lineage),
    );
  };
  const add = (name: string, lineage = CLEAN) => columns.push({ name, lineage, type: 0, typmod: -1, origin: COMPUTED });
  if (search !== undefined) add(search.search_seq_column, labelOf(search.search_col_list));
  if (cycle !== undefined) {
    const label = labelOf(cycle.cycle_col_list);
    steer(walk, label, "CYCLE");
    add(cycle.cycle_mark_column, label);
    add(cycle.cycle_path_column, label);
  }
  return { columns, open: result.open };
}
