// Statements about schemas and databases as a whole, and what leaves them.
import type { Engine } from "../engine.ts";
import type { Understood } from "../facts.ts";
import { unknown } from "../lineage/label.ts";
import { list, type Node } from "../node.ts";
import { optionsOf } from "./options.ts";
import { allRelations, relationUses } from "./relations.ts";
import { definition, insist, together } from "./understood.ts";

/** Its elements are statements of their own. */
export function createSchemaFacts(node: Node, engine: Engine): Understood {
  const elements = list(node.schemaElts).map((element) => insist(engine.statement(element)));
  return together("CREATE SCHEMA", elements, { effects: ["Create"], changesCatalog: true, changesResolution: true });
}

/** A database is a copy of its template: of the empty template1 unless another is named. */
export function createDatabaseFacts(node: Node): Understood {
  const copies = optionsOf(node.options).some(({ name }) => name === "template");
  const flows = copies ? [{ from: unknown("the rows of a template"), to: "new database" }] : [];
  return { ...definition("CREATE DATABASE", { effects: ["Create"], flows }), changesCatalog: false };
}

/** Subscribers elsewhere get the rows, unmasked. */
export function createPublicationFacts(node: Node, engine: Engine): Understood {
  const tables = list(node.pubobjects).map(({ PublicationObjSpec }) => PublicationObjSpec?.pubtable?.relation);
  const relations = [
    ...tables.filter((table) => table !== undefined).flatMap((table) => relationUses(engine, table, ["Read"])),
    ...allRelations(engine, node.tables, ["Read"]),
  ];
  const flows = [{ from: unknown("rows of published tables"), to: "publication" }];
  return {
    ...definition("CREATE PUBLICATION", { effects: ["Create", "Network"], relations, flows }),
    changesCatalog: false,
  };
}

export function createSequenceFacts(node: Node): Understood {
  return definition("CREATE SEQUENCE", {
    effects: ["Create"],
    changesResolution: node.sequence?.relpersistence === "t",
  });
}
