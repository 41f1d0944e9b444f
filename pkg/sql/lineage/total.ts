// Expressions whose evaluation can neither fail nor do anything, so that nobody can tell whether they were evaluated: literals, stored
// columns, comparisons, and built-in functions that accept every value. A column that a subquery or a view computes is none: the server
// may compute it where it is used.
import type { Lineage } from "../facts.ts";
import { kindOf, list, type Node, texts } from "../node.ts";
import { newCollector, steer } from "./collector.ts";
import { evaluateColumnRef } from "./column-ref.ts";
import { evaluate } from "./expression.ts";
import { lookUpRelation } from "./relation.ts";
import type { Scope } from "./scope.ts";
import { analyzeSelect } from "./select.ts";
import type { Value } from "./value.ts";
import type { Walk } from "./walk.ts";

const comparisons = new Set(["=", "<>", "!=", "<", ">", "<=", ">="]);
const functions = new Set([
  "lower",
  "upper",
  "length",
  "char_length",
  "character_length",
  "octet_length",
  "btrim",
  "ltrim",
  "rtrim",
  "concat",
  "concat_ws",
  "md5",
  "now",
]);

/** Nodes looked at for one text: nested conditions are looked at once a level. What is beyond counts as what may fail. */
const nodesMax = 4_000;
let nodes = 0;

/** A text's analysis begins. It never waits, so that one count serves all. */
export function beginTotals(): void {
  nodes = 0;
}

function isTotal(walk: Walk, scope: Scope, node: Node): boolean {
  // What stands around it has been judged by its form already, and this with it.
  if (walk.probing) return true;
  nodes += sizeOf(node, nodesMax - nodes);
  if (nodes >= nodesMax || !isTotalForm(node)) return false;
  return holdsStored(walk, scope, node) && cannotFail(walk, (probe) => evaluate(probe, scope, node));
}

/** Who sees whether the later parts were evaluated knows what the earlier ones hold: their label steers. */
export function steerUnlessTotal(
  walk: Walk,
  scope: Scope,
  label: Lineage,
  later: readonly Node[],
  where: string,
): void {
  if (tells(walk, label) && !later.every((part) => isTotal(walk, scope, part))) steer(walk, label, where);
}

/** In a function's body, what a caller hands in is not in the label. */
export function tells({ inside }: Walk, { kind }: Lineage): boolean {
  return kind !== "clean" || inside === "function";
}

/** Objects in the tree, counted up to `most`. */
function sizeOf(node: Node, most: number): number {
  let count = 0;
  const waiting: Node[] = [node];
  for (let next = waiting.pop(); next !== undefined && count < most; next = waiting.pop()) {
    if (typeof next !== "object" || next === null || next.A_Const !== undefined) continue;
    count += 1;
    for (const child of Object.values(next)) if (typeof child === "object") waiting.push(child);
  }
  return count;
}

/** Judged as a function's body is: for every value that it may be given. */
function cannotFail(walk: Walk, run: (probe: Walk) => void): boolean {
  if (walk.catalog === null) return true;
  const found = newCollector(true);
  const probe: Walk = { ...walk, found, inside: "function", probing: true, sublinkNames: new Map() };
  run(probe);
  walk.work = probe.work;
  return !found.mayFail && !readsVirtual(probe);
}

/** Since PostgreSQL 18 a generated column may be computed when it is read; which are, the catalogue does not tell. */
function readsVirtual({ catalog, found }: Walk): boolean {
  if (catalog === null || catalog.serverMajor < 18) return false;
  return [...found.reads!.values()].some(({ relation, attnum }) => {
    const column = catalog.relation(relation)?.columns.find((each) => each.attnum === attnum);
    return column !== undefined && column.generated !== null;
  });
}

/** A value that is read off a stored row, and not computed when it is used. */
export function isStored({ shape, lineage, item }: Value): boolean {
  if (shape !== "column") return false;
  if (lineage.kind === "copy") return lineage.path === undefined;
  const kind = item?.relation?.kind;
  return lineage.kind === "clean" && kind !== undefined && kind !== "v";
}

function holdsStored(walk: Walk, scope: Scope, node: Node): boolean {
  if (walk.catalog === null) return true;
  const waiting: Node[] = [node];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (typeof next !== "object" || next === null) continue;
    if (next.ColumnRef !== undefined) {
      const probe = { ...walk, found: newCollector(false) };
      if (!isStored(evaluateColumnRef(probe, scope, next.ColumnRef))) return false;
    } else if (next.A_Const === undefined) waiting.push(...Object.values(next));
  }
  return true;
}

export function isTotalForm(wrapped: Node): boolean {
  const kind = kindOf(wrapped);
  const node = wrapped[kind];
  switch (kind) {
    case "A_Const":
    case "ParamRef":
    case "ColumnRef":
    case "SQLValueFunction":
      return true;
    case "NullTest":
    case "BooleanTest":
      return isTotalForm(node.arg);
    case "TypeCast":
      return isTotalCast(node);
    case "BoolExpr":
    case "CoalesceExpr":
    case "MinMaxExpr":
      return list(node.args).every(isTotalForm);
    case "List":
      return list(node.items).every(isTotalForm);
    case "RowExpr":
      return list(node.args).every(isTotalForm);
    case "FuncCall":
      return isTotalCall(node);
    case "A_Expr":
      return isTotalOperator(node);
    default:
      return false;
  }
}

/** A text is read as its type before anything runs; a number is converted when it is used. */
function isTotalCast({ arg, typeName }: Node): boolean {
  const literal = arg?.A_Const;
  if (literal === undefined) return kindOf(arg) === "ParamRef" && texts(typeName?.names).at(-1) === "text";
  const isText = (literal.sval ?? literal.val?.String) !== undefined;
  return isText || literal.isnull === true || numbers.has(texts(typeName?.names).at(-1) ?? "");
}

/** Their conversions are immutable, and so made once, before anything runs. */
const numbers: ReadonlySet<string> = new Set(["int2", "int4", "int8", "numeric", "float4", "float8", "text", "bool"]);

/** A query of stored tables that computes nothing but total expressions. */
export function isTotalQuery(walk: Walk, scope: Scope, select: Node): boolean {
  const { op, withClause, fromClause, targetList, whereClause, groupClause, havingClause, windowClause } = select;
  const { sortClause, limitCount, limitOffset, valuesLists } = select;
  const other = withClause ?? groupClause ?? havingClause ?? windowClause ?? sortClause ?? limitCount ?? limitOffset;
  if (other !== undefined || (op !== undefined && op !== "SETOP_NONE")) return false;
  const isForm =
    valuesLists === undefined
      ? list(fromClause).every((from) => isTable(walk, scope, from.RangeVar)) &&
        isTotalOrAbsent(whereClause) &&
        list(targetList).every(({ ResTarget }) => isTotalForm(ResTarget.val))
      : list(valuesLists).every(isTotalForm);
  if (!isForm || walk.probing) return isForm;
  nodes += sizeOf(select, nodesMax - nodes);
  if (nodes >= nodesMax) return false;
  return isOfTables(scope) && cannotFail(walk, (probe) => analyzeSelect(probe, scope, select));
}

function isTable(walk: Walk, scope: Scope, rangeVar: Node): boolean {
  if (rangeVar === undefined) return false;
  if (walk.catalog === null) return true;
  if (rangeVar.schemaname === undefined && isCommonTable(scope, rangeVar.relname)) return false;
  const kind = lookUpRelation(walk, rangeVar)?.kind;
  return kind !== undefined && kind !== "v";
}

function isCommonTable(scope: Scope | null, name: string): boolean {
  return scope !== null && (scope.commonTables.has(name) || isCommonTable(scope.parent, name));
}

/** What the query may name from outside of it is stored. */
function isOfTables(scope: Scope | null): boolean {
  if (scope === null) return true;
  return scope.items.every(({ relation }) => relation !== null && relation.kind !== "v") && isOfTables(scope.parent);
}

const isTotalOrAbsent = (node: Node): boolean => node === undefined || isTotalForm(node);

function isTotalCall(node: Node): boolean {
  const { agg_order, agg_filter, over } = node;
  const isPlain = (agg_order ?? agg_filter ?? over) === undefined;
  return isPlain && functions.has(texts(node.funcname).at(-1) ?? "") && list(node.args).every(isTotalForm);
}

function isTotalOperator(node: Node): boolean {
  if (node.lexpr === undefined || !isTotalForm(node.lexpr) || !isTotalForm(node.rexpr)) return false;
  switch (node.kind) {
    case "AEXPR_OP":
    case "AEXPR_IN":
      return node.name.length === 1 && comparisons.has(texts(node.name)[0] ?? "");
    case "AEXPR_DISTINCT":
    case "AEXPR_NOT_DISTINCT":
    case "AEXPR_BETWEEN":
    case "AEXPR_NOT_BETWEEN":
    case "AEXPR_BETWEEN_SYM":
    case "AEXPR_NOT_BETWEEN_SYM":
      return true;
    default:
      return false;
  }
}
