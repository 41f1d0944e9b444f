// Select lists: expressions, stars of every sort, and what the server will call each column.
import { kindOf, list, type Node, texts } from "../node.ts";
import { noteReading } from "./collector.ts";
import { itemOf, noteRead } from "./column-ref.ts";
import { evaluate } from "./expression.ts";
import { evaluateIndirection } from "./indirection.ts";
import { unknown } from "./label.ts";
import { outputName } from "./output-name.ts";
import { fieldsOf } from "./projection.ts";
import type { RangeItem, Scope, ScopeColumn } from "./scope.ts";
import { COMPUTED, type Value } from "./value.ts";
import { NotKnown, type Walk } from "./walk.ts";

const columnsMax = 1664; // MaxTupleAttributeNumber

export interface Columns {
  readonly columns: readonly ScopeColumn[];
  /** There are more, and their number is not known. */
  readonly open: boolean;
}

export function analyzeTargets(walk: Walk, scope: Scope, targets: Node): Columns {
  const columns: ScopeColumn[] = [];
  let open = false;
  for (const { ResTarget: target } of list(targets)) {
    const star = expandStar(walk, scope, target.val);
    if (star !== null) {
      columns.push(...star.columns);
      open ||= star.open;
    } else columns.push(targetColumn(walk, scope, target));
    if (columns.length > columnsMax) throw new NotKnown("too many columns");
  }
  return { columns, open };
}

function targetColumn(walk: Walk, scope: Scope, target: Node): ScopeColumn {
  const { lineage, type, typmod, origin, fields } = evaluate(walk, scope, target.val);
  const name = target.name ?? outputName(target.val, walk.sublinkNames);
  return { name, lineage, type, typmod, origin, ...(fields === undefined ? {} : { fields }) };
}

/** An element of ROW(...) or VALUES: an expression, or a star that stands for several. */
export function expandTarget(walk: Walk, scope: Scope, node: Node): Value[] {
  const star = expandStar(walk, scope, node);
  if (star === null) return [evaluate(walk, scope, node)];
  const values: Value[] = star.columns.map(({ lineage, type, typmod, origin }) => ({
    lineage,
    type,
    typmod,
    origin,
    shape: "column",
  }));
  if (star.open)
    values.push({ lineage: unknown("columns not known"), type: 0, typmod: -1, origin: null, shape: "computed" });
  return values;
}

/** `*`, `t.*` and `(row).*`; null for anything else. */
function expandStar(walk: Walk, scope: Scope, node: Node): Columns | null {
  const kind = kindOf(node);
  if (kind === "ColumnRef") {
    const { fields } = node.ColumnRef;
    if (kindOf(fields.at(-1)) !== "A_Star") return null;
    return fields.length === 1 ? allColumns(walk, scope) : itemColumns(walk, itemOf(walk, scope, texts(fields)));
  }
  if (kind !== "A_Indirection" || kindOf(node.A_Indirection.indirection.at(-1)) !== "A_Star") return null;
  return rowColumns(walk, evaluateIndirection(walk, scope, node.A_Indirection));
}

function allColumns(walk: Walk, scope: Scope): Columns {
  const items = scope.items.filter((item) => item.columnsVisible);
  if (items.length === 0) throw new NotKnown("star without FROM");
  const parts = items.map((item) => itemColumns(walk, item));
  return { columns: parts.flatMap((part) => part.columns), open: parts.some((part) => part.open) };
}

function itemColumns(walk: Walk, item: RangeItem): Columns {
  noteRead(walk, item);
  for (const { lineage } of item.columns) noteReading(walk, lineage);
  const columns = item.columns.some((column) => column.hidden === true)
    ? item.columns.filter((column) => column.hidden !== true)
    : item.columns;
  return { columns, open: item.open };
}

function rowColumns(walk: Walk, row: Value): Columns {
  if (row.wholeRow !== undefined) return itemColumns(walk, row.wholeRow);
  const fields = fieldsOf(walk, row);
  if (fields === null) return { columns: [], open: true };
  return { columns: fields.map((field) => ({ ...field, origin: COMPUTED })), open: false };
}
