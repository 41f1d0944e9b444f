// Expressions that a definition keeps: defaults, checks, generated columns, bounds and keys of partitions. They run when a row is written
// or a value becomes one of a domain, whoever does that, so they are judged where they are made: what they call and change is the
// definition's, what a default holds flows into the column, and what a check looks up steers whether the write succeeds.
import type { Column, Relation } from "../../catalog/snapshot.ts";
import type { Engine } from "../engine.ts";
import { visibleType } from "../functions/visible.ts";
import { kindOf, list, type Node, texts } from "../node.ts";
import { allRelations, relationUses, storedRelation } from "./relations.ts";
import { insist, type Parts } from "./understood.ts";

/** Columns that the expressions may name, each with the type's node, or null where it is not told. */
export type Named = ReadonlyMap<string, Node | null>;

export interface Kept {
  /** Their values end up in stored columns. */
  readonly values: readonly Node[];
  /** They decide whether a row may be written. */
  readonly conditions: readonly Node[];
}

/** `to`: what the values flow into. `over`: the table whose rows are there already and are checked, too. */
export function keptFacts(engine: Engine, named: Named, kept: Kept, to: string, over?: Node): Parts {
  const { values, conditions } = kept;
  if (values.length === 0 && conditions.length === 0) return {};
  const own = named.size === 0 ? [] : [{ RangeSubselect: { subquery: emptyRow(named), alias: { aliasname: "new" } } }];
  const stored = over === undefined ? [] : [{ RangeVar: { inh: true, relpersistence: "p", ...over } }];
  const fromClause = [...stored, ...own];
  const select = {
    targetList: values.map((val) => ({ ResTarget: { val } })),
    ...(fromClause.length > 0 && { fromClause }),
    ...(conditions.length > 0 && { whereClause: { BoolExpr: { boolop: "AND_EXPR", args: conditions } } }),
    ...plain,
  };
  const facts = insist(engine.statement({ SelectStmt: select }));
  return {
    effects: facts.effects.filter((effect) => effect !== "Read"),
    functions: facts.functions,
    writes: facts.writes,
    settings: facts.settings,
    predicates: facts.predicates.map((use) => ({
      ...use,
      use: "other",
      where: use.where === "WHERE" ? "CHECK" : use.where,
    })),
    flows: [...facts.flows, ...(facts.outputs ?? []).map(({ lineage }) => ({ from: lineage, to }))],
  };
}

const plain = { limitOption: "LIMIT_OPTION_DEFAULT", op: "SETOP_NONE" };

/** A row that holds nothing yet: SELECT NULL::type AS name, ... */
function emptyRow(named: Named): Node {
  const targetList = [...named].map(([name, typeName]) => {
    const nothing = { A_Const: { isnull: true } };
    return { ResTarget: { name, val: typeName === null ? nothing : { TypeCast: { arg: nothing, typeName } } } };
  });
  return { SelectStmt: { targetList, ...plain } };
}

const serials: Readonly<Record<string, string>> = {
  smallserial: "int2",
  serial2: "int2",
  serial: "int4",
  serial4: "int4",
  bigserial: "int8",
  serial8: "int8",
};

/** The columns of CREATE TABLE: its own, and those of parents, templates and the type it is of. */
export function columnsOfNew(node: Node, engine: Engine): Named {
  const named = new Map<string, Node | null>();
  const elements = list(node.tableElts);
  const parents = allRelations(engine, node.inhRelations, []);
  const templates = elements.flatMap(({ TableLikeClause: like }) =>
    like === undefined ? [] : relationUses(engine, like.relation, []),
  );
  for (const use of [...parents, ...templates]) addColumns(named, storedRelation(engine, use), engine);
  if (node.ofTypename !== undefined) addColumns(named, relationOfType(engine, node.ofTypename), engine);
  for (const { ColumnDef: column } of elements)
    if (column?.typeName !== undefined) named.set(column.colname, typeOf(column.typeName));
  return named;
}

export function typeOf(typeName: Node): Node | null {
  if (typeName.pct_type === true) return null;
  const serial = serials[texts(typeName.names).at(-1) ?? ""];
  return serial === undefined || list(typeName.names).length > 1 ? typeName : typeNode("pg_catalog", serial);
}

function relationOfType(engine: Engine, typeName: Node): Relation | undefined {
  const type = visibleType(texts(typeName.names), engine.context);
  return engine.context.snapshot?.relation(type?.relation ?? 0);
}

function addColumns(named: Map<string, Node | null>, relation: Relation | undefined, engine: Engine): void {
  for (const column of relation?.columns ?? []) named.set(column.name, typeOfColumn(column, engine));
}

/** Stored columns by the types that the catalogue tells. */
export function columnsOfStored(relation: Relation | undefined, engine: Engine): Named {
  const named = new Map<string, Node | null>();
  addColumns(named, relation, engine);
  return named;
}

function typeOfColumn({ type }: Column, engine: Engine): Node | null {
  const info = engine.context.snapshot?.type(type);
  return info === undefined ? null : typeNode(info.schema, info.name);
}

function typeNode(schema: string, name: string): Node {
  return { names: [schema, name].map((sval) => ({ String: { sval, str: sval } })), typemod: -1 };
}

/** What the constraints of a table or column keep; foreign keys are not among it. */
export function keptByConstraints(constraints: readonly Node[]): Kept {
  const values: Node[] = [];
  const conditions: Node[] = [];
  for (const { contype, raw_expr, where_clause, exclusions } of constraints) {
    if (contype === "CONSTR_CHECK") conditions.push(raw_expr);
    else if (contype === "CONSTR_EXCLUSION") conditions.push(...exclusionParts(exclusions), ...given(where_clause));
    else values.push(...given(raw_expr));
  }
  return { values, conditions };
}

const given = (node: Node): readonly Node[] => (node === undefined ? [] : [node]);

function exclusionParts(exclusions: Node): readonly Node[] {
  return list(exclusions).flatMap((pair) => given(pair.List?.items?.[0]?.IndexElem?.expr));
}

/** Values of FOR VALUES; MINVALUE and MAXVALUE look like columns. */
export function boundValues(bound: Node): readonly Node[] {
  if (bound === undefined) return [];
  const all = [...list(bound.listdatums), ...list(bound.lowerdatums), ...list(bound.upperdatums)];
  return all.filter((value) => kindOf(value) !== "ColumnRef");
}

/** Expressions of PARTITION BY. */
export function partitionKeys(partspec: Node): readonly Node[] {
  return list(partspec?.partParams).flatMap(({ PartitionElem }) => given(PartitionElem?.expr));
}
