// Functions in FROM: what their columns are called and made of (addRangeTableEntryForFunction, parse_relation.c).
import { kindOf, list, type Node, texts } from "../node.ts";
import { evaluate } from "./expression.ts";
import { evaluateCalled } from "./function-call.ts";
import { CLEAN, derive, unknown } from "./label.ts";
import { outParameters } from "./out-parameters.ts";
import { outputName } from "./output-name.ts";
import { fieldsOf } from "./projection.ts";
import { type RangeItem, rangeItem, type Scope, type ScopeColumn } from "./scope.ts";
import type { Columns } from "./targets.ts";
import { INT8, RECORD, typeNamed } from "./types.ts";
import { COMPUTED, type Value } from "./value.ts";
import type { Walk } from "./walk.ts";
import { renameColumns } from "./with.ts";

interface OneFunction extends Columns {
  readonly scalar: boolean;
}

export function analyzeRangeFunction(walk: Walk, scope: Scope, node: Node): RangeItem {
  const calls = list(node.functions).flatMap((call) => eachUnnest(call.List.items));
  const alias = node.alias?.aliasname ?? null;
  const ownName = calls.length === 1 ? alias : null;
  const functions = calls.map(([call, definitions]) =>
    oneFunction(walk, scope, call, definitions ?? node.coldeflist, ownName),
  );
  const columns = functions.flatMap((part) => part.columns);
  if (node.ordinality === true) columns.push(column("ordinality", INT8, CLEAN));
  const open = functions.some((part) => part.open);
  const scalar = functions.length === 1 && functions[0]!.scalar && node.ordinality !== true;
  const renamed = renameColumns({ columns, open }, texts(node.alias?.colnames));
  return rangeItem(alias ?? defaultName(calls[0]![0]), openNames(renamed, node), { open, scalar });
}

/** `unnest(a, b)` in FROM is one unnest for each argument. Elements: the call, and the column definitions of ROWS FROM. */
function eachUnnest([call, definitions]: readonly Node[]): (readonly [Node, Node])[] {
  const columns = kindOf(definitions) === "List" ? definitions.List.items : undefined;
  const node = call.FuncCall;
  const isUnnest = node?.funcname.length === 1 && texts(node.funcname)[0] === "unnest" && list(node.args).length > 1;
  if (!isUnnest || node.func_variadic === true) return [[call, columns]];
  return list(node.args).map((arg) => [{ FuncCall: { ...node, args: [arg] } }, columns]);
}

function defaultName(call: Node): string | null {
  return outputName(call, new Map());
}

function oneFunction(walk: Walk, scope: Scope, call: Node, definitions: Node, alias: string | null): OneFunction {
  const { value, called } =
    call.FuncCall === undefined
      ? { value: evaluate(walk, scope, call), called: null }
      : evaluateCalled(walk, scope, call.FuncCall);
  const label = derive(value.lineage);
  if (definitions !== undefined) return { columns: defined(walk, definitions, label), open: false, scalar: false };
  const declared = called?.info == null ? null : outParameters(called.info);
  const fields = declared?.length === 1 ? null : fieldsOf(walk, value);
  if (fields !== null) {
    const columns = fields.map((field) => ({ ...field, lineage: derive(field.lineage), origin: COMPUTED }));
    return { columns, open: false, scalar: false };
  }
  if (value.type === 0 || value.type === RECORD) return { columns: [], open: true, scalar: false };
  return { columns: [column(scalarName(declared, alias, call), value.type, label)], open: false, scalar: true };
}

function scalarName(declared: readonly ScopeColumn[] | null, alias: string | null, call: Node): string | null {
  return declared?.[0]?.name ?? alias ?? defaultName(call);
}

function defined(walk: Walk, definitions: Node, label: Value["lineage"]): ScopeColumn[] {
  return list(definitions).map(({ ColumnDef: definition }) =>
    column(definition.colname, typeNamed(walk, definition.typeName).oid, label),
  );
}

function column(name: string | null, type: number, lineage: Value["lineage"]): ScopeColumn {
  return { name, lineage, type, typmod: -1, origin: COMPUTED };
}

/** Columns that are not known but named by the alias. */
function openNames(result: Columns, node: Node): readonly ScopeColumn[] {
  if (!result.open) return result.columns;
  const names = texts(node.alias?.colnames).slice(result.columns.length);
  return [
    ...result.columns,
    ...names.map((name) => ({ ...column(name, 0, unknown("columns not known")), origin: null })),
  ];
}
