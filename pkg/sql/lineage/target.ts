// What a data-changing statement changes: its relation, the columns assigned, and what flows into them (rule R8).
import type { Column, Relation } from "../../catalog/snapshot.ts";
import type { EffectKind, FilterKind, Lineage, Source } from "../facts.ts";
import { type Node, text } from "../node.ts";
import { noteConversion } from "./calls.ts";
import { type Change, cascadesOf } from "./cascade.ts";
import { noteFailure, noteRelation } from "./collector.ts";
import { evaluate } from "./expression.ts";
import { relationItem } from "./from.ts";
import type { Given } from "./given.ts";
import { both, deriveAll, sourcesOf } from "./label.ts";
import { useOf, useOfName } from "./relation.ts";
import { refOf, shapeOf } from "./relation-shape.ts";
import type { RangeItem, Scope } from "./scope.ts";
import { NUMERIC } from "./types.ts";
import type { Value } from "./value.ts";
import { NotKnown, type Walk } from "./walk.ts";

export interface Target {
  readonly node: Node;
  readonly item: RangeItem;
  /** null without a catalogue. */
  readonly relation: Relation | null;
}

export function targetOf(walk: Walk, node: Node): Target {
  const item = relationItem(walk, node, true);
  if (item.relation?.hasRules === true) throw new NotKnown("rules rewrite changes of this relation");
  return { node, item, relation: item.relation };
}

/**
 * Notes one change, and those that follow from it by foreign keys; through a simple view it goes to the table below as well.
 * `assigned`: of an Update the names of its columns, undefined when they may be any.
 */
export function noteWrite(
  walk: Walk,
  target: Target,
  effect: "Insert" | "Update" | "Delete",
  filter: FilterKind,
  assigned?: readonly Node[],
): void {
  const access: readonly EffectKind[] = [effect];
  if (target.relation === null) {
    const use = useOfName(target.node, access);
    noteRelation(walk.found, use);
    walk.found.writes.push({ effect, relation: use, filter });
    return;
  }
  for (const relation of [target.relation, ...basesOf(walk, target.relation)]) {
    const use = useOf(relation, access);
    noteRelation(walk.found, use);
    walk.found.writes.push({ effect, relation: use, filter });
    if (effect !== "Insert") noteCascades(walk, { effect, relation, columns: attnumsOf(target, relation, assigned) });
  }
}

/** Nothing names the rows that a cascade changes. */
function noteCascades(walk: Walk, change: Change): void {
  for (const { effect, relation } of cascadesOf(walk.catalog!, change)) {
    const use = useOf(relation, [effect]);
    noteRelation(walk.found, use);
    walk.found.writes.push({ effect, relation: use, filter: "Other" });
  }
}

/** Columns of the target itself; of a table under a view it is not followed which they are. */
function attnumsOf(
  target: Target,
  relation: Relation,
  assigned: readonly Node[] | undefined,
): readonly number[] | null {
  if (assigned === undefined || relation !== target.relation) return null;
  const names = new Set(assigned.map(({ ResTarget }) => ResTarget.name));
  return relation.columns.filter(({ name }) => names.has(name)).map(({ attnum }) => attnum);
}

/** The relations that changes of a simple view go to, one under the other. */
export function basesOf(walk: Walk, relation: Relation): Relation[] {
  const base = relation.kind === "v" ? shapeOf(walk, relation).base : null;
  return base === null ? [] : [base, ...basesOf(walk, base)];
}

/** A column of the target by name. */
export function targetColumn(target: Target, name: string): Column {
  const column = target.relation?.columns.find((candidate) => candidate.name === name);
  if (column === undefined) throw new NotKnown("column to be assigned not found");
  return column;
}

/** Notes what flows into a column; of a view, into the columns that it shows as well. */
export function noteAssignment(walk: Walk, target: Target, name: string, value: Given): void {
  const from = value.lineage;
  if (target.relation === null) {
    walk.found.flows.push({ from, to: "relation not known" });
    return;
  }
  const column = targetColumn(target, name);
  for (const type of value.types) noteConversion(walk, type, column.type);
  if (!fits(value, column)) noteFailure(walk, from);
  walk.found.flows.push({ from, to: refOf(target.relation, column) });
  if (target.relation.kind !== "v") return;
  const shown = shapeOf(walk, target.relation).columns.find((candidate) => candidate.name === name);
  for (const source of sourcesOf(shown!.lineage) ?? []) {
    if (source.relation !== target.relation.oid) walk.found.flows.push({ from, to: withoutPath(source) });
  }
}

/** A derived text may be too long for the column. Whether a number fits is one bit a write, as with any check (decision 8). */
function fits({ lineage }: Given, column: Column): boolean {
  return lineage.kind !== "derived" || column.typmod === -1 || column.type === NUMERIC;
}

function withoutPath({ path: _, ...column }: Source) {
  return column;
}

/** What is assigned to a part of a column: the part's own type is not followed. */
export function partOf(walk: Walk, scope: Scope, value: Given, steps: readonly Node[]): Given {
  return steps.length === 0 ? value : { lineage: both(value.lineage, indirectionLabel(walk, scope, steps)), types: [] };
}

/** Labels of the subscripts in `SET column[i].field = ...`: they decide where the value goes. */
function indirectionLabel(walk: Walk, scope: Scope, steps: readonly Node[]): Lineage {
  const labels: Lineage[] = [];
  for (const step of steps) {
    if (text(step) !== null) continue;
    if (step.A_Indices === undefined) throw new NotKnown("assignment to a part of an unknown kind");
    const { lidx, uidx } = step.A_Indices;
    for (const bound of [lidx, uidx]) if (bound !== undefined) labels.push(evaluate(walk, scope, bound).lineage);
  }
  return deriveAll(labels);
}

/** The table whose keys count: under a simple view, the one that it shows. */
function keyedRelation(walk: Walk, relation: Relation): Relation {
  return basesOf(walk, relation).at(-1) ?? relation;
}

/** The column of a table that a value is a plain copy of. */
function attnumIn(relation: Relation, { lineage }: Value): number | undefined {
  const isOwn = lineage.kind === "copy" && lineage.path === undefined && lineage.column.relation === relation.oid;
  return isOwn ? lineage.column.attnum : undefined;
}

/** `Key` when every column of one unique key of the target is held equal to a constant. */
export function filterOf(walk: Walk, target: Target, hasCondition: boolean, equal: readonly Value[]): FilterKind {
  if (!hasCondition) return "Missing";
  const { relation, item, node } = target;
  if (relation === null) return "Other";
  const keyed = keyedRelation(walk, relation);
  // A unique key of a parent says nothing of the rows of its children; of a partitioned table it does.
  const withChildren = keyed.kind !== "p" && (node.inh === true || keyed !== relation);
  if (withChildren && walk.catalog!.children(keyed.oid).length > 0) return "Other";
  const own = equal.filter((value) => value.item === item);
  const held = new Set(own.map((value) => attnumIn(keyed, value)));
  return keyed.uniqueKeys.some((key) => key.length > 0 && key.every((attnum) => held.has(attnum))) ? "Key" : "Other";
}
