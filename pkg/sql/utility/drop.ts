// DROP, TRUNCATE and what goes with them.
import type { Engine } from "../engine.ts";
import type { EffectKind, PredicateUse, RelationUse, Understood } from "../facts.ts";
import { NO_COLUMN } from "../lineage/collector.ts";
import { list, type Node, texts } from "../node.ts";
import { isRelation, objectWords } from "./object-words.ts";
import { allRelations, columnsOf, deciding, namesOf, rangeVarOf, relationsIn, relationUses } from "./relations.ts";
import { definition, understood } from "./understood.ts";

export function dropFacts(node: Node, engine: Engine): Understood {
  const schema = node.removeType === "OBJECT_SCHEMA";
  return definition(`DROP ${objectWords(node.removeType)}`, {
    effects: ["Drop"],
    relations: dropped(node, engine),
    changesResolution: schema || isRelation(node.removeType),
  });
}

function dropped(node: Node, engine: Engine): readonly RelationUse[] {
  const { removeType, objects } = node;
  const missingOk = node.missing_ok === true;
  if (isRelation(removeType)) {
    return list(objects).flatMap((object) =>
      relationUses(engine, rangeVarOf(namesOf(object)), ["Drop"], missingOk, objectWords(removeType)),
    );
  }
  if (/^OBJECT_(TRIGGER|RULE|POLICY)$/.test(removeType)) {
    return list(objects).flatMap((object) =>
      relationUses(engine, rangeVarOf(namesOf(object).slice(0, -1)), ["Alter"], missingOk),
    );
  }
  if (removeType === "OBJECT_SCHEMA" && node.behavior === "DROP_CASCADE") {
    return relationsIn(engine, texts(objects), "rpvmfS", ["Drop"]);
  }
  return [];
}

/** With CASCADE also every table that refers to one of them, and always the children. */
export function truncateFacts(node: Node, engine: Engine): Understood {
  const named = allRelations(engine, node.relations, ["Truncate"]);
  const relations = grown(engine, named, node.behavior === "DROP_CASCADE");
  const writes = relations.map((relation) => ({ effect: "Truncate" as const, relation, filter: "Other" as const }));
  return understood("TRUNCATE", { effects: ["Truncate"], relations, writes });
}

function grown(engine: Engine, named: readonly RelationUse[], cascade: boolean): readonly RelationUse[] {
  const { snapshot } = engine.context;
  const found = new Map(named.map((use) => [use.oid, use]));
  const waiting = [...named];
  for (let use = waiting.pop(); use !== undefined && snapshot !== null; use = waiting.pop()) {
    const { oid } = use;
    const referring = cascade
      ? [...snapshot.relations()].filter((each) => each.foreignKeys.some(({ target }) => target === oid))
      : [];
    for (const { oid: other, schema, name } of [...snapshot.children(oid), ...referring]) {
      if (found.has(other)) continue;
      const [more] = relationUses(engine, rangeVarOf([schema, name]), ["Truncate"]);
      found.set(other, more!);
      waiting.push(more!);
    }
  }
  return [...found.values()];
}

/** VACUUM, ANALYZE, CLUSTER, REINDEX. Without a name they go over everything that the role may. */
export function maintenanceFacts(kind: string, node: Node, engine: Engine): Understood {
  const words =
    { VacuumStmt: node.is_vacuumcmd === true ? "VACUUM" : "ANALYZE", ClusterStmt: "CLUSTER" }[kind] ?? "REINDEX";
  const rangeVars = [node.relation, ...list(node.rels).map(({ VacuumRelation }) => VacuumRelation.relation)];
  const relations = rangeVars
    .filter((each) => each !== undefined)
    .flatMap((each) => relationUses(engine, each, ["Maintenance"]));
  const predicates = kind === "ClusterStmt" ? clustered(relations, engine) : [];
  return understood(words, { effects: ["Maintenance"], relations, predicates });
}

/** Rows are put in the order of an index, which the catalogue does not tell, and come in that order afterwards. */
function clustered(relations: readonly RelationUse[], engine: Engine): readonly PredicateUse[] {
  if (relations.length === 0) return [{ column: NO_COLUMN, use: "other", where: "CLUSTER" }];
  return relations.flatMap((use) => deciding(columnsOf(engine, use, null), "CLUSTER"));
}

export function lockFacts(node: Node, engine: Engine): Understood {
  return understood("LOCK TABLE", {
    effects: ["Lock"],
    relations: allRelations(engine, node.relations, ["Lock"]),
    takesSnapshot: false,
  });
}

/** A comment is a constant text, and no part of what the catalogue snapshot holds. */
export function commentFacts(node: Node, engine: Engine): Understood {
  const names = namesOf(node.object);
  const relation = isRelation(node.objtype) ? names : node.objtype === "OBJECT_COLUMN" ? names.slice(0, -1) : null;
  return understood("COMMENT", {
    effects: ["Alter"],
    relations: relation === null ? [] : relationUses(engine, rangeVarOf(relation), [], true),
  });
}

export function grantFacts(node: Node, engine: Engine): Understood {
  const access: readonly EffectKind[] = ["Grant"];
  const calls = revokedCalls(node);
  return understood(node.is_grant === true ? "GRANT" : "REVOKE", {
    effects: access,
    relations: granted(node, engine, access),
    changesResolution: node.objtype === "OBJECT_SCHEMA",
    ...(calls.length > 0 && { revokesCalls: calls }),
  });
}

/** Names of functions that may be the server's own; "*" for all of them. */
function revokedCalls(node: Node): readonly string[] {
  if (node.is_grant === true || !callable.includes(node.objtype)) return [];
  if (node.targtype === "ACL_TARGET_ALL_IN_SCHEMA") return texts(node.objects).includes("pg_catalog") ? ["*"] : [];
  const names = (node.objects ?? []).map((each: Node) => texts(each.ObjectWithArgs?.objname));
  return names.flatMap(([first, second]: readonly string[]) =>
    second === undefined ? [first ?? "*"] : first === "pg_catalog" ? [second] : [],
  );
}

const callable: readonly string[] = ["OBJECT_FUNCTION", "OBJECT_PROCEDURE", "OBJECT_ROUTINE"];

function granted(node: Node, engine: Engine, access: readonly EffectKind[]): readonly RelationUse[] {
  if (!isRelation(node.objtype)) return [];
  if (node.targtype !== "ACL_TARGET_ALL_IN_SCHEMA") return allRelations(engine, node.objects, access);
  return relationsIn(engine, texts(node.objects), node.objtype === "OBJECT_SEQUENCE" ? "S" : "rpvmf", access);
}
