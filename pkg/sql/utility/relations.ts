// Relations that utility statements name, and their columns.
import type { Relation } from "../../catalog/snapshot.ts";
import type { Engine } from "../engine.ts";
import type { Absent, ColumnRef, EffectKind, PredicateUse, RelationUse } from "../facts.ts";
import { NotKnown } from "../lineage/walk.ts";
import { list, type Node, texts } from "../node.ts";

/**
 * The relation a RangeVar names. One that the catalogue does not hold ends the analysis, unless the statement says IF EXISTS. `drop`:
 * what DROP calls it.
 */
export function relationUses(
  engine: Engine,
  rangeVar: Node,
  access: readonly EffectKind[],
  missingOk = false,
  drop?: string,
): readonly RelationUse[] {
  const use = engine.relation(rangeVar, access);
  if (use !== null) return [use];
  if (missingOk) return [];
  throw new NotKnown("relation not in the catalogue", absentRelation(bare(rangeVar), drop));
}

function absentRelation({ relname, schemaname, catalogname }: Node, drop?: string): Absent | undefined {
  if (catalogname !== undefined) return undefined;
  const names = schemaname === undefined ? [relname] : [schemaname, relname];
  return { what: "relation", names, ...(drop !== undefined && { drop }) };
}

/** For a list of RangeVars. */
export function allRelations(engine: Engine, rangeVars: Node, access: readonly EffectKind[]): readonly RelationUse[] {
  return list(rangeVars).flatMap((rangeVar) => relationUses(engine, bare(rangeVar), access));
}

export function bare(rangeVar: Node): Node {
  return rangeVar.RangeVar ?? rangeVar;
}

/** A name given as a list of Strings ([database,] [schema,] relation) as the RangeVar it stands for. */
export function rangeVarOf(names: readonly string[]): Node {
  const [relname, schemaname, catalogname] = names.toReversed();
  return {
    relname,
    ...(schemaname === undefined ? {} : { schemaname }),
    ...(catalogname === undefined ? {} : { catalogname }),
    inh: true,
    relpersistence: "p",
  };
}

export function namesOf(object: Node): readonly string[] {
  return object?.List === undefined ? texts([object]) : texts(object.List.items);
}

export function storedRelation(engine: Engine, use: RelationUse): Relation | undefined {
  return engine.context.snapshot?.relation(use.oid);
}

/** Columns of a relation by name; all of them for null. A name that it does not have ends the analysis. */
export function columnsOf(engine: Engine, use: RelationUse, names: readonly string[] | null): readonly ColumnRef[] {
  const relation = storedRelation(engine, use);
  if (relation === undefined) throw new NotKnown("columns not in the catalogue");
  const wanted = names ?? relation.columns.map((column) => column.name);
  return wanted.map((name) => {
    const column = relation.columns.find((each) => each.name === name);
    if (column === undefined) throw new NotKnown("column not in the catalogue");
    return {
      relation: relation.oid,
      attnum: column.attnum,
      schema: relation.schema,
      table: relation.name,
      column: name,
    };
  });
}

/** Columns whose values decide whether the statement succeeds. */
export function deciding(columns: readonly ColumnRef[], where: string): readonly PredicateUse[] {
  return columns.map((column) => ({ column, use: "other", where }));
}

const listedMax = 2000;

/** All relations of some schemas, for statements that act on whole schemas. */
export function relationsIn(
  engine: Engine,
  schemas: readonly string[],
  kinds: string,
  access: readonly EffectKind[],
): readonly RelationUse[] {
  const { snapshot } = engine.context;
  if (snapshot === null) throw new NotKnown("no catalogue");
  const found = [...snapshot.relations()].filter(
    ({ schema, kind }) => schemas.includes(schema) && kinds.includes(kind),
  );
  if (found.length > listedMax) throw new NotKnown("more relations than are followed");
  return found.flatMap(({ schema, name }) => relationUses(engine, rangeVarOf([schema, name]), access));
}
