// Code that runs when a row is written: defaults of columns that are not given, generated columns (rule R10).
import type { Column, Relation } from "../../catalog/snapshot.ts";
import type { Facts, Understood } from "../facts.ts";
import { noteConversion } from "./calls.ts";
import { factsOf, newCollector, noteFacts, noteFunction } from "./collector.ts";
import { evaluateText } from "./evaluate-text.ts";
import { definitionWalk, plainColumns, refOf } from "./relation-shape.ts";
import { newScope, rangeItem } from "./scope.ts";
import { UNKNOWN } from "./types.ts";
import { NotKnown, type Walk } from "./walk.ts";

/** `given`: names of the columns that get a value of the statement's. */
export function noteDefaults(walk: Walk, relation: Relation | null, given: ReadonlySet<string>): void {
  if (relation === null) return;
  for (const column of relation.columns) {
    if (column.generated !== null || !given.has(column.name)) noteDefault(walk, relation, column);
  }
}

/** What an update computes anew. */
export function noteGenerated(walk: Walk, relation: Relation | null): void {
  if (relation === null) return;
  for (const column of relation.columns) if (column.generated !== null) noteDefault(walk, relation, column);
}

export function noteDefault(walk: Walk, relation: Relation, column: Column): void {
  const expression = column.generated ?? column.defaultText;
  // NULL takes its place, which a domain may refuse.
  if (expression === null) return noteConversion(walk, UNKNOWN, column.type);
  const key = `${relation.oid}.${column.attnum}`;
  const facts = walk.memory!.defaults.get(key) ?? expressionFacts(walk, relation, column, expression);
  walk.memory!.defaults.set(key, facts);
  if (facts.understood) noteFacts(walk.found, facts);
  else noteFunction(walk.found, { oid: null, name: "column default not understood", trust: "opaque" });
}

function expressionFacts(walk: Walk, relation: Relation, column: Column, expression: string): Facts {
  const inner = { ...definitionWalk(walk, relation), found: newCollector(false) };
  const scope = newScope(null);
  scope.items.push(rangeItem(relation.name, plainColumns(relation), { relation, aliased: false }));
  try {
    const { lineage } = evaluateText(inner, scope, expression);
    // A generated column is labelled by what it is made of; a default puts its value there.
    if (column.generated === null && lineage.kind !== "clean")
      inner.found.flows.push({ from: lineage, to: refOf(relation, column) });
    return ownFacts(factsOf(inner.found, "SELECT", null) as Understood);
  } catch (error) {
    if (error instanceof NotKnown) return { understood: false, why: error.message, syntax: false };
    throw error;
  }
}

/** Conditions inside a default steer nothing that is returned. */
function ownFacts(facts: Understood): Understood {
  return { ...facts, predicates: [] };
}
