// COPY: out of a relation or query, judged as the SELECT it is; into a relation, an INSERT.
import type { Relation } from "../../catalog/snapshot.ts";
import type { Engine } from "../engine.ts";
import type { CopyFacts, EffectKind, OutputColumn, Understood } from "../facts.ts";
import { NotKnown } from "../lineage/walk.ts";
import { list, type Node, texts } from "../node.ts";
import { type CopyLayout, copyLayout } from "./copy-options.ts";
import { flowsOf } from "./create-as.ts";
import { columnNode, overRelation } from "./expressions.ts";
import { columnsOfStored, keptFacts } from "./kept-expressions.ts";
import { relationUses, storedRelation } from "./relations.ts";
import { insist, together, understood } from "./understood.ts";

export function copyFacts(node: Node, engine: Engine): Understood {
  const layout = copyLayout(node.options);
  return node.is_from === true ? copyIn(node, layout, engine) : copyOut(node, layout, engine);
}

function placeOf(node: Node): CopyFacts["place"] {
  if (node.is_program === true) return "program";
  return node.filename === undefined ? "client" : "file";
}

function outsideEffects(place: CopyFacts["place"]): readonly EffectKind[] {
  return { client: [], file: ["File" as const], program: ["File" as const, "ExecuteCode" as const] }[place];
}

function copyOut(node: Node, layout: CopyLayout, engine: Engine): Understood {
  const place = placeOf(node);
  const { name: _name, ...query } =
    node.query === undefined ? tableFacts(node, engine) : insist(engine.statement(node.query));
  const outputs = query.outputs ?? [];
  const copy: CopyFacts = {
    ...layout,
    direction: "out",
    place,
    forceQuote: positionsOf(layout.forceQuote, outputs),
    types: outputs.map((column) => typeOf(column, engine)),
  };
  return {
    ...query,
    kind: "COPY",
    effects: [...new Set([...query.effects, "CopyOut" as const, ...outsideEffects(place)])],
    flows: place === "client" ? query.flows : [...query.flows, ...flowsOf(query, place)],
    copy,
    takesSnapshot: true,
  };
}

/** COPY relation TO: its own rows only, not the children's; without a list all columns but the generated ones. */
function tableFacts(node: Node, engine: Engine): Understood {
  const [use] = relationUses(engine, node.relation, ["Read"]);
  const relation = storedRelation(engine, use!);
  if (relation === undefined) throw new NotKnown("columns not in the catalogue");
  const stored = relation.columns.filter((column) => column.generated === null).map((column) => column.name);
  const names = node.attlist === undefined ? stored : texts(node.attlist);
  const { inh: _inh, ...only } = node.relation;
  return overRelation(engine, { ...only, inh: false }, names.map(columnNode));
}

function positionsOf(names: CopyLayout["forceQuote"], outputs: readonly OutputColumn[]): readonly number[] | "*" {
  if (names === "*") return "*";
  return names.map((name) => {
    const position = outputs.findIndex((column) => column.name === name);
    if (position < 0) throw new NotKnown("FORCE_QUOTE of a column that is not copied");
    return position;
  });
}

/** The type of a stored column that comes out unchanged. */
function typeOf({ origin }: OutputColumn, engine: Engine): number {
  if (origin === null || origin.table === 0) return 0;
  const relation = engine.context.snapshot?.relation(origin.table);
  return relation?.columns.find((column) => column.attnum === origin.column)?.type ?? 0;
}

/** The condition picks among rows that come in, so its columns hold nothing that is stored. */
function copyIn(node: Node, layout: CopyLayout, engine: Engine): Understood {
  const place = placeOf(node);
  const relations = relationUses(engine, node.relation, ["Insert"]);
  const relation = storedRelation(engine, relations[0]!);
  const conditions = node.whereClause === undefined ? [] : [node.whereClause];
  const picked = keptFacts(engine, columnsOfStored(relation, engine), { values: [], conditions }, "new row");
  const { copy, ...parts } = {
    effects: ["CopyIn" as const, ...outsideEffects(place)],
    relations,
    writes: relations.map((use) => ({ effect: "Insert" as const, relation: use, filter: "Other" as const })),
    copy: { ...layout, direction: "in" as const, place, forceQuote: [], types: columnTypes(node, engine) },
  };
  return { ...together("COPY", [...setOff(node, relation, engine), understood("COPY", picked)], parts), copy };
}

/** What else a row that comes in sets off, such as defaults: what an INSERT into the same columns does. COPY fires no rules. */
function setOff(node: Node, relation: Relation | undefined, engine: Engine): readonly Understood[] {
  if (relation === undefined || relation.hasRules) return [];
  const stored = relation.columns.filter((column) => column.generated === null).map((column) => column.name);
  const names = node.attlist === undefined ? stored : texts(node.attlist);
  const items = names.map(() => ({ A_Const: { isnull: true } }));
  const insert = {
    relation: node.relation,
    ...(names.length > 0 && {
      cols: names.map((name) => ({ ResTarget: { name } })),
      selectStmt: { SelectStmt: { valuesLists: [{ List: { items } }] } },
    }),
    override: "OVERRIDING_NOT_SET",
  };
  return [{ ...insist(engine.statement({ InsertStmt: insert })), relations: [], writes: [] }];
}

function columnTypes(node: Node, engine: Engine): readonly number[] {
  const [use] = relationUses(engine, node.relation, []);
  const relation = storedRelation(engine, use!);
  if (relation === undefined) return [];
  const stored = relation.columns.filter((column) => column.generated === null);
  if (node.attlist === undefined) return stored.map((column) => column.type);
  return list(texts(node.attlist)).map((name) => stored.find((column) => column.name === name)?.type ?? 0);
}
