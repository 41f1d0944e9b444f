// CREATE TABLE and what it names: parents, templates, tables that foreign keys refer to. Defaults, checks and generation
// expressions are stored, not run; who reads or writes the table is judged by them.
import type { Engine } from "../engine.ts";
import type { PredicateUse, RelationUse, Understood } from "../facts.ts";
import { NotKnown } from "../lineage/walk.ts";
import { kindOf, list, type Node, texts } from "../node.ts";
import { allRelations, columnsOf, deciding, relationUses, storedRelation } from "./relations.ts";
import { definition } from "./understood.ts";

export function createTableFacts(node: Node, engine: Engine): Understood {
  const parts = list(node.tableElts).map((element) => elementParts(element, engine));
  const parents = allRelations(engine, node.inhRelations, ["Alter"]);
  return definition("CREATE TABLE", {
    effects: ["Create"],
    relations: [...parents, ...parts.flatMap(({ relations }) => relations)],
    predicates: parts.flatMap(({ predicates }) => predicates),
    changesResolution: node.relation?.relpersistence === "t",
  });
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
