import fc from "fast-check";
import { boundedClaim, boundedText, CLAIM_MAX, withoutQuoted } from "../../pkg/audit/bounded-text.ts";

test("a claim is kept as it is said, without what a reader cannot see", () => {
  expect(boundedClaim("DBeaver 24.1 - Main")).toBe("DBeaver 24.1 - Main");
  expect(boundedClaim("psql\u0000\u001b[31m\u202e")).toBe("psql[31m");
  expect(boundedClaim("two\r\nlines")).toBe("two lines");
});

test("a token that a client puts into its name is not kept", () => {
  const token =
    "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbmEiLCJhdWQiOiJ3ZWlyIn0xMjM0NTY3ODk.c2lnbmF0dXJlc2lnbmF0dXJlc2lnbmF0dXJlc2lnbmF0dXJl";
  expect(boundedClaim(`app ${token}`)).not.toMatch(/[A-Za-z0-9]{30}/);
});

test("long text is cut visibly", () => {
  expect(boundedText("abcdef", 4)).toBe("abc…");
  expect(boundedText("abcd", 4)).toBe("abcd");
});

test.each([
  ['syntax error at or near "4111111111111111"', "syntax error at or near …"],
  ["unterminated quoted string at or near 'secret", "unterminated quoted string at or near …"],
  ["the statement's kind is not known", "the statement's kind is not known"],
])("the reason %p is recorded as %p when its statement is not proven free of literals", (reason, recorded) => {
  expect(withoutQuoted(reason)).toBe(recorded);
});

test("whatever a client sends is well-formed, visible and bounded", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 400 }), fc.integer({ min: 2, max: 200 }), (text, max) => {
      for (const [result, limit] of [
        [boundedText(text, max), max],
        [boundedClaim(text), CLAIM_MAX],
      ] as const) {
        expect(result.length).toBeLessThanOrEqual(limit);
        expect(result.isWellFormed()).toBe(true);
        expect(result).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      }
    }),
  );
});
