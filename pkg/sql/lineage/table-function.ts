// XMLTABLE and JSON_TABLE: rows out of a document. How many there are depends on it, so it steers the result.
import type { Lineage } from "../facts.ts";
import { kindOf, list, type Node } from "../node.ts";
import { steer } from "./collector.ts";
import { constantText } from "./constant-text.ts";
import { evaluate } from "./expression.ts";
import { jsonArguments, jsonValue } from "./json.ts";
import { atJsonPath } from "./json-path.ts";
import { both, CLEAN, derive, deriveAll } from "./label.ts";
import type { Scope, ScopeColumn } from "./scope.ts";
import { BOOL, INT4, JSONB, TEXT, typeNamed } from "./types.ts";
import { COMPUTED, type Value } from "./value.ts";
import { NotKnown, type Walk } from "./walk.ts";

export function xmlTableColumns(walk: Walk, scope: Scope, node: Node): ScopeColumn[] {
  const parts = [node.docexpr, node.rowexpr, ...list(node.namespaces).map((namespace) => namespace.ResTarget.val)];
  const rows = deriveAll(parts.map((part) => evaluate(walk, scope, part).lineage));
  steer(walk, rows, "XMLTABLE");
  return list(node.columns).map(({ RangeTableFuncCol: column }) => {
    if (column.for_ordinality === true) return tableColumn(column.colname, INT4, CLEAN);
    const own = [column.colexpr, column.coldefexpr].filter((part) => part !== undefined);
    const labels = own.map((part) => evaluate(walk, scope, part).lineage);
    for (const each of labels) steer(walk, each, "XMLTABLE");
    const label = deriveAll([rows, ...labels]);
    return tableColumn(column.colname, typeNamed(walk, column.typeName).oid, label);
  });
}

function tableColumn(name: string, type: number, lineage: Lineage): ScopeColumn {
  return { name, lineage, type, typmod: -1, origin: COMPUTED };
}

export function jsonTableColumns(walk: Walk, scope: Scope, node: Node): ScopeColumn[] {
  const document = jsonValue(walk, scope, node.context_item);
  const others = jsonArguments(walk, scope, { ...node, pathspec: undefined });
  return nestedColumns(walk, scope, node, document, others);
}

function nestedColumns(walk: Walk, scope: Scope, node: Node, document: Value, others: Lineage): ScopeColumn[] {
  const rows = atJsonPath(document, pathText(node.pathspec), "json", JSONB);
  steer(walk, both(rows.lineage, others), "JSON_TABLE");
  const columns = list(node.columns).map((wrapped) => {
    if (kindOf(wrapped) !== "JsonTableColumn") throw new NotKnown(`column of kind ${kindOf(wrapped)}`);
    return wrapped.JsonTableColumn;
  });
  // Columns of nested paths come after those of the path itself.
  const isNested = (column: Node) => column.coltype === "JTC_NESTED";
  const own = columns
    .filter((column) => !isNested(column))
    .map((column) => jsonColumn(walk, scope, column, rows, others));
  return [...own, ...columns.filter(isNested).flatMap((column) => nestedColumns(walk, scope, column, rows, others))];
}

function jsonColumn(walk: Walk, scope: Scope, column: Node, rows: Value, others: Lineage): ScopeColumn {
  if (column.coltype === "JTC_FOR_ORDINALITY") return tableColumn(column.name, INT4, CLEAN);
  const path = column.pathspec === undefined ? `$."${column.name}"` : pathText(column.pathspec);
  const part = derive(atJsonPath(rows, path, "text", TEXT).lineage);
  const type = column.typeName === undefined ? BOOL : typeNamed(walk, column.typeName).oid;
  const behaviors = [column.on_empty, column.on_error].filter((behavior) => behavior?.expr !== undefined);
  const labels = behaviors.map((behavior) => evaluate(walk, scope, behavior.expr).lineage);
  return tableColumn(column.name, type, deriveAll([part, others, ...labels]));
}

function pathText(spec: Node): string | null {
  return constantText(spec?.string) ?? null;
}
