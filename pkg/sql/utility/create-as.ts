// CREATE TABLE AS, CREATE MATERIALIZED VIEW, CREATE VIEW, REFRESH: what a query returns flows into a relation (rule R8).
import type { Engine } from "../engine.ts";
import type { Flow, Understood } from "../facts.ts";
import { NotKnown } from "../lineage/walk.ts";
import type { Node } from "../node.ts";
import { relationUses } from "./relations.ts";
import { definition, insist, understood } from "./understood.ts";

export function createTableAsFacts(node: Node, engine: Engine): Understood {
  const query = insist(engine.statement(node.query));
  const materialized = (node.objtype ?? node.relkind) === "OBJECT_MATVIEW";
  const temporary = node.into?.rel?.relpersistence === "t";
  const to = materialized ? "materialized view" : temporary ? "temp table" : "new relation";
  const { name: _name, ...facts } = query;
  return {
    ...facts,
    kind: materialized ? "CREATE MATERIALIZED VIEW" : "CREATE TABLE AS",
    effects: [...new Set([...query.effects, "Create" as const])],
    outputs: null,
    flows: [...query.flows, ...flowsOf(query, to)],
    takesSnapshot: true,
    changesCatalog: true,
    changesResolution: query.changesResolution || temporary,
  };
}

/** The query is stored, not run: nothing is read or called now, but its labels and conditions would serve whoever reads the view. */
export function viewFacts(node: Node, engine: Engine): Understood {
  const query = insist(engine.statement(node.query));
  const replaced = node.replace === true ? relationUses(engine, node.view, ["Alter"], true) : [];
  return definition("CREATE VIEW", {
    effects: ["Create"],
    relations: [...replaced, ...query.relations.map((use) => ({ ...use, access: [] }))],
    predicates: query.predicates,
    flows: flowsOf(query, "view"),
    changesResolution: node.view?.relpersistence === "t",
  });
}

/** WITH NO DATA empties the view. */
export function refreshFacts(node: Node, engine: Engine): Understood {
  const empties = node.skipData === true;
  const relations = relationUses(engine, node.relation, empties ? ["Maintenance", "Truncate"] : ["Maintenance"]);
  const writes = empties
    ? relations.map((relation) => ({ effect: "Truncate" as const, relation, filter: "Other" as const }))
    : [];
  return understood("REFRESH MATERIALIZED VIEW", { relations, writes });
}

export function flowsOf(query: Understood, to: string): readonly Flow[] {
  if (query.outputs === null) throw new NotKnown("query without a result");
  return query.outputs.map(({ lineage }) => ({ from: lineage, to }));
}
