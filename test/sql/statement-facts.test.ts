// What statements change, let flow, and are steered by.
import type { FilterKind } from "../../pkg/sql/facts.ts";
import { changeCases } from "./change-cases.ts";
import { predicateCases } from "./predicate-cases.ts";
import { openShapes, type Shapes, spell, spellSource } from "./shapes.ts";

let shapes: Shapes;
beforeAll(async () => {
  shapes = await openShapes("statement_facts");
});
afterAll(() => shapes.stop());

test("columns that steer the result are told, with the place, and whether by one equality with a constant", () => {
  const found = predicateCases.map(([statement]) => {
    const uses = shapes.understood(statement).predicates.map(({ column, path, where, use }) => {
      const source = spellSource(path === undefined ? column : { ...column, path });
      return `${source} ${where}${use === "equality" ? " equality" : ""}`;
    });
    return [statement, uses.join("; ")];
  });
  expect(found).toEqual(predicateCases);
});

test("every change is told at any depth with its filter, and every flow into something stored or told", () => {
  const found = changeCases.map(([statement]) => {
    const { writes, flows } = shapes.understood(statement);
    const changes = writes.map(({ effect, relation, filter }) => `${effect} ${relation.name} ${filter}`);
    const flowing = flows.map(({ from, to }) => `${spell(from)} -> ${typeof to === "string" ? to : spellSource(to)}`);
    return [statement, changes.join("; "), flowing.join("; ")];
  });
  expect(found).toEqual(changeCases);
});

test("without a catalogue kinds, effects, writes and functions are told, and no lineage", () => {
  const blind = { ...shapes, context: { ...shapes.context, snapshot: null } };
  const { facts } = shapes;
  const statements: readonly (readonly [string, string, FilterKind | null])[] = [
    ["delete from t", "DELETE", "Missing"],
    ["update t set a = 1 where id = 1", "UPDATE", "Other"],
    ["with d as (delete from t returning *) select * from d", "SELECT", "Missing"],
    ["select * from t join u using (id) where f(x) > 1", "SELECT", null],
  ];
  shapes.context = blind.context;
  for (const [statement, kind, filter] of statements) {
    const found = facts(statement);
    if (!found.understood) throw new Error(found.why);
    expect(found.kind).toBe(kind);
    expect(found.writes.map((write) => write.filter)).toEqual(filter === null ? [] : [filter]);
    for (const output of found.outputs ?? []) expect(output.lineage.kind).toBe("unknown");
    expect(found.relations.every((use) => use.oid === 0)).toBe(true);
  }
});
