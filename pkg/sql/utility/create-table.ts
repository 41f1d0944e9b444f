// CREATE TABLE and what it names: parents, templates, tables that foreign keys refer to, and the expressions that it keeps.
import type { Engine } from "../engine.ts";
import type { PredicateUse, RelationUse, Understood } from "../facts.ts";
import { NotKnown } from "../lineage/walk.ts";
import { kindOf, list, type Node, texts } from "../node.ts";
import { boundValues, columnsOfNew, keptByConstraints, keptFacts, partitionKeys } from "./kept-expressions.ts";
import { allRelations, columnsOf, deciding, relationUses, storedRelation } from "./relations.ts";
import { together as allTogether, definition, understood } from "./understood.ts";

export function createTableFacts(node: Node, engine: Engine): Understood {
  const parts = list(node.tableElts).map((element) => elementParts(element, engine));
  const parents = allRelations(engine, node.inhRelations, ["Alter"]);
  const named = definition("CREATE TABLE", {
    effects: ["Create"],
    relations: [...parents, ...parts.flatMap(({ relations }) => relations)],
    predicates: parts.flatMap(({ predicates }) => predicates),
  });
  return allTogether("CREATE TABLE", [named, ...keptParts(node, engine)], {
    changesResolution: node.relation?.relpersistence === "t",
  });
}

function keptParts(node: Node, engine: Engine): readonly Understood[] {
  const columns = columnsOfNew(node, engine);
  const { values, conditions } = keptByConstraints(list(node.tableElts).flatMap(constraintsOf));
  const keys = partitionKeys(node.partspec);
  return [
    keptFacts(engine, columns, { values, conditions: [...conditions, ...keys] }, "column default"),
    keptFacts(engine, new Map(), { values: boundValues(node.partbound), conditions: [] }, "partition bound"),
  ].map((parts) => understood("CREATE TABLE", parts));
}

function constraintsOf(element: Node): readonly Node[] {
  if (element.Constraint !== undefined) return [element.Constraint];
  return list(element.ColumnDef?.constraints).map(({ Constraint }) => Constraint);
}

export function createForeignTableFacts(node: Node, engine: Engine): Understood {
  const base = createTableFacts(node.base ?? node.base_stmt ?? {}, engine);
  return { ...base, kind: "CREATE FOREIGN TABLE", effects: [...base.effects, "Network"] };
}

export interface References {
  readonly relations: readonly RelationUse[];
  readonly predicates: readonly PredicateUse[];
}

const nothing: References = { relations: [], predicates: [] };

function elementParts(element: Node, engine: Engine): References {
  const kind = kindOf(element);
  switch (kind) {
    case "ColumnDef":
      return together(
        list(element.ColumnDef.constraints).map(({ Constraint }) => constraintReferences(Constraint, engine)),
      );
    case "Constraint":
      return constraintReferences(element.Constraint, engine);
    case "TableLikeClause":
      return { ...nothing, relations: relationUses(engine, element.TableLikeClause.relation, []) };
    default:
      throw new NotKnown(`table element ${kind}`);
  }
}

export function together(all: readonly References[]): References {
  return {
    relations: all.flatMap(({ relations }) => relations),
    predicates: all.flatMap(({ predicates }) => predicates),
  };
}

/** A foreign key is checked against the other table: whether a value is there decides. */
export function constraintReferences(constraint: Node, engine: Engine): References {
  if (constraint?.contype !== "CONSTR_FOREIGN") return nothing;
  const [use] = relationUses(engine, constraint.pktable, ["Read"]);
  const named = texts(constraint.pk_attrs);
  const columns = named.length > 0 ? columnsOf(engine, use!, named) : primaryKey(engine, use!);
  return { relations: [use!], predicates: deciding(columns, "FOREIGN KEY") };
}

function primaryKey(engine: Engine, use: RelationUse) {
  const relation = storedRelation(engine, use);
  const [key] = relation?.uniqueKeys ?? [];
  const names = relation?.columns.filter((column) => key?.includes(column.attnum)).map((column) => column.name);
  return names === undefined ? [] : columnsOf(engine, use, names);
}
