// Fields of rows: `(x).f`, `x.f` and `f(x)` may each be a field or a function call (rule R2).
import { callNamed } from "./calls.ts";
import { columnOf } from "./column-ref.ts";
import { derive } from "./label.ts";
import { shapeOf } from "./relation-shape.ts";
import { columnNamed, type ScopeColumn } from "./scope.ts";
import { baseType } from "./types.ts";
import { computed, type Value } from "./value.ts";
import { NotKnown, type Walk } from "./walk.ts";

/** The fields of a row; null when the value is no row, or one whose fields are not known. */
export function fieldsOf(walk: Walk, value: Value): readonly ScopeColumn[] | null {
  if (value.fields !== undefined) return value.fields;
  const { catalog } = walk;
  if (catalog === null || value.type === 0) return null;
  const relation = catalog.relation(catalog.type(baseType(catalog, value.type))?.relation ?? 0);
  if (relation === undefined) return null;
  const lineage = derive(value.lineage);
  return shapeOf(walk, relation).columns.map(({ name, type, typmod }) => ({
    name,
    lineage,
    type,
    typmod,
    origin: { table: 0, column: 0 },
  }));
}

/** The field of a row; null when it has none of that name. */
export function fieldOf(walk: Walk, value: Value, name: string): Value | null {
  if (value.wholeRow !== undefined) return columnOf(walk, value.wholeRow, name);
  const fields = fieldsOf(walk, value);
  if (fields === null) return null;
  const field = columnNamed({ columns: fields }, name);
  if (field === "ambiguous") throw new NotKnown("ambiguous field name");
  return field === null ? null : { ...computed(derive(field.lineage), field.type), typmod: field.typmod };
}

/** `x.f` where x is a row: a field, else a function of the row. */
export function projectOrCall(walk: Walk, row: Value, name: string): Value {
  const field = fieldOf(walk, row, name);
  if (field !== null) return field;
  const { catalog, context } = walk;
  const isFunction = context.resolution?.searchPath.some((schema) => catalog!.functionsNamed(schema, name).length > 0);
  if (isFunction === false) throw new NotKnown("column not in scope");
  return callNamed(walk, [name], [row]);
}
