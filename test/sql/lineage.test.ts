// Where each output column comes from, for every construct of the query language, with the server's own RowDescription beside it.
import { describeOnServer } from "./described.ts";
import { lineageCases } from "./lineage-cases.ts";
import { openShapes, type Shapes, spell } from "./shapes.ts";

let shapes: Shapes;
beforeAll(async () => {
  shapes = await openShapes("lineage");
});
afterAll(() => shapes.stop());

function lineageOf(statement: string): string {
  const { outputs } = shapes.understood(statement);
  return outputs === null ? "nothing" : outputs.map((output) => spell(output.lineage)).join(" | ");
}

for (const [topic, cases] of Object.entries(lineageCases)) {
  test(`lineage of ${topic}`, () => {
    const found = cases.map(([statement]) => [statement, lineageOf(statement)]);
    expect(found).toEqual(cases);
  });

  test(`names and origins of ${topic} are those that the server reports`, async () => {
    for (const [statement] of cases) {
      const described = await describeOnServer(shapes.client, statement);
      const predicted = shapes.understood(statement).outputs?.map(({ name, origin }) => ({ name, ...origin })) ?? null;
      const reported = Array.isArray(described)
        ? described.map(({ name, table, column }) => ({ name, table, column }))
        : described;
      expect({ statement, columns: predicted }).toEqual({ statement, columns: reported });
    }
  });
}
