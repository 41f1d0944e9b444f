// CREATE INDEX and CREATE STATISTICS: they read the table and run the expressions over its rows. A unique index tells by its
// failure whether values repeat.
import type { Engine } from "../engine.ts";
import type { Understood } from "../facts.ts";
import { list, type Node } from "../node.ts";
import { columnNode, overRelation } from "./expressions.ts";
import { bare, columnsOf, deciding, relationUses } from "./relations.ts";
import { definition } from "./understood.ts";

export function createIndexFacts(node: Node, engine: Engine): Understood {
  const [use] = relationUses(engine, node.relation, ["Create", "Read"]);
  const elements = list(node.indexParams).map(({ IndexElem }) => IndexElem);
  const expressions = elements.map((element) => element.expr ?? columnNode(element.name));
  const inside = overRelation(engine, node.relation, expressions, node.whereClause);
  const plain = elements.filter(({ name }) => name !== undefined).map(({ name }) => name as string);
  const unique = node.unique === true ? deciding(columnsOf(engine, use!, plain), "UNIQUE") : [];
  return definition("CREATE INDEX", {
    effects: ["Create"],
    relations: [use!],
    functions: inside.functions,
    predicates: [...inside.predicates, ...unique],
    flows: (inside.outputs ?? []).map(({ lineage }) => ({ from: lineage, to: "index" })),
  });
}

export function createStatisticsFacts(node: Node, engine: Engine): Understood {
  const [rangeVar] = list(node.relations).map(bare);
  const relations = relationUses(engine, rangeVar, ["Create"]);
  const expressions = list(node.exprs).map(({ StatsElem }) => StatsElem.expr ?? columnNode(StatsElem.name));
  const { functions } = overRelation(engine, rangeVar, expressions);
  return definition("CREATE STATISTICS", { effects: ["Create"], relations, functions });
}
