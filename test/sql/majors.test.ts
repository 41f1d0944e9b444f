// The grammars of the other majors give trees of slightly other shapes; what they mean is the same.
import { analyze } from "../../pkg/sql/analyze.ts";
import { type Grammar, loadGrammar } from "../../pkg/sql/grammar.ts";
import { changeCases } from "./change-cases.ts";
import { lineageCases } from "./lineage-cases.ts";
import { predicateCases } from "./predicate-cases.ts";
import { openShapes, type Shapes } from "./shapes.ts";

let shapes: Shapes;
beforeAll(async () => {
  shapes = await openShapes("majors");
});
afterAll(() => shapes.stop());

const statements = [...Object.values(lineageCases).flat(), ...predicateCases, ...changeCases].map(([text]) => text);

/** Facts as JSON; null where the grammar does not know the statement. */
function factsBy(grammar: Grammar, text: string): unknown {
  const [statement] = analyze(grammar, text, shapes.context).statements;
  const facts = statement!.facts;
  if (!facts.understood) return facts.syntax ? null : facts;
  return facts;
}

// SQL that a major does not have (MERGE, SQL/JSON) or names otherwise (true is a cast in 14), or that means something else there
// (OLD and NEW).
const differs: readonly string[] = ["merge", "json", "old.", "new.", "any_value", "is json", "null, true"];

for (const major of [14, 15, 16, 17]) {
  test(`facts by the grammar of ${major} are those by the grammar of 18`, async () => {
    const grammar = (await loadGrammar(major))!;
    let compared = 0;
    for (const text of statements) {
      const facts = factsBy(grammar, text);
      if (facts === null || differs.some((word) => text.includes(word))) continue;
      expect({ text, facts }).toEqual({ text, facts: factsBy(shapes.grammar, text) });
      compared += 1;
    }
    expect(compared).toBeGreaterThan(400);
  });
}

test("a major without a grammar has none", async () => {
  expect(await loadGrammar(13)).toBeNull();
});
