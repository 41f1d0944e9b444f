// Our scanner against PostgreSQL's own, as libpg-query 18 gives its tokens.
import fc from "fast-check";
import { loadModule, scanSync } from "pg-grammar-18";
import { tokensOf } from "../../pkg/sql/normal-form/tokens.ts";

beforeAll(() => loadModule());

const kinds: Readonly<Record<string, string>> = {
  SCONST: "string",
  ICONST: "number",
  FCONST: "number",
  PARAM: "param",
};
/** Numbers of token types without a name: gram.h of PostgreSQL 18. */
const numbered: Readonly<Record<number, string>> = { 259: "quoted", 262: "string", 263: "string", 264: "string" };

interface Plain {
  readonly kind: string;
  readonly start: number;
  readonly end: number;
}

/** The server's tokens without comments; null where it finds an error. */
function theirs(text: string): readonly Plain[] | null {
  try {
    const { tokens } = scanSync(text);
    return tokens
      .filter(({ tokenName }) => tokenName !== "SQL_COMMENT" && tokenName !== "C_COMMENT")
      .map(({ start, end, text: written, tokenType, tokenName }) => ({
        kind:
          kinds[tokenName] ??
          numbered[tokenType] ??
          (written.startsWith('"') ? "quoted" : /^[A-Za-z_\u0080-\uffff]/.test(written) ? "word" : "symbol"),
        start,
        end,
      }));
  } catch {
    return null;
  }
}

function ours(text: string): readonly Plain[] | null {
  return tokensOf(Buffer.from(text, "utf8").toString("latin1"));
}

test.each([
  "SELECT 'a', E'\\'b', \"c\"\"d\", $$e$$, $f$ $$ $f$, B'01', x'ff', U&'x', u&\"y\", N'z'",
  "1 1.5 .5 5. 1e5 1.5e-3 1..2 1_000 0x1F 0o17 0b11 $1",
  "a=-5 b<>-1 c@-1 d->>'e' f--x\n g/* h */i",
  "a::b c:=d e=>f g..h i[1:2]",
  '$1$2 a$b$c _x é1 "é"',
  "'a'\n'b' 'c'",
  "/* a /* b */ c */ d",
  "+-*/ <= >= != <> || ~~* !~ @> <@ ?| #- ^@",
  "1+2-3 a-1 -1 - 1",
])("%s", (text) => {
  expect(ours(text)).toEqual(theirs(text));
  expect(theirs(text)).not.toBeNull();
});

test("for any text that PostgreSQL can scan, the tokens are the same", () => {
  const scrap = fc.constantFrom(
    "a",
    "SELECT",
    "E",
    "e",
    "U&",
    "x",
    "B",
    "N",
    "'",
    "''",
    "'b'",
    '"',
    '"c"',
    "$",
    "$$",
    "$q$",
    "1",
    "23",
    ".",
    "..",
    "e5",
    "E-2",
    "_",
    "0x",
    "f",
    "$1",
    "\\",
    "é",
    "日本",
    " ",
    "\n",
    "\t",
    "--",
    "/*",
    "*/",
    "+",
    "-",
    "*",
    "/",
    "<",
    ">",
    "=",
    "~",
    "!",
    "@",
    "#",
    "%",
    "^",
    "&",
    "|",
    "`",
    "?",
    ":",
    "::",
    ":=",
    ";",
    ",",
    "(",
    ")",
    "[",
    "]",
    "-- c\n",
    "/* d */",
  );
  let compared = 0;
  fc.assert(
    fc.property(fc.array(scrap, { maxLength: 14 }), (parts) => {
      const text = parts.join("");
      const expected = theirs(text);
      // libpg-query's scanner does not continue a string over a line comment, and tells UESCAPE apart; PostgreSQL's does.
      if (expected === null || /'[^']*--[^\n]*\n\s*'/.test(text)) return;
      compared += 1;
      expect(ours(text)).toEqual(expected);
    }),
    { numRuns: 20_000 },
  );
  expect(compared).toBeGreaterThan(3000);
});
