// The same statement with other literals: each plain literal of a text replaced by another of its kind, and comments by others.
import fc from "fast-check";
import { tokensOf } from "../../pkg/sql/normal-form/tokens.ts";

const strings = fc.oneof(
  fc.constantFrom(
    "''",
    "'a'",
    "'id'",
    "'email'",
    "'1'",
    "'on'",
    "'public.customers'",
    "'search_path'",
    "'{}'",
    "'it''s'",
    "'-- x'",
  ),
  fc
    .string({ unit: fc.constantFrom("a", "7", " ", "$", "{", ".", "ü", "/*", ";", '"'), maxLength: 12 })
    .map((text) => `'${text}'`),
);
const int4 = fc.oneof(fc.nat({ max: 12 }), fc.nat({ max: 2_147_483_647 })).map(String);
const int8 = fc.bigInt({ min: 2_147_483_649n, max: 999_999_999_999_999_999n }).map(String);
const numeric = fc.tuple(fc.nat(), fc.nat()).map(([whole, part]) => `${whole}.${part}`);

function another(literal: string): fc.Arbitrary<string> {
  if (literal.startsWith("'") && !literal.includes("\\")) return strings;
  if (/^\d+\.\d+$/.test(literal)) return numeric;
  if (!/^\d+$/.test(literal) || literal.length > 18 || literal === "2147483648") return fc.constant(literal);
  return Number(literal) < 2_147_483_648 ? int4 : int8;
}

/** Texts of the same shape as `text`, as far as it has one. */
export function otherLiterals(text: string): fc.Arbitrary<string> {
  const bytes = Buffer.from(text).toString("latin1");
  const tokens = tokensOf(bytes) ?? [];
  const pieces: fc.Arbitrary<string>[] = [];
  let at = 0;
  for (const { kind, start, end } of tokens) {
    const written = bytes.slice(start, end);
    pieces.push(fc.constant(bytes.slice(at, start)));
    pieces.push(kind === "string" || kind === "number" ? another(written) : fc.constant(written));
    at = end;
  }
  pieces.push(fc.constant(bytes.slice(at)));
  return fc
    .tuple(...pieces)
    .map((parts) =>
      Buffer.concat(parts.map((part) => Buffer.from(part, part.includes("ü") ? "utf8" : "latin1"))).toString(),
    );
}
