// The grammar against hostile texts: bounded, never broken by one, and it says why it has no tree.
import fc from "fast-check";
import { type Grammar, loadGrammar } from "../../pkg/sql/grammar.ts";

let grammar: Grammar;
beforeAll(async () => {
  grammar = (await loadGrammar(18))!;
});

function why(text: string): string | null {
  const parsed = grammar.parse(text);
  return parsed.ok ? null : `${parsed.why}${parsed.syntax ? " (syntax)" : ""}`;
}

test("texts that are no SQL are told apart from texts that are too much", () => {
  expect(why("select 1")).toBeNull();
  expect(why("")).toBeNull();
  expect(why(" -- nothing")).toBeNull();
  expect(why("select from where")).toBe("PostgreSQL's grammar does not accept the text (syntax)");
  expect(why(`select '${"x".repeat(4 * 1024 * 1024)}'`)).toBe("text longer than 4 MiB");
  const many = "text longer than 256 KiB and of more than 131072 words and signs";
  expect(why(`select 1${" + 1".repeat(100_000)}`)).toBe(many);
  expect(why(`select 1 -- '\n${", 1  ".repeat(100_000)}, '`)).toBe(many);
  expect(why(`select '${"x".repeat(2 * 1024 * 1024)}', E'\\'${"y".repeat(300_000)}'`)).toBeNull();
  expect(why(`select 1 where 1 in (1${", 123456".repeat(50_000)})`)).toBeNull();
  expect(why("select 1\0; drop table t")).toBe("text holds a zero byte");
});

/** Columns of the text, once an instance to parse it with is there again: a spare is being made meanwhile. */
async function eventuallyParsed(text: string): Promise<number> {
  for (;;) {
    const parsed = grammar.parse(text);
    if (parsed.ok) return parsed.statements[0].stmt.SelectStmt.targetList.length;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test("nesting that overflows the parser's stack does no harm: the next text parses as ever", async () => {
  const hostile = [
    `select ${"not ".repeat(20_000)}true`,
    `select 1${"+1".repeat(60_000)}`,
    `select ${"(select ".repeat(1_500)}1${")".repeat(1_500)}`,
  ];
  for (let round = 0; round < 4; round++) {
    for (const text of hostile) {
      why(text);
      expect(await eventuallyParsed("select 1, 2")).toBe(2);
    }
  }
});

test("never throws, whatever the text", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => {
      grammar.parse(text);
    }),
    { numRuns: 500 },
  );
});

test("whoever ends instances keeps no text of ordinary length from being understood", async () => {
  const ending = (n: number) => `select 1${" + 1".repeat(10_000 + n)}`;
  for (let n = 0; n < 3; n++) grammar.parse(ending(n));
  expect(why(ending(9))).toBe("the parser is being restarted");
  expect(why(`select ${"a, ".repeat(1_300)}a from t`)).toBeNull();
  expect(await eventuallyParsed(`select ${"a, ".repeat(2_000)}a from t`)).toBe(2_001);
});

test("no text that the last instance is kept for can end it", async () => {
  const units = [
    "+1",
    "||a",
    "::a",
    " and 1",
    "[1]",
    "is null",
    " union select 1",
    ",1",
    " collate b",
    "->a",
    " or not 1",
  ];
  for (const unit of units)
    expect([unit, why(`select 1${unit.repeat(4_096 / unit.length)}`)]).not.toEqual([
      unit,
      expect.stringMatching(/nested|restarted/),
    ]);
  expect(why("select 1")).toBeNull();
});
