// The shape of a text: the same literals as PostgreSQL's lexical rules find, and nothing else left out but comments.
import fc from "fast-check";
import { tokensOf } from "../../pkg/sql/normal-form/tokens.ts";
import { ShapeReader } from "../../pkg/sql/text-shape.ts";

const reader = new ShapeReader();
const shapeOf = (text: string) => (reader.read(Buffer.from(text), 0) ? reader.found() : null);
const keyOf = (text: string) => shapeOf(text)?.key.slice(2) ?? null;

test.each([
  ["select 1", "select \x02"],
  ["select a+0, a*999999, a - (1000000), ( 0000001 ) /a, 5", "select a+\x02, a*\x06, a - (\x02), ( \x06 ) /a, \x02"],
  ["select -0.0, -12345.6, -123456789012345678.90, 1.5", "select -\x04, -\x07, -\x04, \x04"],
  ["select 'a''b', 1.5 , 5000000000", "select \x01, \x04 , \x03"],
  ['select a1, $1, x$2 from "t\'1"', 'select a1, $1, x$2 from "t\'1"'],
  ["select 1--2\n+3", "select \x06\x05\n+\x06"],
  ["select 1/* 'a /* b */ */-2", "select \x06\x05-\x06"],
  ["/* x */ select 1 /* y */", "/* x */ select \x06 \x05"],
  ["select -2147483648", null],
  ["select 2147483647, 2147483649", "select \x02, \x03"],
  ["select 1e5", null],
  ["select 0x1F", null],
  ["select 1_000", null],
  ["select .5", null],
  ["select 1.", null],
  ["select 1..2", null],
  ["select e'a'", null],
  ["select n'a'", null],
  ["select u&'a'", null],
  ["select $$a$$", null],
  ["select $a$x$a$", null],
  ["select 'a\\'", null],
  ["select 'a", null],
  ['select "a', null],
  ["select /* a", null],
  ["select \x01", null],
  ["select 12345678901234567890", null],
])("%s", (text, key) => {
  expect(keyOf(text)).toBe(key);
});

const soup = fc
  .array(
    fc.constantFrom(
      ..."select a1 x$ $1 'a' '' 'a''b' ' \" \"i\" \"i\"\"j\" 1 23 1.5 . .. 5000000000 - -- /* */ / * \n , ( ) :: e' u&' $$ $t$ @- <-- ; é 'é' \\ E 1e5 & + >=".split(
        " ",
      ),
      " ",
      "\n",
    ),
    { maxLength: 20 },
  )
  .map((parts) => parts.join(""));

test("literals begin where the lexer finds them", () => {
  fc.assert(
    fc.property(soup, (text) => {
      const shape = shapeOf(text);
      const tokens = tokensOf(Buffer.from(text).toString("latin1"));
      if (shape === null) return;
      expect(tokens).not.toBeNull();
      const literals = tokens!.filter(({ kind }) => kind === "string" || kind === "number");
      const starts = [...shape.starts];
      expect(literals.map(({ start }) => start).filter((start) => !starts.includes(start))).toEqual([]);
      // A string that goes on in another line is one token and several here, which no tree then agrees with.
      const inside = (place: number) => literals.some(({ start, end }) => start < place && place < end);
      expect(starts.filter((start) => !literals.some((literal) => literal.start === start) && !inside(start))).toEqual(
        [],
      );
    }),
    { numRuns: 20_000 },
  );
});

test("texts of one shape have the same tokens but for literals", () => {
  const outline = (text: string) =>
    tokensOf(Buffer.from(text).toString("latin1"))?.map(({ kind, start, end }) =>
      kind === "string" || kind === "number" ? kind : Buffer.from(text).toString("latin1", start, end),
    );
  const byKey = new Map<string, string>();
  fc.assert(
    fc.property(soup, (text) => {
      const key = keyOf(text);
      if (key === null) return;
      const other = byKey.get(key) ?? text;
      byKey.set(key, text);
      const [one, two] = [outline(text), outline(other)];
      // Joined strings are the exception above.
      if (JSON.stringify(one) !== JSON.stringify(two)) expect(text + other).toMatch(/'\s*\n\s*'|'.*--.*\n.*'/s);
    }),
    { numRuns: 50_000 },
  );
});
