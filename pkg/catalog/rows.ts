// Rows of the catalogue queries to the objects of a Snapshot.
import { Fields } from "./fields.ts";
import type { CastInfo, Column, ForeignKey, FunctionInfo, OperatorInfo, Relation, TypeInfo } from "./snapshot.ts";

/** One answer: rows of cells. */
export type Rows = readonly (readonly (string | null)[])[];

function read<T>(query: string, rows: Rows, count: number, one: (fields: Fields) => T): T[] {
  return rows.map((cells, row) => one(Fields.of(query, row, cells, count)));
}

export function schemasOf(rows: Rows): ReadonlySet<string> {
  return new Set(read("schemas", rows, 1, (fields) => fields.text(0)));
}

function columnOf(fields: Fields): Column {
  return {
    attnum: fields.number(0),
    name: fields.text(1),
    type: fields.number(2),
    typmod: fields.number(3),
    notNull: fields.boolean(4),
    generated: fields.textOrNull(5),
    defaultText: fields.textOrNull(6),
  };
}

function foreignKeyOf(fields: Fields): ForeignKey {
  return {
    columns: fields.numbers(0),
    target: fields.number(1),
    targetColumns: fields.numbers(2),
    onDelete: fields.text(3),
    onUpdate: fields.text(4),
  };
}

/** `printedUnder` null: each row tells its own. */
export function relationsOf(rows: Rows, printedUnder: readonly string[] | null): Relation[] {
  return read("relations", rows, 14, (fields) => ({
    oid: fields.number(0),
    schema: fields.text(1),
    name: fields.text(2),
    kind: fields.text(3),
    temporary: fields.boolean(4),
    columns: fields.nested(5, 7).map(columnOf),
    parents: fields.numbers(6),
    uniqueKeys: fields.numberLists(7),
    foreignKeys: fields.nested(8, 5).map(foreignKeyOf),
    definition: fields.textOrNull(9),
    hasRules: fields.boolean(10),
    hasTriggers: fields.boolean(11),
    rowSecurity: fields.boolean(12),
    printedUnder: printedUnder ?? fields.texts(13),
  }));
}

export function typesOf(rows: Rows): TypeInfo[] {
  return read("types", rows, 11, (fields) => ({
    oid: fields.number(0),
    schema: fields.text(1),
    name: fields.text(2),
    kind: fields.text(3),
    category: fields.text(4),
    element: fields.number(5),
    base: fields.number(6),
    relation: fields.number(7),
    preferred: fields.boolean(8),
    opaqueCheck: fields.boolean(9),
    rangeOf: fields.number(10),
  }));
}

export function functionsOf(rows: Rows, printedUnder: readonly string[]): FunctionInfo[] {
  return read("functions", rows, 18, (fields) => {
    const args = fields.numbers(8);
    const allArgs = fields.numbers(13);
    return {
      oid: fields.number(0),
      schema: fields.text(1),
      name: fields.text(2),
      kind: fields.text(3),
      language: fields.text(4),
      volatility: fields.text(5),
      returns: fields.number(6),
      returnsSet: fields.boolean(7),
      args,
      defaults: fields.number(9),
      variadic: fields.number(10),
      argNames: fields.texts(11),
      argModes: fields.texts(12),
      allArgs: allArgs.length === 0 ? args : allArgs,
      body: fields.textOrNull(14),
      sqlBody: fields.textOrNull(15),
      securityDefiner: fields.boolean(16),
      settings: fields.texts(17),
      printedUnder,
    };
  });
}

export function operatorsOf(rows: Rows): OperatorInfo[] {
  return read("operators", rows, 7, (fields) => ({
    oid: fields.number(0),
    schema: fields.text(1),
    name: fields.text(2),
    left: fields.number(3),
    right: fields.number(4),
    result: fields.number(5),
    func: fields.number(6),
  }));
}

export function castsOf(rows: Rows): CastInfo[] {
  return read("casts", rows, 5, (fields) => ({
    source: fields.number(0),
    target: fields.number(1),
    func: fields.number(2),
    context: fields.text(3),
    method: fields.text(4),
  }));
}
