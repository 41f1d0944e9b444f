// The literals and parameters that a text assigns to columns, read off its raw tree: what a client stores, to be held against what it was
// shown masked. Only texts that write protected columns under a mask are looked at, so nothing of this is kept or cached.
import type { Grammar } from "./grammar.ts";
import { constantText } from "./lineage/constant-text.ts";
import { list, type Node } from "./node.ts";

export interface StoredValue {
  /** Name of the column that it goes to; null where it may go to any of them. */
  readonly column: string | null;
  /** Number of a parameter, from 1, or the value of a literal as text; null is NULL. */
  readonly value: { readonly parameter: number } | { readonly literal: string | null };
  /** It is the whole of what is stored, over something that was there: NULL and numbers are told only of these. */
  readonly replaces: boolean;
}

/** Empty for a text that the grammar does not accept. */
export function storedValues(grammar: Grammar, text: string): readonly StoredValue[] {
  const parsed = grammar.parse(text);
  const found: StoredValue[] = [];
  if (parsed.ok) for (const { stmt } of parsed.statements) visit(stmt, found);
  return found;
}

/** Every data change, however deep. */
function visit(node: Node, found: StoredValue[]): void {
  if (Array.isArray(node)) for (const element of node) visit(element, found);
  if (typeof node !== "object" || node === null || Array.isArray(node)) return;
  if (node.InsertStmt !== undefined) inserted(node.InsertStmt, found);
  if (node.UpdateStmt !== undefined) assigned(node.UpdateStmt.targetList, sourcesOf(node.UpdateStmt), found);
  if (node.MergeStmt !== undefined) merged(node.MergeStmt, found);
  for (const parameter of list(node.ExecuteStmt?.params)) addWhole(found, null, parameter);
  for (const child of Object.values(node)) visit(child, found);
}

function inserted(statement: Node, found: StoredValue[]): void {
  const names: readonly (string | null)[] = list(statement.cols).map(({ ResTarget }) => ResTarget.name ?? null);
  const select = statement.selectStmt?.SelectStmt;
  const replaces = list(statement.onConflictClause?.targetList).length > 0;
  for (const row of list(select?.valuesLists))
    for (const [at, item] of list(row.List?.items).entries()) {
      if (replaces) addWhole(found, names[at] ?? null, item);
      else add(found, names[at] ?? null, item);
    }
  for (const [at, target] of list(select?.targetList).entries()) add(found, names[at] ?? null, target.ResTarget?.val);
  if (select !== undefined && select.valuesLists === undefined)
    add(found, null, [sourcesOf(select), select.larg, select.rarg]);
  assigned(statement.onConflictClause?.targetList, null, found);
}

/** `sources`: where a column that is assigned may come from. */
function assigned(targets: Node, sources: Node, found: StoredValue[]): void {
  for (const { ResTarget: target } of list(targets)) {
    const part = target?.val?.MultiAssignRef;
    const value = part === undefined ? target?.val : (part.source?.RowExpr?.args?.[part.colno - 1] ?? part.source);
    addWhole(found, target?.name ?? null, value);
    if (holdsColumn(value)) add(found, target?.name ?? null, sources);
  }
}

function merged(statement: Node, found: StoredValue[]): void {
  const sources = [statement.sourceRelation, statement.withClause];
  for (const { MergeWhenClause: clause } of list(statement.mergeWhenClauses)) {
    const values = list(clause?.values);
    const names = list(clause?.targetList).map(({ ResTarget }) => ResTarget?.name ?? null);
    for (const [at, value] of values.entries()) {
      add(found, names[at] ?? null, value);
      if (holdsColumn(value)) add(found, names[at] ?? null, sources);
    }
    if (values.length === 0) assigned(clause?.targetList, sources, found);
  }
}

const sourcesOf = ({ fromClause, withClause }: Node): Node => [fromClause, withClause];

/** `node` replaces what the column holds. */
function addWhole(found: StoredValue[], column: string | null, node: Node): void {
  const bare = node?.TypeCast?.arg ?? node;
  const literal = bare === undefined ? undefined : constantText({ A_Const: bare.A_Const });
  if (bare?.ParamRef !== undefined)
    found.push({ column, value: { parameter: bare.ParamRef.number ?? 0 }, replaces: true });
  else if (bare?.A_Const !== undefined && literal !== undefined)
    found.push({ column, value: { literal }, replaces: true });
  else add(found, column, node);
}

function add(found: StoredValue[], column: string | null, node: Node): void {
  if (Array.isArray(node)) for (const element of node) add(found, column, element);
  if (typeof node !== "object" || node === null || Array.isArray(node)) return;
  const literal = node.A_Const?.sval?.sval ?? node.A_Const?.val?.String?.str;
  if (typeof literal === "string") found.push({ column, value: { literal }, replaces: false });
  if (node.ParamRef !== undefined)
    found.push({ column, value: { parameter: node.ParamRef.number ?? 0 }, replaces: false });
  for (const child of Object.values(node)) add(found, column, child);
}

function holdsColumn(node: Node): boolean {
  if (Array.isArray(node)) return node.some(holdsColumn);
  if (typeof node !== "object" || node === null) return false;
  return node.ColumnRef !== undefined || Object.values(node).some(holdsColumn);
}
