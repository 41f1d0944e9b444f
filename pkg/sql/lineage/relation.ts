// From a name in FROM to the stored relation it means in this session, and the use that is recorded of it.
import type { Relation } from "../../catalog/snapshot.ts";
import type { EffectKind, RelationUse } from "../facts.ts";
import type { Node } from "../node.ts";
import { noteNamed } from "./named-relation.ts";
import { NotKnown, type Walk } from "./walk.ts";

/** The relation a RangeVar names; null without a catalogue. An unknown name ends the analysis. */
export function resolveRelation(walk: Walk, rangeVar: Node): Relation | null {
  if (walk.catalog === null) return null;
  const relation = lookUpRelation(walk, rangeVar);
  if (relation === undefined) throw new NotKnown("relation not in the catalogue");
  noteNamed(walk, rangeVar, relation);
  return relation;
}

export function lookUpRelation(walk: Walk, rangeVar: Node): Relation | undefined {
  const { catalog, context } = walk;
  if (catalog === null) return undefined;
  const { relname, schemaname, catalogname } = rangeVar;
  if (catalogname !== undefined && catalogname !== catalog.database) throw new NotKnown("relation of another database");
  if (schemaname !== undefined) {
    const schema = schemaName(walk, schemaname);
    return schema === null ? undefined : catalog.relationNamed(schema, relname);
  }
  for (const schema of context.resolution!.searchPath) {
    const relation = catalog.relationNamed(schema, relname);
    if (relation !== undefined) return relation;
  }
  return undefined;
}

/** `pg_temp` is this session's own; null when it has none. */
export function schemaName(walk: Walk, name: string): string | null {
  return name === "pg_temp" ? walk.context.resolution!.tempSchema : name;
}

export function useOf(relation: Relation, access: readonly EffectKind[]): RelationUse {
  const { oid, schema, name, temporary } = relation;
  return { oid, schema, name, kind: kindWord(relation.kind), temporary, access };
}

/** Without a catalogue: the names as written. */
export function useOfName(rangeVar: Node, access: readonly EffectKind[]): RelationUse {
  return {
    oid: 0,
    schema: rangeVar.schemaname ?? "",
    name: rangeVar.relname ?? "",
    kind: "table",
    temporary: rangeVar.relpersistence === "t",
    access,
  };
}

function kindWord(relkind: string): RelationUse["kind"] {
  switch (relkind) {
    case "r":
      return "table";
    case "p":
      return "partitioned";
    case "v":
      return "view";
    case "m":
      return "materialized";
    case "f":
      return "foreign";
    case "S":
      return "sequence";
    case "i":
    case "I":
      return "index";
    case "c":
      return "composite";
    case "t":
      return "toast";
    default:
      throw new NotKnown("relation of an unknown kind");
  }
}
